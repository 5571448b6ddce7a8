// Templates: text with `{{source.path}}`, parsed once and rendered many times.
// Rendering never parses: braces that come with a value stay text.

import { AppError } from "../../errors";
import type { Json } from "../record";
import { readPath } from "../values";
import {
  type ParsedExpression,
  parseExpression,
  type Reference,
  type TemplateFault,
} from "./expression";

/** Characters of a template, and of one expression between its braces. */
export const MAX_TEMPLATE_LENGTH = 100_000;
export const MAX_EXPRESSION_LENGTH = 500;
/** Characters that the templates of one node run may make; many times a large input adds up. */
export const MAX_RENDERED_LENGTH = 8_388_608;
/** Faults named for one field; mending these shows the rest. */
export const MAX_FAULTS_PER_FIELD = 20;

/** Literal text and references, in order. */
export type TemplatePart = string | Reference;

export interface Template {
  readonly parts: readonly TemplatePart[];
}

export type ParsedTemplate =
  { ok: true; template: Template } | { ok: false; faults: TemplateFault[] };

/** Outputs by node id; undefined for what has not run. */
export interface Outputs {
  get(nodeId: string): Json | undefined;
}

/** What expressions read while a pipeline runs. */
export interface TemplateScope {
  readonly input: Json;
  /** Outputs of finished nodes; null for skipped ones. */
  readonly outputs: Outputs;
  readonly loop: Json;
  readonly trigger: Json;
  readonly execution: Json;
  /** Characters that may still be made, of `MAX_RENDERED_LENGTH` at the start of a node run. */
  room: number;
}

/** From `{{` to the `}}` that stands outside quotes. */
const EXPRESSION = /\{\{((?:[^{}"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*)\}\}/sy;

/** An expression and where the text goes on after it. */
export type Found = { end: number; reference: Reference } | { end: number; fault: TemplateFault };

export interface Reader {
  text: string;
  /** Expressions so far: one that is repeated is parsed, and found faulty, once. */
  known: Map<string, ParsedExpression>;
}

export const createReader = (text: string): Reader => ({ text, known: new Map() });

function parseOnce({ known }: Reader, text: string): ParsedExpression {
  const parsed = known.get(text) ?? parseExpression(text);
  known.set(text, parsed);
  return parsed;
}

/** Reads the expression that opens at `at`; `end` is where the text goes on. */
export function readExpression(reader: Reader, at: number): Found {
  const { text } = reader;
  // Looking no further than an expression may reach keeps hostile text linear.
  EXPRESSION.lastIndex = 0;
  const match = EXPRESSION.exec(text.slice(at, at + MAX_EXPRESSION_LENGTH + 4));
  if (match !== null) {
    const parsed = parseOnce(reader, match[1] ?? "");
    const end = at + match[0].length;
    return parsed.ok ? { end, reference: parsed.reference } : { end, fault: parsed.fault };
  }
  const close = text.indexOf("}}", at);
  if (close < 0) {
    const message = "A {{ is not closed; add }}, or write \\{{ for braces as text.";
    return { end: text.length, fault: { code: "EXPRESSION_UNCLOSED", message } };
  }
  if (close - at - 2 > MAX_EXPRESSION_LENGTH) {
    const message = `An expression is longer than ${MAX_EXPRESSION_LENGTH} characters; shorten it.`;
    return { end: close + 2, fault: { code: "EXPRESSION_TOO_LONG", message } };
  }
  const parsed = parseOnce(reader, text.slice(at + 2, close));
  if (!parsed.ok) return { end: close + 2, fault: parsed.fault };
  const message =
    "Braces or quotes inside an expression are not closed; for braces as text write \\{{.";
  return { end: close + 2, fault: { code: "EXPRESSION_INVALID", message } };
}

/** Parses a template; `\{{` is a literal `{{`, and a `}}` on its own is text. */
export function parseTemplate(text: string): ParsedTemplate {
  if (text.length > MAX_TEMPLATE_LENGTH) {
    const message = `The template is longer than ${MAX_TEMPLATE_LENGTH} characters; shorten it.`;
    return { ok: false, faults: [{ code: "TEMPLATE_TOO_LONG", message }] };
  }
  const reader = createReader(text);
  const parts: TemplatePart[] = [];
  const faults: TemplateFault[] = [];
  let literal = "";
  let from = 0;
  for (let at = text.indexOf("{{"); at >= 0; at = text.indexOf("{{", from)) {
    if (at > from && text[at - 1] === "\\") {
      literal += `${text.slice(from, at - 1)}{{`;
      from = at + 2;
      continue;
    }
    literal += text.slice(from, at);
    const found = readExpression(reader, at);
    from = found.end;
    if ("fault" in found) {
      if (!faults.includes(found.fault)) faults.push(found.fault);
      if (faults.length === MAX_FAULTS_PER_FIELD) break;
      continue;
    }
    if (literal !== "") parts.push(literal);
    literal = "";
    parts.push(found.reference);
  }
  literal += text.slice(from);
  if (literal !== "") parts.push(literal);
  return faults.length > 0 ? { ok: false, faults } : { ok: true, template: { parts } };
}

/** The references of a template, in order. */
export const listReferences = (template: Template): Reference[] =>
  template.parts.filter((part) => typeof part !== "string");

/** Reads a reference; undefined where something on its path is missing. */
function resolve(scope: TemplateScope, reference: Reference): Json | undefined {
  const root =
    reference.source === "nodes" ? scope.outputs.get(reference.nodeId) : scope[reference.source];
  return readPath(root, reference.path);
}

/** A value inside text: strings as they are, all else as JSON, missing as nothing. */
function toText(scope: TemplateScope, reference: Reference): string {
  const value = resolve(scope, reference);
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** How a value stands inside text. */
export type Wrap = (text: string, reference: Reference) => string;

const asItIs: Wrap = (text) => text;

/**
 * Renders to text, as fields that must be text do; `wrap` puts something around each value.
 * Throws `OUTPUT_TOO_LARGE` once the node has made more than `MAX_RENDERED_LENGTH` characters.
 */
export function renderText(
  scope: TemplateScope,
  { parts, wrap = asItIs }: Template & { wrap?: Wrap },
): string {
  let text = "";
  for (const part of parts) {
    const piece = typeof part === "string" ? part : wrap(toText(scope, part), part);
    scope.room -= piece.length;
    if (scope.room < 0) {
      const message = "The text that the templates of this node make is longer than 8 MiB.";
      throw new AppError("OUTPUT_TOO_LARGE", { message });
    }
    text += piece;
  }
  return text;
}

/** Renders a field that keeps types: one whole expression gives its value itself, missing is null. */
export function renderValue(scope: TemplateScope, template: Template): Json {
  const [first, ...more] = template.parts;
  if (first === undefined || typeof first === "string" || more.length > 0) {
    return renderText(scope, template);
  }
  return resolve(scope, first) ?? null;
}
