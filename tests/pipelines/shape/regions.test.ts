import { expect, test } from "bun:test";
import type { CompiledRegion } from "../../../src/pipelines/program";
import {
  compile,
  listCodes,
  llm,
  loop,
  merge,
  parallel,
  pipelineOf,
  transform,
  validate,
} from "../fixtures";

const step = (id: string) => transform(id, "return 1");

/** Nodes of a region in order, each with those of its own regions: `in l(a b) out`. */
const draw = ({ nodes }: CompiledRegion): string =>
  nodes
    .map(({ id, regions }) => [id, ...regions.map((region) => `(${draw(region)})`)].join(""))
    .join(" ");

const drawn = (nodes: Parameters<typeof pipelineOf>[0]["nodes"], edges: string[]): string =>
  draw(compile(pipelineOf({ nodes: nodes ?? [], edges })));

const codes = (nodes: Parameters<typeof pipelineOf>[0]["nodes"], edges: string[]): string[] =>
  listCodes(pipelineOf({ nodes: nodes ?? [], edges }));

const each = loop("l", "{{input}}");

test.each([
  ["a body by its handle", ["in>l", "l>a:body", "a>b", "l>c:done", "c>out"], "in l(a b) c out"],
  ["a body without a handle", ["in>l", "l>a", "a>b", "b>out", "l>c:done"], "in l(a b) c out"],
  ["two ways inside", ["in>l", "l>a:body", "l>b:body", "l>c:done", "c>out"], "in l(a b) c out"],
])("a loop owns what hangs on its body: %s", (_, edges, drawing) => {
  expect(drawn([each, step("a"), step("b"), step("c")], edges)).toBe(drawing);
});

test("a merge of sources inside is inside; one with others is after the loop", () => {
  const nodes = [each, step("a"), step("b"), merge("m", ["a", "b"])];
  const inside = ["in>l", "l>a", "l>b", "a>m", "b>m", "m>out"];
  expect(drawn(nodes, inside)).toBe("in l(a b m) out");
  const outside = [each, step("a"), step("b"), merge("m", ["l", "b"])];
  expect(drawn(outside, ["in>l", "l>a", "in>b", "a>m", "b>m", "m>out"])).toBe("in l(a) b m out");
});

test("a parallel owns each branch up to what all of them reach", () => {
  const nodes = [parallel("p", ["a", "b"]), step("a"), step("b"), step("b2"), step("j")];
  const edges = ["in>p", "p>a", "p>b", "b>b2", "a>j", "b2>j", "j>out"];
  expect(drawn(nodes, edges)).toBe("in p(a)(b b2) j out");
});

test("a branch that leads nowhere belongs to the parallel as well", () => {
  const nodes = [parallel("p", ["a", "b"]), step("a"), step("b"), step("b2")];
  expect(drawn(nodes, ["in>p", "p>a", "p>b", "b>b2", "a>out"])).toBe("in p(a)(b b2) out");
});

test("regions nest in either order", () => {
  const nodes = [each, parallel("p", ["a", "b"]), step("a"), step("b"), step("j")];
  const edges = ["in>l", "l>p:body", "p>a", "p>b", "a>j", "b>j", "j>out"];
  expect(drawn(nodes, edges)).toBe("in l(p(a)(b) j) out");
  const other = [parallel("p", ["l", "b"]), each, step("a"), step("b"), step("j")];
  const back = ["in>p", "p>l", "p>b", "l>a:body", "l>j:done", "b>j", "j>out"];
  expect(drawn(other, back)).toBe("in p(l(a))(b) j out");
  const inner = loop("k", "{{loop.item}}");
  const loops = ["in>l", "l>k:body", "k>a:body", "a>out"];
  expect(drawn([each, inner, step("a")], loops)).toBe("in l(k(a)) out");
});

test("what runs inside a loop is read from outside by the loop's output only", () => {
  const nodes = [each, step("a"), llm("b", { userPromptTemplate: "{{nodes.a.output}}" })];
  const { faults } = validate(
    pipelineOf({ nodes, edges: ["in>l", "l>a:body", "l>b:done", "b>out"] }),
  );
  expect(faults).toMatchObject([{ nodeId: "b", code: "NODE_NOT_UPSTREAM" }]);
  const merged = [each, step("a"), step("x"), merge("m", ["a", "x"])];
  const read = validate(
    pipelineOf({ nodes: merged, edges: ["in>l", "in>x", "l>a", "a>m", "x>m", "m>out"] }),
  );
  expect(read.faults).toEqual([
    {
      nodeId: "m",
      field: "sources",
      code: "NODE_INSIDE",
      message: 'Node "a" runs inside "l"; read nodes.l.output instead.',
    },
  ]);
});

test("inside, what was before the loop can be read, and the loop's own output cannot", () => {
  const before = [each, step("x"), llm("a", { userPromptTemplate: "{{nodes.x.output}}" })];
  expect(codes(before, ["in>x", "x>l", "l>a", "l>out:done"])).toEqual([]);
  const own = [each, llm("a", { userPromptTemplate: "{{nodes.l.output}}" })];
  expect(codes(own, ["in>l", "l>a", "l>out:done"])).toEqual([
    "NODE_NOT_UPSTREAM a.userPromptTemplate",
  ]);
});

test("loop is read in its body, also inside a parallel there, and nowhere after", () => {
  const item = (id: string) => llm(id, { userPromptTemplate: "{{loop.item}}" });
  const nodes = [each, parallel("p", ["a", "b"]), item("a"), item("b"), item("c")];
  const edges = ["in>l", "l>p:body", "p>a", "p>b", "l>c:done", "c>out"];
  expect(codes(nodes, edges)).toEqual(["LOOP_OUTSIDE c.userPromptTemplate"]);
});

test.each([
  ["into a loop's body", ["in>l", "l>a:body", "in>b", "b>a", "l>out:done"], "REGION_ENTERED b-a"],
  ["out of a body", ["in>l", "l>a:body", "l>b:done", "a>b", "b>out"], "REGION_LEFT a-b"],
  ["nothing inside", ["in>l", "in>a", "a>b", "l>b:done", "b>out"], "REGION_EMPTY l"],
  ["only what is done", ["in>l", "in>b", "l>a:body", "l>a:done", "a>out"], "REGION_EMPTY l"],
])("an edge %s is refused", (_, edges, code) => {
  expect(codes([each, step("a"), step("b")], edges)).toEqual([code]);
});

test("branches that meet before all of them do are refused", () => {
  const nodes = [
    parallel("p", ["a", "b", "c"]),
    ...["a", "b", "c", "ab", "j"].map((id) => step(id)),
  ];
  const edges = ["in>p", "p>a", "p>b", "p>c", "a>ab", "b>ab", "ab>j", "c>j", "j>out"];
  expect(codes(nodes, edges)).toEqual(["REGION_ENTERED b-ab"]);
});

test("a branch that leads to another one has nothing of its own", () => {
  const nodes = [parallel("p", ["a", "b"]), step("a"), step("b")];
  expect(codes(nodes, ["in>p", "p>a", "p>b", "a>b", "b>out"])).toEqual(["REGION_EMPTY p"]);
});

test("where edges run in a circle only that is told, not what it makes of regions", () => {
  const item = llm("a", { userPromptTemplate: "{{loop.item}}" });
  expect(codes([each, item, step("b")], ["in>l", "l>a", "a>b", "b>a", "l>out:done"])).toEqual([
    "CYCLE a",
  ]);
});
