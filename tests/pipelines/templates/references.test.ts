import { expect, test } from "bun:test";
import { didYouMean } from "../../../src/lib/suggest";
import { parseExpression } from "../../../src/pipelines/templates/expression";
import { findReferenceFault } from "../../../src/pipelines/templates/references";

const around = {
  nodeId: "here",
  known: new Set(["in", "summary", "here", "later", "inner", "around"]),
  upstream: new Set(["in", "summary"]),
  hidden: new Map([
    ["inner", "loop"],
    ["around", "around"],
  ]),
  successors: new Set<string>(),
  isInLoop: false,
  hint: didYouMean,
};

const faultOf = (text: string) => {
  const parsed = parseExpression(text);
  if (!parsed.ok) throw new Error(parsed.fault.message);
  return findReferenceFault(around, parsed.reference);
};

test.each(["input.x", "nodes.summary.output", "nodes.in.output", "trigger.type", "execution.id"])(
  "%s can be read",
  (text) => {
    expect(faultOf(text)).toBeNull();
  },
);

test.each([
  ["nodes.here.output", "NODE_SELF", "its own output"],
  ["nodes.later.output", "NODE_NOT_UPSTREAM", '"later"'],
  ["nodes.sumary.output", "NODE_UNKNOWN", 'Did you mean "summary"?'],
  ["nodes.zzzzzz.output", "NODE_UNKNOWN", "Name a node of this pipeline."],
  ["nodes.inner.output", "NODE_INSIDE", "read nodes.loop.output instead"],
  ["nodes.around.output", "NODE_NOT_UPSTREAM", "read a node inside it"],
  ["loop.item", "LOOP_OUTSIDE", "only inside a loop"],
])("%s is refused with %s", (text, code, part) => {
  const fault = faultOf(text);
  expect<string | undefined>(fault?.code).toBe(code);
  expect(fault?.message).toContain(part);
});
