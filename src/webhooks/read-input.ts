// Gate 4: what a delivery says, read from its body and headers in the way of its sender.

import { decodeBody } from "../executions/input";
import type { ParsedJson } from "../lib/json";
import { describeJsonProblem } from "../lib/json";
import type { LoopTurn } from "../lib/loop-turn";
import { readOwn } from "../pipelines/values";
import type { Delivery, Refusal } from "./delivery";
import { MAX_NOTED_CHARS, refuse } from "./delivery";

/** How the body is read by its content type; null where it is not. A missing type is JSON. */
function decodingOf(delivery: Delivery): string | null {
  const type = delivery.request.headers.get("content-type");
  if (type === null || type === "application/json") return "json";
  const [mime = "", ...parameters] = type.toLowerCase().split(";");
  const charset = /charset *= *"?([^";]*)/.exec(parameters.join(";"))?.[1]?.trim();
  if (charset !== undefined && charset !== "utf-8" && charset !== "utf8") return null;
  if (/^application\/([a-z0-9.-]+\+)?json$/.test(mime.trim())) return "json";
  const isForm = mime.trim() === "application/x-www-form-urlencoded";
  return isForm ? (delivery.preset?.formField ?? null) : null;
}

/** Gate 4: reads event and delivery id, and parses once; a promise where the body is large. */
export function readInput(
  deps: { turn: LoopTurn },
  delivery: Delivery,
): Refusal | null | Promise<Refusal | null> {
  const { preset } = delivery;
  const { headers } = delivery.request;
  delivery.deliveryKey = readNoted(headers, preset?.deliveryIdHeader);
  delivery.event = readNoted(headers, preset?.eventHeader);
  const decoding = decodingOf(delivery);
  if (decoding === null) return refuse({ gate: "body", code: "UNSUPPORTED_MEDIA_TYPE" });
  const parsed = decodeBody(deps, { body: delivery.body, decoding });
  return parsed instanceof Promise
    ? parsed.then((late) => takeInput(delivery, { decoding, parsed: late }))
    : takeInput(delivery, { decoding, parsed });
}

function takeInput(
  delivery: Delivery,
  { decoding, parsed }: { decoding: string; parsed: ParsedJson },
): Refusal | null {
  if (!parsed.ok) {
    const message = describeJsonProblem(parsed.problem);
    return refuse({ gate: "body", code: "INVALID_JSON", message });
  }
  delivery.decoding = decoding;
  delivery.input = parsed.value;
  refineEvent(delivery);
  return null;
}

const readNoted = (headers: Headers, name: string | null | undefined): string | null =>
  name == null ? null : (headers.get(name)?.slice(0, MAX_NOTED_CHARS) ?? null);

function refineEvent(delivery: Delivery): void {
  const field = delivery.preset?.eventField ?? null;
  if (field === null || delivery.event === null) return;
  const action = readOwn(delivery.input, field);
  if (typeof action !== "string" || action === "") return;
  delivery.event = `${delivery.event}.${action}`.slice(0, MAX_NOTED_CHARS);
}
