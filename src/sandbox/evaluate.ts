// One run of a function body in an instance of QuickJS. The instance is of no use afterwards: it is
// dropped and never disposed of, as deep values abort the engine there.

import { nestsDeeperThan } from "../lib/json";
import type { Instance } from "./engine";
import { isFull } from "./engine";
import type { FailureKind } from "./messages";
import { FAILURES, MAX_RESULT_BYTES, MAX_RESULT_DEPTH } from "./messages";

/** A function body with its parameters; `values` is a JSON array of the arguments. */
export interface Evaluation {
  body: string;
  names: string[];
  values: string;
}

export type Evaluated =
  { ok: true; json: string } | { ok: false; why: FailureKind; line: string | null };

/** Longest line about what was thrown. */
const MAX_LINE_CHARS = 2_000;

const failure = (why: FailureKind, line: string | null = null): Evaluated => ({
  ok: false,
  why,
  line: line === null || line === "" ? null : line.slice(0, MAX_LINE_CHARS),
});

/** Runs the body; the text is what `prelude.js` says of the end. */
function interpret(instance: Instance, data: Evaluation): string {
  const { context, run, describe } = instance;
  // The body starts on the second line: where the engine knows no line it tells the function's own.
  const source = `(function (${data.names.join()}) {\n${data.body}\n})`;
  const made = context.evalCode(source, "code", { type: "global", strict: true });
  const end =
    made.error === undefined
      ? context.callFunction(run, context.undefined, made.value, context.newString(data.values))
      : context.callFunction(describe, context.undefined, made.error);
  return context.getString(context.unwrapResult(end));
}

function judgeValue(json: string): Evaluated {
  const bytes = Buffer.from(json);
  if (bytes.length > MAX_RESULT_BYTES) return failure("large");
  return nestsDeeperThan(bytes, MAX_RESULT_DEPTH) ? failure("deep") : { ok: true, json };
}

function judge(instance: Instance, text: string): Evaluated {
  const colon = text.indexOf(":");
  const end = text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (end === "value") return judgeValue(rest);
  if (end === "null") return isFull(instance) ? failure("memory") : failure("failed", rest);
  return failure(FAILURES.find((why) => why === end) ?? "failed", rest);
}

/** Errors of the engine itself: its stack is used up by deep recursion, or its memory by anything. */
function judgeBreak(instance: Instance, error: unknown): Evaluated {
  if (error instanceof RangeError) return failure("failed", "RangeError: nested too deeply");
  if (isFull(instance)) return failure("memory");
  return failure("failed", "InternalError: the engine stopped");
}

/** Runs a body to its end; only a kill ends one that runs for ever. */
export function evaluate(instance: Instance, data: Evaluation): Evaluated {
  try {
    return judge(instance, interpret(instance, data));
  } catch (error) {
    return judgeBreak(instance, error);
  }
}
