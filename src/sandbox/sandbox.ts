// The sandbox as the server uses it: runs users' JavaScript and checks schemas in children, and says
// how that ended. Leaves the children to `children.ts`.

import type { ErrorCode, ErrorDetail } from "../errors";
import type { Json } from "../lib/json-value";
import type { ChildrenDeps } from "./children";
import { Children } from "./children";
import type { CodeAnswer, CodeCall, RunCode } from "./code";
import { CodeError } from "./code";
import type { FailureKind } from "./messages";
import { MAX_VALUES_BYTES, toRequest } from "./messages";
import type { TaskEnd } from "./run";
import type { CheckSchema, SchemaCall } from "./schema-check";
import { readDetails } from "./schema-check";

export interface Sandbox {
  runCode: RunCode;
  checkSchema: CheckSchema;
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

async function checkIn(children: Children, call: SchemaCall): Promise<ErrorDetail[]> {
  const { agent, schema, value, deadlineMs } = call;
  const frames = toRequest({ task: "schema", schema }, encodeValues([value]));
  const { end } = await children.run({ agent, frames, deadlineMs, signal: null });
  const details = end.kind === "value" ? readDetails(end.value) : null;
  if (details === null) throw new CodeError("SANDBOX_UNAVAILABLE");
  return details;
}

/** A sandbox without children: they are started on first use. */
export function createSandbox(deps: ChildrenDeps): Sandbox {
  const children = new Children(deps);
  return {
    runCode: (call) => runIn(children, call),
    checkSchema: (call) => checkIn(children, call),
    size: () => children.size,
    stop: () => children.stop(),
  };
}
