// The sandbox as the server uses it: runs users' JavaScript in children, and says how it ended.
// Leaves the children to `children.ts`, and what the code may name to the pipelines.

import type { ErrorCode } from "../errors";
import type { Json } from "../lib/json-value";
import type { ChildrenDeps } from "./children";
import { Children } from "./children";
import type { CodeAnswer, CodeCall, RunCode } from "./code";
import { CodeError } from "./code";
import type { FailureKind } from "./messages";
import { MAX_VALUES_BYTES, toRequest } from "./messages";
import type { TaskEnd } from "./run";

export interface Sandbox {
  runCode: RunCode;
  /** Children that live. */
  size(): number;
  /** Kills all children; later runs are refused with SANDBOX_UNAVAILABLE. */
  stop(): void;
}

const PROMISE =
  "The code returned a promise: await and promises are not available, return the value itself.";

const FAILURES: Record<FailureKind, { code: ErrorCode; message?: string }> = {
  failed: { code: "CODE_FAILED" },
  memory: { code: "CODE_OUT_OF_MEMORY" },
  invalid: { code: "CODE_RESULT_INVALID" },
  deep: { code: "CODE_RESULT_INVALID" },
  promise: { code: "CODE_RESULT_INVALID", message: PROMISE },
  large: { code: "OUTPUT_TOO_LARGE" },
};

/** A JSON array of the values; throws CODE_VALUES_TOO_LARGE as soon as they are. */
function encodeValues(values: Json[]): string {
  const texts: string[] = [];
  let bytes = 0;
  for (const value of values) {
    const text = JSON.stringify(value);
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > MAX_VALUES_BYTES) throw new CodeError("CODE_VALUES_TOO_LARGE");
    texts.push(text);
  }
  return `[${texts.join()}]`;
}

function toAnswer({ end, logs }: TaskEnd): CodeAnswer {
  if (end.kind === "value") return { value: end.value, logs };
  const { code, ...message } = FAILURES[end.why];
  throw new CodeError(code, { ...message, logs: end.line === null ? logs : [...logs, end.line] });
}

async function runIn(children: Children, call: CodeCall): Promise<CodeAnswer> {
  const { agent, body, bindings, deadlineMs, signal } = call;
  const names = Object.keys(bindings);
  const frames = toRequest({ task: "code", body, names }, encodeValues(Object.values(bindings)));
  return toAnswer(await children.run({ agent, frames, deadlineMs, signal }));
}

/** A sandbox without children: they are started on first use. */
export function createSandbox(deps: ChildrenDeps): Sandbox {
  const children = new Children(deps);
  return {
    runCode: (call) => runIn(children, call),
    size: () => children.size,
    stop: () => children.stop(),
  };
}
