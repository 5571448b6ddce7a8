// Which of the sources a code reads as plain variables: names that no declaration of its own hides.

import { type Source, SOURCES } from "../templates/expression";
import { FUNCTION_TYPES, findPattern, findUp, isName, placeOf, type Visit } from "./walk";

const FUNCTION_SCOPES: ReadonlySet<string> = new Set([...FUNCTION_TYPES, "StaticBlock", "Program"]);
const BLOCK_SCOPES: ReadonlySet<string> = new Set([
  ...FUNCTION_SCOPES,
  "BlockStatement",
  "SwitchStatement",
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
]);

/** Places whose names are known in the parent itself. */
const OWN_PLACES: ReadonlySet<string> = new Set([
  "FunctionDeclaration.params",
  "FunctionExpression.params",
  "FunctionExpression.id",
  "ArrowFunctionExpression.params",
  "ClassExpression.id",
  "CatchClause.param",
]);

function isVar(declaration: Visit | null): boolean {
  return declaration?.node.type === "VariableDeclaration" && declaration.node.kind === "var";
}

/** The node in which an identifier declares its name; null where it declares none. */
function findScope(identifier: Visit): Visit | null {
  const pattern = findPattern(identifier);
  const { up } = pattern;
  const place = placeOf(pattern);
  if (OWN_PLACES.has(place)) return up;
  const around = up?.up ?? null;
  if (place === "FunctionDeclaration.id" || place === "ClassDeclaration.id") {
    return findUp(around, BLOCK_SCOPES);
  }
  if (place !== "VariableDeclarator.id") return null;
  if (!isVar(around)) return findUp(around, BLOCK_SCOPES);
  const scope = findUp(around, FUNCTION_SCOPES);
  // As with a parameter, a `var` of the code itself keeps the value until it is given another.
  return scope?.node.type === "Program" ? null : scope;
}

const readSource = ({ node }: Visit): Source | null =>
  node.type === "Identifier" ? (SOURCES.find((source) => source === node.name) ?? null) : null;

/** The visits below any of `scopes`. */
function findBelow(visits: readonly Visit[], scopes: ReadonlySet<unknown>): ReadonlySet<unknown> {
  const below = new Set<unknown>();
  if (scopes.size === 0) return below;
  for (const visit of visits) {
    if (below.has(visit.up) || scopes.has(visit.up?.node)) below.add(visit);
  }
  return below;
}

/** Identifiers that read a source, by its name. */
export function findFreeSources(visits: readonly Visit[]): Map<Source, Visit[]> {
  const named = visits.flatMap((visit) => {
    const source = readSource(visit);
    return source === null || isName(visit) ? [] : [{ visit, source, scope: findScope(visit) }];
  });
  const free = new Map<Source, Visit[]>();
  for (const source of SOURCES) {
    const own = named.filter((one) => one.source === source);
    const scopes = new Set(own.flatMap(({ scope }) => (scope === null ? [] : scope.node)));
    const hidden = findBelow(visits, scopes);
    const uses = own.flatMap(({ visit, scope }) =>
      scope === null && !hidden.has(visit) ? visit : [],
    );
    if (uses.length > 0) free.set(source, uses);
  }
  return free;
}
