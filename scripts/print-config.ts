// docs/config.md: every setting, from the table in src/config.ts.

import type { Setting } from "../src/config";
import { SETTINGS, showDefault } from "../src/config";
import { document, wordHeading } from "./markdown";

type Name = keyof typeof SETTINGS;

const SECTIONS: [title: string, names: Name[]][] = [
  [
    "Server",
    [
      "port",
      "host",
      "publicUrl",
      "docs",
      "allowedHosts",
      "trustProxy",
      "dataDir",
      "durability",
      "logLevel",
    ],
  ],
  ["Credentials", ["adminToken", "encryptionKey"]],
  [
    "Webhooks",
    ["webhookRatePerMinute", "webhookMaxConcurrent", "maxBody", "requireWebhookAuth", "readLinks"],
  ],
  [
    "Executions and pipelines",
    [
      "slots",
      "executionTimeout",
      "maxNodeRuns",
      "maxModelCalls",
      "maxToolCalls",
      "maxTokens",
      "maxCost",
      "pipelineMaxNodes",
      "pipelineMaxEdges",
    ],
  ],
  ["Outgoing requests", ["allowPrivate"]],
];

const INTRODUCTION = `# Settings

Every setting of \`src/config.ts\`. All are environment variables, read once at the start; some are also flags of \`hookline serve\`, which go before the variable.

- All faults of a configuration are told at once, and the server does not start with any.
- A variable that begins with \`HOOKLINE_\` and is no setting stops the start, with the nearest name.
- An empty value is a fault: unset the variable instead.
- A secret may stand in a file instead; white space around it is dropped.`;

function printSetting(row: Setting<unknown>): string {
  const fallback = showDefault(row);
  const facts = [
    `Value: ${row.form}`,
    `Default: ${fallback === null ? "none" : `\`${fallback}\``}`,
    ...(row.secret === true ? [`File: \`${row.variable}_FILE\` names one that holds it`] : []),
    ...(row.flag === undefined ? [] : [`Flag: \`--${row.flag}\``]),
  ];
  const list = facts.map((fact) => `- ${fact}`).join("\n");
  return [wordHeading(row.variable), row.doc, list].join("\n\n");
}

/** Throws where a setting stands in no section or in two: its readers would miss it. */
function requireEachOnce(): void {
  const placed = SECTIONS.flatMap(([, names]) => names).toSorted();
  const all = Object.keys(SETTINGS).toSorted();
  if (placed.join() === all.join()) return;
  throw new Error("Every setting belongs into one section of scripts/print-config.ts.");
}

/** The document of all settings. */
export function printConfig(): string {
  requireEachOnce();
  const sections = SECTIONS.flatMap(([title, names]) => [
    `## ${title}`,
    ...names.map((name) => printSetting(SETTINGS[name])),
  ]);
  return document([INTRODUCTION, ...sections]);
}
