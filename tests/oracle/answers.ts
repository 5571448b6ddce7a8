// What an answer of the generated client holds: its data, or its failure.

import type { components } from "./generated/api";

export type Failure = components["schemas"]["Failure"];

/** The data of a success; a failure becomes an error that names its code. */
export function dataOf<T>(answer: { data?: { success: true; data: T }; error?: Failure }): T {
  if (answer.data !== undefined) return answer.data.data;
  throw new Error(answer.error?.error.code ?? "no answer");
}

export function errorOf(answer: { error?: Failure }): Failure["error"] {
  if (answer.error !== undefined) return answer.error.error;
  throw new Error("the call was to fail");
}
