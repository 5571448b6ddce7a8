// The JSON Schemas of tools' parameters: judged on save, and checked against on each call.

import type { ErrorDetail } from "../errors";
import type { Json } from "../pipelines/record";
import { compileInputSchema } from "../pipelines/schemas/compile";
import type { CheckInputDeps } from "./check-input";
import { checkInSandbox } from "./check-input";

/** Faults of a JSON Schema; their paths lie within it. */
export function judgeSchema(schema: Json): ErrorDetail[] {
  const compiled = compileInputSchema(schema);
  return compiled.ok ? [] : compiled.faults;
}

/** What of a value does not fit; a promise where the sandbox has to tell, as in `checkInput`. */
export function checkParameters(
  deps: CheckInputDeps,
  data: { schema: Json; value: Json; agent: number },
): ErrorDetail[] | Promise<ErrorDetail[]> {
  const { schema, value, agent } = data;
  const compiled = compileInputSchema(schema);
  if (!compiled.ok) return compiled.faults;
  return compiled.needsSandbox
    ? checkInSandbox(deps, { agent, schema: JSON.stringify(schema), value })
    : compiled.check(value);
}
