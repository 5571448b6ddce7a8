// Splits the bytes of an event stream into its events (HTML Living Standard, 9.2.6).
// What the data of an event means is the caller's to say.

import { AppError } from "../../errors";

/** One event with data; comments and events without are left out. */
export interface StreamedEvent {
  /** `message` where the stream names no type. */
  type: string;
  data: string;
}

function createDecoder(): (bytes: Uint8Array) => string | null {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return (bytes) => {
    try {
      return decoder.decode(bytes, { stream: true });
    } catch {
      return null;
    }
  };
}

/** Gathers lines to events: gives the event that a line ends, if it does. */
function createGatherer() {
  let type = "";
  let lines: string[] = [];
  let length = 0;
  return {
    /** Characters of the event that is not complete yet. */
    length: (): number => length,
    take(line: string): StreamedEvent[] {
      if (line !== "") {
        const [, name = "", value = ""] = /^([^:]*):? ?([^]*)$/.exec(line) ?? [];
        if (name === "event") type = value;
        if (name === "data") lines.push(value);
        if (name === "data") length += line.length;
        return [];
      }
      const event = { type: type === "" ? "message" : type, data: lines.join("\n") };
      const hasData = lines.length > 0;
      type = "";
      lines = [];
      length = 0;
      return hasData ? [event] : [];
    },
  };
}

/**
 * Makes the splitter of one stream: it gives the events that the bytes complete, null for bytes that
 * are not UTF-8. Throws `RESPONSE_TOO_LARGE` for an event of more than `maxChars`.
 */
export function createEventSplitter(data: {
  maxChars: number;
}): (bytes: Uint8Array) => StreamedEvent[] | null {
  const decode = createDecoder();
  const gatherer = createGatherer();
  let rest = "";
  let mayBreak = false;
  return (bytes) => {
    const text = decode(bytes);
    if (text === null) return null;
    const found: StreamedEvent[] = [];
    // A long line is split once, not again with each of its pieces.
    if (mayBreak || /[\r\n]/.test(text)) {
      // A carriage return at the end may be the first half of a line break.
      const parts = (rest + text).split(/\r\n|\n|\r(?!$)/);
      rest = parts.pop() ?? "";
      found.push(...parts.flatMap((line) => gatherer.take(line)));
      mayBreak = rest.endsWith("\r");
    } else {
      rest += text;
    }
    if (gatherer.length() + rest.length > data.maxChars) throw new AppError("RESPONSE_TOO_LARGE");
    return found;
  };
}
