// Finds the `{{…}}` of a code, and masks each as a name of the same length, so that JavaScript's
// grammar can read the rest and every offset stays what it is.

import type { Reference, TemplateFault } from "../templates/expression";
import { createReader, readExpression } from "../templates/template";

/** One expression; offsets count characters of the text. */
export interface CodeExpression {
  readonly start: number;
  readonly end: number;
  /** What stands between the braces. */
  readonly label: string;
  readonly reference: Reference;
}

/** A fault and the offset that it is about. */
export interface CodeFault extends TemplateFault {
  at: number;
}

export interface ScannedCode {
  readonly text: string;
  /** The text with a name in the place of each expression. */
  readonly masked: string;
  /** In the order of the text. */
  readonly expressions: readonly CodeExpression[];
  readonly faults: readonly CodeFault[];
}

const SPACE_BRACES = 'Two braces of JavaScript itself take a space between them: "{ {".';

/** What starts or ends a line in JavaScript. */
const LINE_END = /[\n\r\u2028\u2029]/;

const toFault = ({ code, message }: TemplateFault, at: number): CodeFault => ({
  at,
  code,
  message: code.startsWith("EXPRESSION_") ? `${message} ${SPACE_BRACES}` : message,
});

/** A name as long as the expression: letters that end no escape and begin no `${`. */
const maskOf = ({ start, end }: CodeExpression): string => "z".repeat(end - start);

/** A name that stands for an expression, in a message of the parser. */
export const MASK = /z{9,}/g;

function maskText(text: string, expressions: readonly CodeExpression[]): string {
  let masked = "";
  let from = 0;
  for (const expression of expressions) {
    masked += text.slice(from, expression.start) + maskOf(expression);
    from = expression.end;
  }
  return masked + text.slice(from);
}

/**
 * Finds all expressions and faulty ones; `\{{` is none. After a fault it looks on inside: what is
 * faulty in a comment counts for nothing, and must not hide what follows.
 */
export function scanCode(text: string): ScannedCode {
  const reader = createReader(text);
  const expressions: CodeExpression[] = [];
  const faults: CodeFault[] = [];
  let from = 0;
  for (let start = text.indexOf("{{"); start >= 0; start = text.indexOf("{{", from)) {
    from = start + 2;
    if (text[start - 1] === "\\") continue;
    const found = readExpression(reader, start);
    const label = text.slice(start + 2, found.end - 2).trim();
    if ("fault" in found) {
      faults.push(toFault(found.fault, start));
    } else if (LINE_END.test(text.slice(start, found.end))) {
      const message = "An expression in code stands on one line.";
      faults.push(toFault({ code: "EXPRESSION_INVALID", message }, start));
    } else {
      expressions.push({ start, end: found.end, label, reference: found.reference });
      from = found.end;
    }
  }
  return { text, masked: maskText(text, expressions), expressions, faults };
}
