// The nodes of a parsed code, each with its way up. Walked without recursion, however deep they nest.

import type { AnyNode, Program } from "acorn";

/** A node and where it stands. */
export interface Visit {
  readonly node: AnyNode;
  /** The parent's type and the member that holds the node, such as `Property.key`. */
  readonly place: string;
  readonly up: Visit | null;
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

function listChildren(up: Visit): Visit[] {
  return Object.entries(up.node).flatMap(([member, value]) => {
    const nodes: unknown[] = Array.isArray(value) ? value : [value];
    const place = `${up.node.type}.${member}`;
    return nodes.filter(isNode).map((node) => ({ node, place, up }));
  });
}

/** Every node, a parent before its children. */
export function walkCode(program: Program): Visit[] {
  const visits: Visit[] = [{ node: program, place: "", up: null }];
  for (const visit of visits) for (const child of listChildren(visit)) visits.push(child);
  return visits;
}

/** The nearest node of one of these types, the visit's own included. */
export function findUp(from: Visit | null, types: ReadonlySet<string>): Visit | null {
  let visit = from;
  while (visit !== null && !types.has(visit.node.type)) visit = visit.up;
  return visit;
}

/** Functions that have a `return` and a `var` scope of their own. */
export const FUNCTION_TYPES: ReadonlySet<string> = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
]);

/** Where an identifier is a name and no variable, unless it stands in brackets. */
const NAME_PLACES: ReadonlySet<string> = new Set([
  "MemberExpression.property",
  "Property.key",
  "MethodDefinition.key",
  "PropertyDefinition.key",
  "LabeledStatement.label",
  "BreakStatement.label",
  "ContinueStatement.label",
  "MetaProperty.meta",
  "MetaProperty.property",
]);

const isComputed = (visit: Visit | null): boolean =>
  visit !== null && "computed" in visit.node && visit.node.computed;

/** Whether the node names a property or a label, and stands for no value. */
export const isName = (visit: Visit): boolean =>
  NAME_PLACES.has(visit.place) && !isComputed(visit.up);

const isInPattern = ({ place, up }: Visit): boolean =>
  place === "ArrayPattern.elements" ||
  place === "ObjectPattern.properties" ||
  place === "RestElement.argument" ||
  place === "AssignmentPattern.left" ||
  (place === "Property.value" && up?.place === "ObjectPattern.properties");

/** The whole pattern that an identifier is a part of; itself where there is none. */
export function findPattern(identifier: Visit): Visit {
  let visit = identifier;
  while (visit.up !== null && isInPattern(visit)) visit = visit.up;
  return visit;
}
