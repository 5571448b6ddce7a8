// The object that a model was asked for: read from its text, and checked against the schema.

import { AppError } from "../../errors";
import { parseJson } from "../../lib/json";
import type { NodeHost } from "../program";
import type { Json } from "../record";
import type { CheckInput } from "../schemas/compile";

/** The schema of an answer, and its check. */
export interface OutputSchema {
  schema: Json;
  check: CheckInput;
}

/** Some models put a fence around what they were asked for. */
const FENCE = /^\s*```(?:json)?\s*\n([\s\S]*?)\n```\s*$/;

const refuse = (message: string): AppError => new AppError("MODEL_OUTPUT_INVALID", { message });

/** The value of a text; throws MODEL_OUTPUT_INVALID where it is no JSON or does not fit. */
export async function readStructured(
  host: NodeHost,
  data: { text: string; output: OutputSchema },
): Promise<Json> {
  const { text, output } = data;
  const parsed = parseJson(Buffer.from(FENCE.exec(text)?.[1] ?? text));
  if (!parsed.ok) throw refuse("The model's answer is not JSON, which outputSchema asks for.");
  const { agent, deps } = host;
  const found = await output.check(parsed.value, (check) =>
    deps.checkInSandbox({ ...check, agent }),
  );
  host.signal.throwIfAborted();
  if (found.length === 0) return parsed.value;
  const places = found.map(({ path = "" }) => path || "the whole").slice(0, 5);
  throw refuse(`The model's answer does not fit outputSchema at: ${places.join(", ")}.`);
}
