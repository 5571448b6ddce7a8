// One run of a function body in an instance of QuickJS. The instance is of no use afterwards: it is
// dropped and never disposed of, as deep values abort the engine there.

import type { QuickJSContext, QuickJSHandle, QuickJSWASMModule } from "quickjs-emscripten-core";
import { nestsDeeperThan } from "../lib/json";
import { isFull } from "./engine";
import type { FailureKind } from "./messages";
import { FAILURES, MAX_RESULT_BYTES, MAX_RESULT_DEPTH } from "./messages";
import prelude from "./prelude.js" with { type: "text" };

/** A function body with its parameters; `values` is a JSON array of the arguments. */
export interface Evaluation {
  body: string;
  names: string[];
  values: string;
}

export type Evaluated =
  { ok: true; json: string } | { ok: false; why: FailureKind; line: string | null };

export interface EvaluateDeps {
  quickjs: QuickJSWASMModule;
  /** Takes a line that the code logs; false where it takes no more. */
  log(line: string): boolean;
}

/** Longest line about what was thrown. */
const MAX_LINE_CHARS = 2_000;

const failure = (why: FailureKind, line: string | null = null): Evaluated => ({
  ok: false,
  why,
  line: line === null || line === "" ? null : line.slice(0, MAX_LINE_CHARS),
});

function makeLog(deps: EvaluateDeps, context: QuickJSContext): QuickJSHandle {
  return context.newFunction("log", (line) => {
    // Whatever way the code came to this function, only text passes.
    if (line === undefined || context.typeof(line) !== "string") return context.undefined;
    return deps.log(context.getString(line)) ? context.true : context.false;
  });
}

/** Runs the body; the text is what `prelude.js` says of the end. */
function interpret(deps: EvaluateDeps, data: Evaluation): string {
  const context = deps.quickjs.newContext();
  const prepare = context.unwrapResult(context.evalCode(prelude, "prelude"));
  const log = makeLog(deps, context);
  const pair = context.unwrapResult(context.callFunction(prepare, context.undefined, log));
  const [run, describe] = [context.getProp(pair, 0), context.getProp(pair, 1)];
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

function judge(deps: EvaluateDeps, text: string): Evaluated {
  const colon = text.indexOf(":");
  const end = text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (end === "value") return judgeValue(rest);
  if (end === "null") return isFull(deps.quickjs) ? failure("memory") : failure("failed", rest);
  return failure(FAILURES.find((why) => why === end) ?? "failed", rest);
}

/** Errors of the engine itself: its stack is used up by deep recursion, or its memory by anything. */
function judgeBreak(deps: EvaluateDeps, error: unknown): Evaluated {
  if (error instanceof RangeError) return failure("failed", "RangeError: nested too deeply");
  if (isFull(deps.quickjs)) return failure("memory");
  return failure("failed", "InternalError: the engine stopped");
}

/** Runs a body to its end; only a kill ends one that runs for ever. */
export function evaluate(deps: EvaluateDeps, data: Evaluation): Evaluated {
  try {
    return judge(deps, interpret(deps, data));
  } catch (error) {
    return judgeBreak(deps, error);
  }
}
