import { describe, expect, test } from "bun:test";
import { compile, condition, listCodes, llm, pipelineOf, validate } from "../fixtures";

/** `in → if`, the given edges, and `a`, `b` before `out`. */
const forked = (...edges: string[]) =>
  pipelineOf({
    nodes: [condition("if", "input"), llm("a"), llm("b")],
    edges: ["in>if", "in>a", "in>b", "a>out", "b>out", ...edges],
  });

const CASES: [string[], string[]][] = [
  [["if>a:true", "if>b:false"], []],
  [["if>a:yes", "if>b:no"], []],
  [["if>a:true", "if>b:no"], []],
  [["if>a:true", "if>a:false"], []],
  [["if>a:true", "if>b:true", "if>out:false"], []],
  [
    ["if>a", "if>b"],
    ["HANDLE_MISSING if-a.sourceHandle", "HANDLE_MISSING if-b.sourceHandle"],
  ],
  [
    ["if>a:true", "if>b"],
    ["HANDLE_MISSING if-b.sourceHandle", "HANDLE_MISSING if"],
  ],
  [["if>a:true"], ["HANDLE_MISSING if"]],
  [["if>a:no"], ["HANDLE_MISSING if"]],
  [
    ["if>a:True", "if>b:false"],
    ["HANDLE_UNKNOWN if-a-True.sourceHandle", "HANDLE_MISSING if"],
  ],
  [
    ["if>a:true", "if>b:false", "if>out:constructor"],
    ["HANDLE_UNKNOWN if-out-constructor.sourceHandle"],
  ],
];

describe("the edges of a condition", () => {
  test.each(CASES)("%p have the faults %p", (edges, expected) => {
    const found = listCodes(forked(...edges));
    const missing = edges.some((one) => !one.includes(":"));
    expect(found.filter((code) => expected.includes(code))).toEqual(expected);
    if (!missing) expect(found).toEqual(expected);
  });

  test("are told which handle they lack, and which there are", () => {
    const { faults } = validate(forked("if>a", "if>b:flase"));
    expect(faults.map((fault) => fault.message)).toEqual([
      "An edge from a condition names one of its handles: true, false.",
      '"flase" is not a handle of this node. Did you mean "false"?',
      "No edge leaves the condition by its handle true; connect it.",
      "No edge leaves the condition by its handle false; connect it.",
    ]);
  });

  test("are compiled to true and false, whatever they were called", () => {
    const { nodes } = compile(forked("if>a:yes", "if>b:no"));
    const handles = nodes.find((one) => one.id === "if")?.outgoing.map((one) => one.handle);
    expect(handles).toEqual(["true", "false"]);
  });
});

test("a node of another type has no handles, and needs none", () => {
  expect(listCodes(pipelineOf({ edges: ["in>out:yes"] }))).toEqual([
    "HANDLE_UNKNOWN in-out-yes.sourceHandle",
  ]);
  const { faults } = validate(pipelineOf({ edges: ["in>out:yes"] }));
  expect(faults[0]?.message).toContain("have none; remove it");
});
