// docs/errors.md: every error code, every code within an answer and every reason of the ledger, from
// src/errors.ts, src/execution-errors.ts, src/details.ts and src/webhooks/reasons.ts.

import { DETAILS, WARNINGS } from "../src/details";
import { ERRORS } from "../src/errors";
import { REASONS } from "../src/vocabulary";
import { REASON_DOCS } from "../src/webhooks/reasons";
import { document, wordHeading, wordLink } from "./markdown";

const INTRODUCTION = `# Errors

Every code of \`src/errors.ts\` and \`src/details.ts\`, and every reason of \`src/webhooks/reasons.ts\`. A request that fails is answered in one shape, whatever failed:

\`\`\`json
{
  "success": false,
  "error": {
    "code": "NOT_FOUND",
    "message": "There is nothing at this address.",
    "requestId": "req_…"
  }
}
\`\`\`

\`code\` stays the same between versions, \`message\` may be reworded. \`hint\` and \`details\` stand beside them where there is more to say; an entry of \`details\` names its place (\`path\`, \`nodeId\`, \`edgeId\` or \`field\`), [a code](#details-and-faults) and what to do. \`requestId\` is the answer's \`X-Request-Id\` and stands in the log.`;

const ENDS = `## Ends of executions

Codes in the \`error\` of an execution or a step. They are never the answer to a request. [\`SANDBOX_BUSY\`](#sandbox_busy) and [\`SANDBOX_UNAVAILABLE\`](#sandbox_unavailable) above end a step, too.`;

const WITHIN = `## Details and faults

Codes in \`error.details\`, and in the \`faults\` of a draft. Those of JSON Schema are its keywords.`;

const NOTES = `## Warnings

Codes in the \`warnings\` of an answer: what was asked for is done, and something about it should be known.`;

const printList = (rows: Record<string, string>): string =>
  Object.entries(rows)
    .map(([code, doc]) => `- \`${code}\`: ${doc}`)
    .join("\n");

const LEDGER = `## Reasons in the ledger

A delivery's row (\`GET /agents/{id}/deliveries\`) has a \`reason\` where it was refused or is no new execution. The sender is not told it.`;

const isCode = (word: string): boolean => Object.hasOwn(ERRORS, word);

function printCodes(answers: boolean): string[] {
  return Object.entries(ERRORS)
    .filter(([, row]) => (row.status !== null) === answers)
    .toSorted(([, a], [, b]) => (a.status ?? 0) - (b.status ?? 0))
    .map(([code, row]) => {
      const status = row.status === null ? "" : `**${row.status}** · `;
      return `${wordHeading(code)}\n\n${status}${row.message}\n\n${row.doc}`;
    });
}

/** All codes of answers by their status, for who has seen one and looks for what it means. */
function printByStatus(): string {
  const codes = Object.entries(ERRORS).filter(([, { status }]) => status !== null);
  const byStatus = Object.groupBy(codes, ([, { status }]) => String(status));
  const lines = Object.entries(byStatus).map(
    ([status, rows = []]) => `- **${status}**: ${rows.map(([code]) => wordLink(code)).join(", ")}`,
  );
  return lines.join("\n");
}

/** The document of all codes and reasons. */
export function printErrors(): string {
  const shared = REASONS.filter(isCode).map(wordLink).join(", ");
  const reasons = Object.entries(REASON_DOCS).map(
    ([reason, doc]) => `${wordHeading(reason)}\n\n${doc}`,
  );
  return document([
    INTRODUCTION,
    "## Answers",
    printByStatus(),
    ...printCodes(true),
    ENDS,
    ...printCodes(false),
    WITHIN,
    printList(DETAILS),
    NOTES,
    printList(WARNINGS),
    LEDGER,
    `These reasons are codes, described above: ${shared}.`,
    ...reasons,
  ]);
}
