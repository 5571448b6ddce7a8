// Whether an input fits the schema of a pipeline's input node, for deliveries and manual runs: at
// once, or in the sandbox where the schema has keywords that may block.

import type { ErrorDetail } from "../errors";
import { AppError } from "../errors";
import type { Json } from "../pipelines/record";
import type { CompiledPipeline } from "../pipelines/validate";
import { CodeError } from "../sandbox/code";
import type { CheckSchema } from "../sandbox/schema-check";

export interface CheckInputDeps {
  checkSchema: CheckSchema;
}

/** A check takes a millisecond; one that takes this long has met an input made for it. */
const DEADLINE_MS = 250;
const RETRY_AFTER_SECONDS = "5";

const TOO_COSTLY: ErrorDetail = {
  path: "",
  code: "CHECK_LIMIT",
  message: `Checking this input takes more than ${DEADLINE_MS} ms, or too much memory; send less at once.`,
};

/** Ends of a check that are the input's fault. */
const INPUT_CODES: ReadonlySet<string> = new Set([
  "CODE_TIMEOUT",
  "CODE_OUT_OF_MEMORY",
  "CODE_VALUES_TOO_LARGE",
]);

/** Checks a value against a schema, given as JSON text, that may block; rejects with SANDBOX_BUSY or so. */
export async function checkInSandbox(
  deps: CheckInputDeps,
  data: { agent: number; schema: string; value: Json },
): Promise<ErrorDetail[]> {
  try {
    return await deps.checkSchema({ ...data, deadlineMs: DEADLINE_MS });
  } catch (error) {
    if (!(error instanceof CodeError)) throw error;
    if (INPUT_CODES.has(error.code)) return [TOO_COSTLY];
    throw new AppError(error.code, {
      headers: { "Retry-After": RETRY_AFTER_SECONDS },
      cause: error,
    });
  }
}

/**
 * What of an input does not fit; a promise only where the sandbox checks it, which rejects with
 * SANDBOX_BUSY or SANDBOX_UNAVAILABLE.
 */
export const checkInput = (
  deps: CheckInputDeps,
  data: { pipeline: CompiledPipeline; agent: number; input: Json },
): ErrorDetail[] | Promise<ErrorDetail[]> =>
  data.pipeline.checkInput(data.input, (call) =>
    checkInSandbox(deps, { ...call, agent: data.agent }),
  );
