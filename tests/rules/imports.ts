// Reads what a file imports, values and types apart, and which file of ours each import names.

import { posix } from "node:path";
import type { SourceFile } from "./source";
import { lineAt, maskLiterals } from "./source";

export interface Import {
  line: number;
  specifier: string;
  /** Nothing of it is left when the program runs. */
  typeOnly: boolean;
  /** Imported names that are values; `*` for a whole module, `default` for its default. */
  values: string[];
  /** Path in the repository, for a relative import; with its suffix where such a file exists. */
  target: string | null;
}

const STATIC = /(?<![.\w$])(import|export)\s*(type\s)?\s*([\w$*{}\s,]*?)\s*\bfrom\s*["']/g;
const BARE = /(?<![.\w$])import\s*["']/g;
const CALL = /(?<![.\w$])(?:import|require)\s*\(\s*["'`]/g;

/** The imports that are left when types are gone, as Bun itself sees them. */
export function scanValueImports(file: SourceFile): Set<string> {
  const loader = file.path.endsWith("x") ? "tsx" : "ts";
  const imports = new Bun.Transpiler({ loader }).scanImports(file.text);
  // What the compiler adds for JSX is not in the text.
  const written = imports.filter(
    ({ kind, path }) => kind !== "require-call" || !/^react(?:\/jsx-(?:dev-)?runtime)?$/.test(path),
  );
  return new Set(written.map((entry) => entry.path));
}

function readValueNames(clause: string): string[] {
  const [outer = "", inner = ""] = clause.split(/[{}]/);
  const names = inner
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && !name.startsWith("type "))
    .map((name) => name.split(/\s/)[0] ?? "");
  for (const part of outer.split(",").map((name) => name.trim())) {
    if (part !== "") names.push(part.startsWith("*") ? "*" : "default");
  }
  return names;
}

function readSpecifier(text: string, match: RegExpExecArray): string {
  const start = match.index + match[0].length;
  return /^[^"'`]*/.exec(text.slice(start))?.[0] ?? "";
}

function resolveTarget(from: string, specifier: string, known: ReadonlySet<string>): string | null {
  if (!specifier.startsWith(".")) return null;
  const path = posix.join(posix.dirname(from), specifier);
  return [path, `${path}.ts`, `${path}.tsx`].find((candidate) => known.has(candidate)) ?? path;
}

/** All imports of a file in the order of their lines; `known` are the paths of all files. */
export function findImports(file: SourceFile, known: ReadonlySet<string> = new Set()): Import[] {
  const { text } = file;
  const code = maskLiterals(text);
  const left = scanValueImports(file);
  const found: Import[] = [];
  const add = (match: RegExpExecArray, marked: boolean, names: string[]): void => {
    const specifier = readSpecifier(text, match);
    const typeOnly = marked || !left.has(specifier);
    found.push({
      line: lineAt(text, match.index),
      specifier,
      typeOnly,
      values: typeOnly ? [] : names,
      target: resolveTarget(file.path, specifier, known),
    });
  };
  for (const match of code.matchAll(STATIC)) {
    add(match, match[2] !== undefined, readValueNames(match[3] ?? ""));
  }
  for (const match of code.matchAll(BARE)) add(match, false, []);
  for (const match of code.matchAll(CALL)) add(match, false, ["*"]);
  return found.toSorted((a, b) => a.line - b.line);
}
