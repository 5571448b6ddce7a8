// One expression of a template: the path between `{{` and `}}`, from text to a checked reference.
// Whether a named node exists and lies upstream is asked in `references.ts`.

import type { DetailCode } from "../../details";
import { didYouMean, quoteName } from "../../lib/suggest";
import { FORBIDDEN_KEYS } from "../values";

export const SOURCES = ["input", "nodes", "loop", "trigger", "execution"] as const;
export type Source = (typeof SOURCES)[number];

/** Where an expression reads: own property names below a source, or below a node's output. */
export type Reference =
  | { readonly source: "nodes"; readonly nodeId: string; readonly path: readonly string[] }
  | { readonly source: Exclude<Source, "nodes">; readonly path: readonly string[] };

const PLAIN_NAME = /^[\w$-]+$/;

/** A reference as it is written in a template. */
export function writeReference(reference: Reference): string {
  const root = reference.source === "nodes" ? `nodes.${reference.nodeId}.output` : reference.source;
  const names = reference.path.map((name) =>
    PLAIN_NAME.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`,
  );
  return root + names.join("");
}

/** What is wrong with a template, without the place where it stands. */
export interface TemplateFault {
  code: DetailCode;
  message: string;
}

export type ParsedExpression =
  { ok: true; reference: Reference } | { ok: false; fault: TemplateFault };

/** What may stand right below a source; `open` says that the source may be read as a whole. */
const MEMBERS: Partial<Record<Source, { names: readonly string[]; open: boolean }>> = {
  loop: { names: ["item", "index"], open: false },
  trigger: { names: ["type", "headers", "query", "event", "deliveryId"], open: true },
  execution: { names: ["id", "startedAt"], open: true },
};

const DOTTED = /^[A-Za-z_][\w$-]*(?:\.[\w$-]+)*$/;
const ROOT = /[A-Za-z_][\w$-]*/y;
const SEGMENT =
  /\.([\p{L}\p{N}_$-]+)|\[(\d+)\]|\["((?:[^"\\]|\\["'\\])*)"\]|\['((?:[^'\\]|\\["'\\])*)'\]/uy;

const refuse = (code: DetailCode, message: string): { ok: false; fault: TemplateFault } => ({
  ok: false,
  fault: { code, message },
});

/** Splits `a.b[0]["c d"]` into its names; null where it is no such path. */
function splitPath(text: string): string[] | null {
  if (DOTTED.test(text)) return text.split(".");
  ROOT.lastIndex = 0;
  const root = ROOT.exec(text)?.[0];
  if (root === undefined) return null;
  const names = [root];
  for (let at = root.length; at < text.length; at = SEGMENT.lastIndex) {
    SEGMENT.lastIndex = at;
    const match = SEGMENT.exec(text);
    if (match === null) return null;
    const quoted = match[3] ?? match[4];
    names.push(match[1] ?? match[2] ?? (quoted ?? "").replace(/\\(.)/gu, "$1"));
  }
  return names;
}

const isSource = (name: string): name is Source => SOURCES.some((source) => source === name);

/** `nodes.<id>.output…` */
function toNodeReference(rest: readonly string[]): ParsedExpression {
  const [nodeId, member, ...path] = rest;
  if (nodeId === undefined || member === undefined) {
    return refuse("EXPRESSION_INVALID", "Write nodes.<id>.output to read what a node has given.");
  }
  if (member !== "output") {
    const hint = "Of a node only its output can be read: write nodes.<id>.output.";
    return refuse("SOURCE_UNKNOWN", hint);
  }
  return { ok: true, reference: { source: "nodes", nodeId, path } };
}

/** A source with a fixed set of members, or `input`, which has none. */
function toMemberReference(source: Exclude<Source, "nodes">, path: string[]): ParsedExpression {
  const members = MEMBERS[source];
  const [first, second] = path;
  if (
    members !== undefined &&
    (first === undefined ? !members.open : !members.names.includes(first))
  ) {
    const fallback = `Below ${source} there is: ${members.names.join(", ")}.`;
    if (first === undefined) return refuse("SOURCE_UNKNOWN", fallback);
    const hint = didYouMean(first, { known: members.names, fallback });
    return refuse("SOURCE_UNKNOWN", `${quoteName(first)} is not a part of ${source}.${hint}`);
  }
  // Header names do not depend on case; they arrive in lower case.
  if (source === "trigger" && first === "headers" && second !== undefined) {
    path[1] = second.toLowerCase();
  }
  return { ok: true, reference: { source, path } };
}

/** Parses what stands between the braces. */
export function parseExpression(text: string): ParsedExpression {
  const trimmed = text.trim();
  if (trimmed === "") {
    return refuse("EXPRESSION_EMPTY", "Name a source between the braces, such as {{input}}.");
  }
  const names = splitPath(trimmed);
  if (names === null) {
    const hint =
      'only a path can stand there, such as input.items[0]["odd key"]; for braces as text write \\{{.';
    return refuse("EXPRESSION_INVALID", `${quoteName(trimmed)} is not a path: ${hint}`);
  }
  const forbidden = names.find((name) => FORBIDDEN_KEYS.has(name));
  if (forbidden !== undefined) {
    return refuse("KEY_FORBIDDEN", `The name ${forbidden} cannot be read; remove it.`);
  }
  const [source = "", ...rest] = names;
  if (!isSource(source)) {
    const fallback = `Sources are ${SOURCES.join(", ")}.`;
    const hint = didYouMean(source, { known: SOURCES, fallback });
    return refuse("SOURCE_UNKNOWN", `${quoteName(source)} is not a source.${hint}`);
  }
  return source === "nodes" ? toNodeReference(rest) : toMemberReference(source, rest);
}
