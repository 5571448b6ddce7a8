// Runs a compiled code for one node run: binds its values, notes on the step what went in and out.

import { readLogs } from "../failures";
import type { NodeHost } from "../program";
import type { Json, StepRecord } from "../record";
import { renderValue, type TemplateScope } from "../templates/template";
import { clipValue, type JsonObject } from "../values";
import type { CompiledCode } from "./compile";

/** Bytes of values that a step keeps: what they were taken from stands in the trace already. */
const MAX_KEPT_BYTES = 65_536;

/** The values that a code is given, by the names it reads them by; each may take an equal share. */
function describeReads(scope: TemplateScope, { reads }: CompiledCode): Json {
  if (reads.length === 0) return null;
  const limit = Math.floor(MAX_KEPT_BYTES / reads.length);
  const described: JsonObject = {};
  for (const { label, reference } of reads) {
    described[label] = clipValue(renderValue(scope, { parts: [reference] }), limit);
  }
  return described;
}

/**
 * Runs the code in the sandbox and gives its value; rejects with what the sandbox rejects with.
 * After an abort the step has been recorded and must not change any more.
 */
export async function callCode(
  host: NodeHost,
  data: { step: StepRecord; code: CompiledCode; deadlineMs: number },
): Promise<Json> {
  const { step, code, deadlineMs } = data;
  const { scope, signal, agent } = host;
  step.input = describeReads(scope, code);
  const bindings = Object.fromEntries(
    code.bindings.map((binding) => [binding.name, binding.read(scope)]),
  );
  try {
    const call = { agent, body: code.body, bindings, deadlineMs, signal };
    const { value, logs } = await host.deps.runCode(call);
    signal.throwIfAborted();
    step.logs = logs;
    return value;
  } catch (error) {
    signal.throwIfAborted();
    step.logs = readLogs(error);
    throw error;
  }
}
