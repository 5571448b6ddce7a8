// A log that keeps its lines for assertions, and tells when one of them is written.

import type { Log } from "../../src/lib/log";
import type { LogEvent, LogLevel } from "../../src/vocabulary";

export interface RecordedLine {
  level: LogLevel;
  event: LogEvent;
  fields: Record<string, unknown>;
}

export interface RecordedLog extends Log {
  lines: RecordedLine[];
  /** The names of the events, in their order. */
  events(): LogEvent[];
  /** Resolves with the first line of that event, at once where it has been written. */
  until(event: LogEvent): Promise<RecordedLine>;
}

/** An empty log. */
export function createRecordedLog(): RecordedLog {
  const lines: RecordedLine[] = [];
  const waiting = new Map<LogEvent, ((line: RecordedLine) => void)[]>();
  const at =
    (level: LogLevel) =>
    (event: LogEvent, fields: Record<string, unknown> = {}): void => {
      const line = { level, event, fields };
      lines.push(line);
      for (const done of waiting.get(event) ?? []) done(line);
      waiting.delete(event);
    };
  return {
    lines,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    events: () => lines.map((line) => line.event),
    until(event) {
      const written = lines.find((line) => line.event === event);
      if (written !== undefined) return Promise.resolve(written);
      return new Promise((done) => waiting.set(event, [...(waiting.get(event) ?? []), done]));
    },
  };
}
