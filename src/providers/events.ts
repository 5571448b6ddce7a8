// Reads the events of a provider's stream, each of which is a JSON object or the end.
// What an event means is for `formats.ts`.

import { parseJson } from "../lib/json";
import { isRecord } from "../lib/json-value";
import { createEventSplitter } from "../lib/network/event-stream";
import { ProviderError } from "./model";

/** The data that ends a stream of chat completions; the only one that is no JSON object. */
export const DONE = "[DONE]";

export type StreamEvent = Record<string, unknown> | typeof DONE;

/** Characters of one event; the last one of a stream may repeat the whole text. */
const MAX_EVENT_CHARS = 4 * 1024 * 1024;

/**
 * Makes the reader of one stream: it gives the events that the bytes complete. It throws
 * `PROVIDER_RESPONSE_INVALID` for an event of another kind and for bytes that are not UTF-8, which
 * an SDK would mend silently; `RESPONSE_TOO_LARGE` for an event without end.
 */
export function createEventReader(): (bytes: Uint8Array) => StreamEvent[] {
  const split = createEventSplitter({ maxChars: MAX_EVENT_CHARS });
  return (bytes) => {
    const found = split(bytes);
    if (found === null) throw new ProviderError("PROVIDER_RESPONSE_INVALID");
    return found.map(({ data }) => readEvent(data));
  };
}

function readEvent(data: string): StreamEvent {
  if (data.trim() === DONE) return DONE;
  const parsed = parseJson(Buffer.from(data));
  if (parsed.ok && isRecord(parsed.value)) return parsed.value;
  throw new ProviderError("PROVIDER_RESPONSE_INVALID");
}
