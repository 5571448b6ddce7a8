// The source tree as data for the rules: files, their code without comments and literals, and
// the form in which a rule reports what it found.

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** `path` is relative to the repository, with forward slashes. */
export interface SourceFile {
  path: string;
  text: string;
}

export interface Violation {
  path: string;
  line: number;
  rule: string;
  /** What to do instead. */
  advice: string;
}

export const REPOSITORY = resolve(import.meta.dir, "../..");

/** A file by its path in the repository. */
export const readText = (path: string): string => readFileSync(join(REPOSITORY, path), "utf8");

/** All TypeScript files under a folder of the repository; none where the folder is not there. */
export function readSources(folder: string): SourceFile[] {
  let paths: string[];
  try {
    paths = readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: "utf8" });
  } catch {
    // The folder may not be there yet; a rule has nothing to say about it then.
    return [];
  }
  return paths
    .filter((path) => /\.tsx?$/.test(path) && !path.includes("node_modules"))
    .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
    .toSorted()
    .map((path) => ({ path, text: readText(path) }));
}

export const lineAt = (text: string, offset: number): number =>
  text.slice(0, offset).split("\n").length;

/** `src/lib/clock.ts:3 [rule] advice`, one per violation, ready to be compared with `[]`. */
export const report = (violations: Violation[]): string[] =>
  violations.map(({ path, line, rule, advice }) => `${path}:${line} [${rule}] ${advice}`);

const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|[\w$]+|\s+|[\s\S]/y;
const REGEX_LITERAL = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*/y;
const BEFORE_REGEX =
  /^(?:[(,=:[!&|?{;+\-*%~^>]|return|typeof|case|in|of|do|else|void|delete|throw|await|yield)$/;

const blank = (text: string): string => text.replace(/[^\n]/g, " ");
/** Keeps the delimiters; an opening one that nothing closes on its line stands alone. */
function blankInside(text: string): string {
  const closed = text.length > 1 && text.startsWith(text.slice(-1));
  return (
    text.slice(0, 1) +
    blank(closed ? text.slice(1, -1) : text.slice(1)) +
    (closed ? text.slice(-1) : "")
  );
}

function matchAt(pattern: RegExp, text: string, offset: number): string {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0] ?? "";
}

/**
 * The code of a file with comments and the insides of strings, templates and regular expressions
 * blanked; same length and lines, so that an offset means the same in both. What stands in
 * `${…}` stays code.
 */
export function maskLiterals(text: string): string {
  let out = "";
  let previous = "";
  let depth = 0;
  // Brace depths at which a `}` goes on with the template around it.
  const templates: number[] = [];

  const takeTemplateText = (): void => {
    out += blank(matchAt(TEMPLATE_TEXT, text, out.length));
    if (text.startsWith("${", out.length)) {
      templates.push(depth);
      out += "${";
      previous = "{";
    } else {
      out += text.charAt(out.length);
      previous = "`";
    }
  };

  const takeToken = (token: string): void => {
    if (token === "/" && (previous === "" || BEFORE_REGEX.test(previous))) {
      const regex = matchAt(REGEX_LITERAL, text, out.length);
      out += regex === "" ? token : blankInside(regex);
      previous = "/";
      return;
    }
    if (token.startsWith("//") || token.startsWith("/*")) {
      out += blank(token);
      return;
    }
    out += token.startsWith('"') || token.startsWith("'") ? blankInside(token) : token;
    if (token.trim() !== "") previous = token;
    if (token === "{") depth += 1;
    if (token === "}") depth -= 1;
  };

  while (out.length < text.length) {
    const token = matchAt(TOKEN, text, out.length);
    if (token === "`") {
      out += token;
      takeTemplateText();
    } else if (token === "}" && templates.at(-1) === depth) {
      templates.pop();
      out += token;
      takeTemplateText();
    } else {
      takeToken(token);
    }
  }
  return out;
}
