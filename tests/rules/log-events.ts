// Log calls in the code against the table of log events.

import type { LogEvent } from "../../src/vocabulary";
import { LOG_EVENTS, LOG_LEVELS } from "../../src/vocabulary";
import type { SourceFile, Violation } from "./source";
import { lineAt } from "./source";

const CALL = new RegExp(`\\.(${LOG_LEVELS.join("|")})\\(\\s*"([a-z_]+\\.[a-z_]+)"`, "g");

const isEvent = (word: string): word is LogEvent => Object.hasOwn(LOG_EVENTS, word);

const callsOf = (file: SourceFile) =>
  [...file.text.matchAll(CALL)].map((match) => ({
    level: match[1] ?? "",
    event: match[2] ?? "",
    line: lineAt(file.text, match.index),
  }));

/** Calls at another level than the event's. */
export const findWrongLevels = (files: SourceFile[]): Violation[] =>
  files.flatMap((file) =>
    callsOf(file).flatMap(({ level, event, line }) =>
      isEvent(event) && LOG_EVENTS[event].level !== level
        ? [
            {
              path: file.path,
              line,
              rule: "log level",
              advice: `${event} is of level ${LOG_EVENTS[event].level}`,
            },
          ]
        : [],
    ),
  );

/** Events of the table that no code logs. */
export function findUnlogged(files: SourceFile[]): string[] {
  const logged = new Set(files.flatMap(callsOf).map(({ event }) => event));
  return Object.keys(LOG_EVENTS).filter((event) => !logged.has(event));
}
