// The shapes of one run of a user's code, its answer and its failure, shared with the pipelines.
// Leaves running it to `sandbox.ts`, and what the code may name to the pipelines.

import { AppError, type AppErrorOptions, type ErrorCode } from "../errors";
import type { Json } from "../lib/json-value";

/** One run of a function body. */
export interface CodeCall {
  /** Whose code it is: one agent holds one child while others wait. */
  agent: number;
  /** Body of a strict function: JavaScript that returns the result. */
  body: string;
  /** The function's parameters by name; JSON values, copied into the sandbox. */
  bindings: Record<string, Json>;
  /** From the start of the run; waiting for a child is bounded on its own. */
  deadlineMs: number;
  /** Aborting it kills the run. */
  signal: AbortSignal;
}

/** What a run gave: its value as JSON (`undefined` is null), and the lines it logged. */
export interface CodeAnswer {
  value: Json;
  logs: string[];
}

/** Runs one function body; rejects with `CodeError`, or with the signal's reason. */
export type RunCode = (call: CodeCall) => Promise<CodeAnswer>;

export interface CodeErrorOptions extends AppErrorOptions {
  logs?: string[];
}

/**
 * A run that gave no value. Its message holds nothing the code wrote: what was thrown is the last
 * of `logs`, which stay within the trace.
 */
export class CodeError extends AppError {
  readonly logs: string[];

  constructor(code: ErrorCode, options: CodeErrorOptions = {}) {
    super(code, options);
    this.name = "CodeError";
    this.logs = options.logs ?? [];
  }
}
