// Marks statements, so that an error tells its line: QuickJS keeps the lines of calls, `throw` and
// statements that are expressions, and of no others. A mark adds no line and gives no value.

import type { Span } from "./spans";
import { placeOf, type Visit } from "./walk";

/** A statement that is an expression, in front of one that is none. */
export const MARK = "0;";

const UNMARKED: ReadonlySet<string> = new Set([
  "ReturnStatement",
  "VariableDeclaration",
  "IfStatement",
  "SwitchStatement",
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "WhileStatement",
  "DoWhileStatement",
]);

/** Where one statement more may stand. */
const LIST_PLACES: ReadonlySet<string> = new Set([
  "Program.body",
  "BlockStatement.body",
  "StaticBlock.body",
  "SwitchCase.consequent",
]);

/** The empty spans in front of statements that take a mark. */
export const findUnmarked = (visits: readonly Visit[]): Span[] =>
  visits
    .filter((visit) => UNMARKED.has(visit.node.type) && LIST_PLACES.has(placeOf(visit)))
    .map(({ node: { start } }) => ({ start, end: start }));
