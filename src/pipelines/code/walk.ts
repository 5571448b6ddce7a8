// The nodes of a parsed code, each with its way up. Walked without recursion, however deep they nest.

import type { AnyNode, Program } from "acorn";

/** A node and where it stands. */
export interface Visit {
  readonly node: AnyNode;
  /** The member of the parent that holds the node; empty for the program. */
  readonly member: string;
  readonly up: Visit | null;
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

/** Adds the nodes right below one. */
function addChildren(visits: Visit[], up: Visit): void {
  for (const member of Object.keys(up.node)) {
    const value: unknown = Reflect.get(up.node, member);
    if (typeof value !== "object") continue;
    if (isNode(value)) visits.push({ node: value, member, up });
    else if (Array.isArray(value)) {
      for (const node of value) if (isNode(node)) visits.push({ node, member, up });
    }
  }
}

/** Every node, a parent before its children. */
export function walkCode(program: Program): Visit[] {
  const visits: Visit[] = [{ node: program, member: "", up: null }];
  for (const visit of visits) addChildren(visits, visit);
  return visits;
}

/** The parent's type and its member, such as `Property.key`. */
export const placeOf = ({ member, up }: Visit): string => `${up?.node.type ?? ""}.${member}`;

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
  NAME_PLACES.has(placeOf(visit)) && !isComputed(visit.up);

const PATTERN_PLACES: ReadonlySet<string> = new Set([
  "ArrayPattern.elements",
  "ObjectPattern.properties",
  "RestElement.argument",
  "AssignmentPattern.left",
]);

function isInPattern(visit: Visit): boolean {
  const place = placeOf(visit);
  if (place !== "Property.value") return PATTERN_PLACES.has(place);
  return visit.up?.up?.node.type === "ObjectPattern";
}

/** The whole pattern that an identifier is a part of; itself where there is none. */
export function findPattern(identifier: Visit): Visit {
  let visit = identifier;
  while (visit.up !== null && isInPattern(visit)) visit = visit.up;
  return visit;
}
