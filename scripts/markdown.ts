// The form of the printed documents: a note on top, blocks apart by an empty line.

const NOTE = "<!-- Printed by `bun run generate`: change the table it names, not this file. -->";

/** A document of blocks, as the formatter leaves it. */
export const document = (blocks: string[]): string => `${[NOTE, ...blocks].join("\n\n")}\n`;

/** A heading that can be linked to by the word alone. */
export const wordHeading = (word: string): string => `### \`${word}\``;

/** The address of such a heading within its document. */
export const wordLink = (word: string): string => `[\`${word}\`](#${word.toLowerCase()})`;

/** A table with columns as wide as their widest cell, as the formatter leaves them. */
export function table(head: string[], rows: string[][]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const lineOf = (row: string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(lineOf).join("\n");
}
