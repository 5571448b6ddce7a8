// docs/logs.md: every log line by its event, from the table in src/vocabulary.ts.

import { LOG_EVENTS } from "../src/vocabulary";
import { document, wordHeading } from "./markdown";

const INTRODUCTION = `# Log lines

Every event of \`src/vocabulary.ts\`. The server writes one JSON object a line to standard output: \`time\` (ISO 8601, UTC), \`level\`, \`event\`, and the fields named here. A cause is \`error\` (name and message) with its \`stack\`. Bodies, headers and secrets are never logged. [\`HOOKLINE_LOG_LEVEL\`](config.md#hookline_log_level) leaves out what is below a level.`;

/** The document of all log lines. */
export function printLogs(): string {
  const events = Object.entries(LOG_EVENTS).map(
    ([event, { level, doc }]) => `${wordHeading(event)}\n\n**${level}** · ${doc}`,
  );
  return document([INTRODUCTION, ...events]);
}
