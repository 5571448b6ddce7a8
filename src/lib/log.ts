// One JSON object a line on standard output. Callers name an event and give fields;
// payloads and secrets are never among them.

import type { LogEvent, LogLevel } from "../vocabulary";
import { LOG_LEVELS } from "../vocabulary";
import type { Clock } from "./clock";
import { toIso } from "./clock";

type Field = string | number | boolean | null | undefined;

export type Log = Record<LogLevel, (event: LogEvent, fields?: Record<string, Field>) => void>;

/** Longest field value; a peer's text cannot flood the log. */
const MAX_FIELD_CHARS = 2_000;

/** What JSON lets stand and a terminal or a line reader acts on. */
const TERMINAL_CONTROLS = /[\u007f-\u009f\u2028\u2029]/g;

const escapeControl = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A log that writes lines of at least `level` through `write`. */
export function createLog(data: {
  clock: Clock;
  level: LogLevel;
  write: (line: string) => void;
}): Log {
  const threshold = LOG_LEVELS.indexOf(data.level);
  const at =
    (level: LogLevel) =>
    (event: LogEvent, fields: Record<string, Field> = {}): void => {
      if (LOG_LEVELS.indexOf(level) < threshold) return;
      const line: Record<string, Field> = { time: toIso(data.clock.now()), level, event };
      for (const [name, value] of Object.entries(fields)) {
        line[name] = typeof value === "string" ? value.slice(0, MAX_FIELD_CHARS) : value;
      }
      data.write(`${JSON.stringify(line).replace(TERMINAL_CONTROLS, escapeControl)}\n`);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A log that says nothing. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** What may be logged of an unknown error: name, message and where it came from. */
export function describeError(error: unknown): Record<string, string> {
  if (!(error instanceof Error)) return { error: typeof error };
  const cause =
    error.cause instanceof Error ? { cause: `${error.cause.name}: ${error.cause.message}` } : {};
  return { error: `${error.name}: ${error.message}`, stack: error.stack ?? "", ...cause };
}
