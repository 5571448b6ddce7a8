// Puts variables in the place of a code's expressions. No value ever becomes a part of the text.

import { parseExpressionAt } from "acorn";
import type { TemplatePart } from "../templates/template";
import type { Binder } from "./bindings";
import type { CodeExpression, CodeFault, ScannedCode } from "./expressions";
import { findUnmarked, MARK } from "./lines";
import type { ParsedCode } from "./parse";
import { findSpan, type Span } from "./spans";
import { findPattern, isName, placeOf, type Visit } from "./walk";

/** A part of the text and what stands there instead. */
interface Edit extends Span {
  text: string;
}

export interface Rewritten {
  text: string;
  /** Expressions that stand outside of comments. */
  used: CodeExpression[];
  faults: CodeFault[];
}

/** Where a pattern or an identifier is given a value, or declared. */
const TARGET_PLACES: ReadonlySet<string> = new Set([
  "VariableDeclarator.id",
  "AssignmentExpression.left",
  "UpdateExpression.argument",
  "ForInStatement.left",
  "ForOfStatement.left",
  "CatchClause.param",
  "FunctionDeclaration.id",
  "FunctionDeclaration.params",
  "FunctionExpression.id",
  "FunctionExpression.params",
  "ArrowFunctionExpression.params",
  "ClassDeclaration.id",
  "ClassExpression.id",
]);

const PLACE_FAULTS = {
  target:
    "An expression is a value: it cannot be declared, assigned to or deleted; use a variable of your own.",
  name: "An expression cannot stand for a name; a property takes it in brackets: [{{…}}].",
  part: "An expression cannot be a part of a longer name; put a space or an operator between them.",
  regex: "An expression cannot stand in a regular expression; write new RegExp({{…}}) instead.",
};

interface Rewriter {
  readonly scanned: ScannedCode;
  readonly binder: Binder;
  /** By their starts; those that have found their place are taken out. */
  readonly left: Map<number, CodeExpression>;
  readonly edits: Edit[];
  readonly faults: CodeFault[];
}

function refuse(rewriter: Rewriter, data: { at: number; why: keyof typeof PLACE_FAULTS }): void {
  const { at, why } = data;
  rewriter.left.delete(at);
  rewriter.faults.push({ at, code: "EXPRESSION_MISPLACED", message: PLACE_FAULTS[why] });
}

/** Takes out the expressions inside a span, in their order. */
function takeInside(rewriter: Rewriter, { start, end }: Span): CodeExpression[] {
  const { expressions } = rewriter.scanned;
  const inside: CodeExpression[] = [];
  for (let index = findSpan(expressions, start); ; index += 1) {
    const next = expressions[index];
    if (next === undefined || next.end > end) return inside;
    if (rewriter.left.delete(next.start)) inside.push(next);
  }
}

/** An identifier that is one whole expression. */
function rewriteIdentifier(rewriter: Rewriter, visit: Visit): void {
  const { start, end } = visit.node;
  const expression = rewriter.left.get(start);
  if (expression === undefined || expression.end !== end) return;
  const parent = visit.up?.node;
  if (isName(visit) || (parent?.type === "Property" && parent.shorthand)) {
    return refuse(rewriter, { at: start, why: "name" });
  }
  if (TARGET_PLACES.has(placeOf(findPattern(visit)))) {
    return refuse(rewriter, { at: start, why: "target" });
  }
  rewriter.left.delete(start);
  const text = rewriter.binder.bindValue(expression.reference);
  rewriter.edits.push({ start, end, text });
}

/** What a part of a string literal says, its escapes read. */
function readLiteral(quote: string, raw: string): string {
  if (!raw.includes("\\")) return raw;
  const literal = parseExpressionAt(`${quote}${raw}${quote}`, 0, { ecmaVersion: 2023 });
  return literal.type === "Literal" ? String(literal.value) : raw;
}

/** The text of a string literal, with its expressions as parts. */
function readParts(
  text: string,
  data: { literal: Span; inside: readonly CodeExpression[] },
): TemplatePart[] {
  const { literal, inside } = data;
  const quote = text.charAt(literal.start);
  const parts: TemplatePart[] = [];
  let from = literal.start + 1;
  for (const { start, end, reference } of inside) {
    parts.push(readLiteral(quote, text.slice(from, start)), reference);
    from = end;
  }
  parts.push(readLiteral(quote, text.slice(from, literal.end - 1)));
  return parts.filter((part) => part !== "");
}

/** Whether `delete` takes it, in parentheses or not: of a variable it takes none. */
const isDeleted = ({ up }: Visit): boolean =>
  up !== null &&
  (up.node.type === "ParenthesizedExpression"
    ? isDeleted(up)
    : up.node.type === "UnaryExpression" && up.node.operator === "delete");

/**
 * A string literal becomes a variable that holds its text: a name where a string has stood begins
 * and ends no statement that the string did not, and binds as tightly.
 */
function rewriteString(rewriter: Rewriter, visit: Visit): void {
  const { node: literal, up } = visit;
  const inside = takeInside(rewriter, literal);
  const [first] = inside;
  if (first === undefined) return;
  if (isDeleted(visit)) return refuse(rewriter, { at: first.start, why: "target" });
  const { start, end } = literal;
  const name = rewriter.binder.bindText(readParts(rewriter.scanned.text, { literal, inside }));
  const isKey = isName(visit);
  rewriter.edits.push({ start, end, text: isKey ? ` [${name}] ` : ` ${name} ` });
  // The bracket of a key would go on with the field before it, where that ends without a semicolon.
  if (isKey && up !== null && up.node.type !== "Property") {
    rewriter.edits.push({ start: up.node.start, end: up.node.start, text: ";" });
  }
}

/** In the text of a template literal an expression is one more substitution, for a tag as well. */
function rewriteTemplate(rewriter: Rewriter, span: Span): void {
  for (const { start, end, reference } of takeInside(rewriter, span)) {
    const text = `\${${rewriter.binder.bindText([reference])}}`;
    rewriter.edits.push({ start, end, text });
  }
}

function rewriteNode(rewriter: Rewriter, visit: Visit): void {
  const { node } = visit;
  if (node.type === "Identifier") return rewriteIdentifier(rewriter, visit);
  if (node.type === "TemplateElement") return rewriteTemplate(rewriter, node);
  if (node.type !== "Literal") return;
  if (node.regex === undefined) return rewriteString(rewriter, visit);
  for (const { start } of takeInside(rewriter, node)) {
    refuse(rewriter, { at: start, why: "regex" });
  }
}

function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = "";
  let from = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    result += text.slice(from, edit.start) + edit.text;
    from = edit.end;
  }
  return result + text.slice(from);
}

/** Rewrites a parsed code; what the expressions read is bound by `binder`. */
export function rewriteCode(
  binder: Binder,
  data: { scanned: ScannedCode; parsed: ParsedCode },
): Rewritten {
  const { scanned, parsed } = data;
  const left = new Map(scanned.expressions.map((expression) => [expression.start, expression]));
  const edits: Edit[] = findUnmarked(parsed.visits).map((span) => ({ ...span, text: MARK }));
  const rewriter: Rewriter = { scanned, binder, left, edits, faults: [] };
  for (const comment of parsed.comments) takeInside(rewriter, comment);
  const used = [...left.values()];
  for (const visit of parsed.visits) rewriteNode(rewriter, visit);
  // Of a code that is no JavaScript it is not known where they stand.
  if (parsed.visits.length > 0) for (const at of left.keys()) refuse(rewriter, { at, why: "part" });
  return { text: applyEdits(scanned.text, rewriter.edits), used, faults: rewriter.faults };
}
