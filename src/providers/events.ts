// Splits the bytes of an event stream into its events (HTML Living Standard, 9.2.6) and reads them.
// What an event means is for `formats.ts`.

import { AppError } from "../errors";
import { parseJson } from "../lib/json";
import { isRecord } from "../lib/json-value";
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
  const decode = createDecoder();
  let rest = "";
  let mayBreak = false;
  let lines: string[] = [];
  let length = 0;

  /** Takes one line in; the data of the event that it ends, if it does. */
  function takeLine(line: string): string[] {
    if (line.startsWith("data:")) {
      lines.push(line.slice(line.startsWith("data: ") ? 6 : 5));
      length += line.length;
    }
    if (line !== "" || lines.length === 0) return [];
    const data = lines.join("\n");
    lines = [];
    length = 0;
    return [data];
  }

  return (bytes) => {
    const found: string[] = [];
    const text = decode(bytes);
    // A long line is split once, not again with each of its pieces.
    if (mayBreak || /[\r\n]/.test(text)) {
      // A carriage return at the end may be the first half of a line break.
      const parts = (rest + text).split(/\r\n|\n|\r(?!$)/);
      rest = parts.pop() ?? "";
      found.push(...parts.flatMap(takeLine));
      mayBreak = rest.endsWith("\r");
    } else {
      rest += text;
    }
    if (length + rest.length > MAX_EVENT_CHARS) throw new AppError("RESPONSE_TOO_LARGE");
    return found.map(readEvent);
  };
}

function createDecoder(): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return (bytes) => {
    try {
      return decoder.decode(bytes, { stream: true });
    } catch {
      throw new ProviderError("PROVIDER_RESPONSE_INVALID");
    }
  };
}

function readEvent(data: string): StreamEvent {
  if (data.trim() === DONE) return DONE;
  const parsed = parseJson(Buffer.from(data));
  if (parsed.ok && isRecord(parsed.value)) return parsed.value;
  throw new ProviderError("PROVIDER_RESPONSE_INVALID");
}
