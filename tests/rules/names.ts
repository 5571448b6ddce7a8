// Vague names: words that say nothing of what a file or an export is for.

import type { SourceFile, Violation } from "./source";
import { lineAt, maskLiterals } from "./source";

const VAGUE = /^(?:utils?|helpers?|misc|common|managers?|bases?|services?)$/;

const EXPORT =
  /(?<![.\w$])export\s+(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:class|interface|type|enum|const|let|function\s*\*?)\s+([\w$]+)/g;
const EXPORT_LIST = /(?<![.\w$])export\s+(?:type\s+)?\{([^}]*)\}/g;

/** `fetchBaseUrl2`, `fetch-base-url`, `FETCH_BASE_URL` → fetch, base, url. */
export const splitWords = (name: string): string[] =>
  name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== "");

const isVaguePath = (segment: string): boolean =>
  splitWords(segment).some((word) => VAGUE.test(word));
/** Only the last word of an export says what it is: `baseUrl` is a URL, `urlHelper` nothing. */
const isVagueExport = (name: string): boolean => VAGUE.test(splitWords(name).at(-1) ?? "");

function findExports(code: string): { name: string; offset: number }[] {
  const declared = [...code.matchAll(EXPORT)].map((match) => ({
    name: match[1] ?? "",
    offset: match.index,
  }));
  const listed = [...code.matchAll(EXPORT_LIST)].flatMap((match) =>
    (match[1] ?? "").split(",").map((entry) => ({
      name: entry.trim().split(/\s+/).at(-1) ?? "",
      offset: match.index,
    })),
  );
  return [...declared, ...listed];
}

/** Vague words in the names of files and folders, and at the end of the names of exports. */
export function findVagueNames(files: SourceFile[]): Violation[] {
  return files.flatMap((file) => {
    const at = (line: number, name: string): Violation => ({
      path: file.path,
      line,
      rule: "vague name",
      advice: `"${name}" says nothing: name it by its subject and what it does`,
    });
    const segments = file.path.split("/").filter(isVaguePath);
    const exported = findExports(maskLiterals(file.text)).filter(({ name }) => isVagueExport(name));
    return [
      ...segments.map((segment) => at(1, segment)),
      ...exported.map(({ name, offset }) => at(lineAt(file.text, offset), name)),
    ];
  });
}
