// Which expressions read what a delivery brought.

import { describe, expect, test } from "bun:test";
import type { Json } from "../../../src/lib/json-value";
import type { Edge, Node } from "../../../src/pipelines/pipelines.schema";
import { compile, edge, llm, loop, node, parallel, transform } from "../fixtures";

const readsOf = (nodes: Node[], edges: Edge[]) =>
  Object.fromEntries(compile({ nodes, edges }).untrustedReads);

const input = node({ id: "in", type: "input" });
const output = (mapping: Json) => node({ id: "out", type: "output", data: { mapping } });

describe("expressions that read what came from outside", () => {
  test("are those of the input, the trigger, and nodes that read them; each once", () => {
    const found = readsOf(
      [
        input,
        llm("a", { userPromptTemplate: '{{input.issue["odd key"]}} {{input.n}} {{input.n}}' }),
        llm("b", { userPromptTemplate: "Say hello, {{execution.id}}." }),
        transform("c", "return nodes.a.output + nodes.b.output + trigger.event;"),
        output({ c: "{{nodes.c.output[0]}}", b: "{{nodes.b.output}}" }),
      ],
      [edge("in>a"), edge("in>b"), edge("a>c"), edge("b>c"), edge("c>out")],
    );
    expect(found).toEqual({
      in: [],
      a: ['input.issue["odd key"]', "input.n"],
      b: [],
      c: ["nodes.a.output", "trigger"],
      out: ["nodes.c.output.0"],
    });
  });

  test("of a loop reach the items, and what follows it", () => {
    const found = readsOf(
      [
        input,
        loop("each", "{{input.items}}"),
        llm("body", { userPromptTemplate: "{{loop.item.name}}" }),
        output("{{nodes.each.output}}"),
      ],
      [edge("in>each"), edge("each>body:body"), edge("each>out:done")],
    );
    expect(found).toEqual({
      in: [],
      each: ["input.items"],
      body: ["loop.item.name"],
      out: ["nodes.each.output"],
    });
  });

  test("inside a branch make what the parallel gives one of them", () => {
    const found = readsOf(
      [
        input,
        parallel("both", ["a", "b"]),
        llm("a", { userPromptTemplate: "{{trigger.headers.x}}" }),
        llm("b", { userPromptTemplate: "Hello." }),
        output("{{nodes.both.output}}"),
      ],
      [edge("in>both"), edge("both>a"), edge("both>b"), edge("a>out"), edge("b>out")],
    );
    expect(found).toEqual({
      in: [],
      both: [],
      a: ["trigger.headers.x"],
      b: [],
      out: ["nodes.both.output"],
    });
  });

  test("of a merge are all its sources, however many", () => {
    const ids = Array.from({ length: 25 }, (_, index) => `s${index}`);
    const prompt = (id: string) => (id === "s24" ? "{{input.text}}" : "Hello.");
    const found = readsOf(
      [
        input,
        ...ids.map((id) => llm(id, { userPromptTemplate: prompt(id) })),
        node({ id: "m", type: "merge", data: { sources: ids, strategy: "concat" } }),
        output("{{nodes.m.output}}"),
      ],
      [...ids.flatMap((id) => [edge(`in>${id}`), edge(`${id}>m`)]), edge("m>out")],
    );
    expect(found).toMatchObject({ s0: [], m: ["nodes.s24.output"], out: ["nodes.m.output"] });
  });

  test("are found in whatever order the nodes are listed, and from the outermost loop", () => {
    const found = readsOf(
      [
        output("{{nodes.outer.output}}"),
        llm("body", { userPromptTemplate: "{{loop.item}}" }),
        loop("inner", "{{nodes.words.output}}"),
        transform("words", "return ['a', 'b'];"),
        loop("outer", "{{input.items}}"),
        input,
      ],
      [
        edge("in>outer"),
        edge("outer>words:body"),
        edge("words>inner"),
        edge("inner>body:body"),
        edge("outer>out:done"),
      ],
    );
    expect(found).toMatchObject({ outer: ["input.items"], body: ["loop.item"], words: [] });
    expect(found["out"]).toEqual(["nodes.outer.output"]);
  });

  test("are none where nothing is read", () => {
    const found = readsOf(
      [input, llm("a", { userPromptTemplate: "Hello." }), output("{{nodes.a.output}}")],
      [edge("in>a"), edge("a>out")],
    );
    expect(found).toEqual({ in: [], a: [], out: [] });
  });
});
