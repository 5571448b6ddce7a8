// Runs compiled code in the test's own process: tests write it, so no sandbox is needed.

import type { Json } from "../../src/lib/json-value";
import { type CodeCall, CodeError, type RunCode } from "../../src/sandbox/code";

/** The value of a function body as it is, before it becomes JSON. */
export function evaluateBody({ body, bindings }: Pick<CodeCall, "body" | "bindings">): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval
  const run = new Function(...Object.keys(bindings), `"use strict";\n${body}`);
  return run(...Object.values(structuredClone(bindings)));
}

const toJson = (value: unknown): Json => JSON.parse(JSON.stringify(value) ?? "null");

/** Answers as the sandbox does, at once; a thrown error is the last line of the logs. */
export const evaluateCode: RunCode = async (call) => {
  try {
    return { value: toJson(evaluateBody(call)), logs: [] };
  } catch (error) {
    throw new CodeError("CODE_FAILED", { logs: [String(error)] });
  }
};
