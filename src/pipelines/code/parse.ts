// Reads a code as JavaScript, with acorn: what it is made of, or why it cannot run. Runs nothing.

import type { Options } from "acorn";
import { type CodeFault, MASK, type ScannedCode } from "./expressions";
import { CodeParser, TooManyNames } from "./parser";
import type { Span } from "./spans";
import { FUNCTION_TYPES, findUp, isName, type Visit, walkCode } from "./walk";

/** A function body that returns its result, or one expression. */
export type CodeKind = "body" | "expression";

/**
 * What stands around a code in the function body that is run: an expression gives its truth, and a
 * comment in the last line ends there. A head has no line end: lines count from the code's first.
 */
export const FRAMES: Readonly<Record<CodeKind, { head: string; tail: string }>> = {
  body: { head: "", tail: "\n" },
  expression: { head: "return !!(", tail: "\n);" },
};

export interface ParsedCode {
  /** None where the code is no JavaScript. */
  visits: Visit[];
  /** Comments before the first fault of the grammar. */
  comments: Span[];
  faults: CodeFault[];
}

/** A strict function's body in what QuickJS runs. */
const OPTIONS: Options = {
  ecmaVersion: 2023,
  sourceType: "commonjs",
  strict: true,
  // The code is no file: in a function's body "#!" begins nothing.
  allowHashBang: false,
  preserveParens: true,
};

const HINTS: Readonly<Record<CodeKind, string>> = {
  body: "",
  expression:
    " Write one expression, without return and semicolons, such as {{input.total}} > 100.",
};

const unsupported = (at: number): CodeFault => ({
  at,
  code: "CODE_UNSUPPORTED",
  message:
    "async, await, import and export are not available: the code runs to its end at once, and all that it reads is there already.",
});

/** Words after or before which the grammar stops where the code is not what can be run here. */
const UNSUPPORTED_AHEAD = /^(?:await|import|export)\b/;
const UNSUPPORTED_BEHIND = /\bawait\s+$/;
/** Longer than any of the words and the spaces one may expect after it. */
const NEAR = 40;

/** A code that nests beyond the stack, as the engine or the parser says it. */
const isTooDeep = (error: Error): boolean =>
  error instanceof RangeError || error.message.startsWith("Not enough stack space");

const TOO_DEEP: CodeFault = {
  at: 0,
  code: "CODE_INVALID",
  message: "The code nests too deeply; take it apart.",
};

const TOO_MANY_NAMES: Omit<CodeFault, "at"> = {
  code: "CODE_INVALID",
  message: "The code declares too many names; put values into arrays or objects instead.",
};

/** The parser's own error; it tells of the code's grammar alone. */
function toGrammarFault(
  scanned: ScannedCode,
  data: { error: SyntaxError; kind: CodeKind },
): CodeFault {
  const { error, kind } = data;
  const end = scanned.text.length - FRAMES[kind].tail.length;
  const at = "pos" in error && typeof error.pos === "number" ? error.pos : end;
  const isUnsupported =
    UNSUPPORTED_AHEAD.test(scanned.masked.slice(at, at + NEAR)) ||
    UNSUPPORTED_BEHIND.test(scanned.masked.slice(Math.max(0, at - NEAR), at));
  if (isUnsupported) return unsupported(at);
  const reason = at >= end ? "the code ends too early" : error.message.replace(/ \(\d+:\d+\)$/, "");
  const told = reason.replace(MASK, "{{…}}");
  return {
    at: Math.min(at, end),
    code: "CODE_INVALID",
    message: `This is no valid JavaScript: ${told}.${HINTS[kind]}`,
  };
}

/** `await (x)` is a call for the grammar, where it stands in no async function. */
function isUnsupported(visit: Visit): boolean {
  const { node } = visit;
  if (node.type === "Identifier") return node.name === "await" && !isName(visit);
  return node.type === "ImportExpression" || ("async" in node && node.async === true);
}

function findUnsupported(visits: readonly Visit[]): CodeFault[] {
  const starts = visits.filter(isUnsupported).map(({ node }) => node.start);
  return starts
    .toSorted((a, b) => a - b)
    .slice(0, 1)
    .map(unsupported);
}

/** Something is returned by the code itself, not only by functions inside it. */
function checkReturn(visits: readonly Visit[]): CodeFault[] {
  const returns = visits.some(
    (visit) =>
      visit.node.type === "ReturnStatement" &&
      visit.node.argument !== null &&
      findUp(visit, FUNCTION_TYPES) === null,
  );
  if (returns) return [];
  const message = "The code returns nothing, so its output could only be null; return a value.";
  return [{ at: 0, code: "CODE_NO_RETURN", message }];
}

/** The parentheses of the frame belong together, so that all between them is one expression. */
function checkExpression(visits: readonly Visit[], text: string): CodeFault[] {
  const { head, tail } = FRAMES.expression;
  const open = head.indexOf("(");
  const close = text.length - tail.length + tail.indexOf(")") + 1;
  const isOne = visits.some(
    ({ node }) =>
      node.type === "ParenthesizedExpression" && node.start === open && node.end === close,
  );
  if (isOne) return [];
  const message = `This is more than one expression.${HINTS.expression}`;
  return [{ at: head.length, code: "CODE_INVALID", message }];
}

/** Reads a code in its frame. */
export function parseCode(scanned: ScannedCode, kind: CodeKind): ParsedCode {
  const comments: Span[] = [];
  // oxlint-disable-next-line eslint/max-params -- acorn's signature
  const onComment: Options["onComment"] = (_isBlock, _text, start, end) =>
    void comments.push({ start, end });
  try {
    const visits = walkCode(CodeParser.parse(scanned.masked, { ...OPTIONS, onComment }));
    const unable = findUnsupported(visits);
    const shape = kind === "body" ? checkReturn(visits) : checkExpression(visits, scanned.masked);
    return { visits, comments, faults: [...unable, ...shape] };
  } catch (error) {
    if (error instanceof TooManyNames) {
      return { visits: [], comments, faults: [{ ...TOO_MANY_NAMES, at: error.at }] };
    }
    if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error;
    const fault = isTooDeep(error) ? TOO_DEEP : toGrammarFault(scanned, { error, kind });
    return { visits: [], comments, faults: [fault] };
  }
}
