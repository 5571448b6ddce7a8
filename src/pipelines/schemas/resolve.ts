// References of a copied schema: each has a target inside the schema, and no circle of them is endless.

import { dereference, type Schema } from "@cfworker/json-schema";
import { findCycles, type Graph, sortTopologically } from "../shape/graph";
import { addSchemaFault, type CopiedSchema, type SchemaCopy } from "./copy";

/** Schemas that are applied to one value, each by the one before; the checker's time grows by the square. */
const MAX_CHAIN = 100;

/** Schemas by absolute URI, as the checker looks them up. */
export type Lookup = Record<string, Schema | boolean>;

/** The target of a schema's `$ref`. */
export function findTarget(lookup: Lookup, schema: Schema): Schema | null {
  const target = lookup[schema.__absolute_ref__ ?? ""];
  return typeof target === "object" ? target : null;
}

function buildLookup(copy: SchemaCopy, root: CopiedSchema): Lookup | null {
  try {
    return dereference(root.schema);
  } catch {
    // It throws on malformed URIs, on two schemas with one URI, and on names with half a surrogate pair.
    const message = "An $id, $anchor, $ref or property name is malformed or used twice; mend it.";
    addSchemaFault(copy, { path: "", message });
    return null;
  }
}

/** Adds the target of each `$ref` to what its schema applies, or a fault where there is none. */
function attachTargets(copy: SchemaCopy, lookup: Lookup): void {
  const copies = new Map(copy.schemas.map((one) => [one.schema, one]));
  for (const { path, schema, value } of copy.schemas) {
    if (schema.$ref === undefined) continue;
    const target = copies.get(findTarget(lookup, schema) ?? {});
    if (target !== undefined) value.push(target);
    else {
      const message = "This $ref has no target inside the schema; others are never fetched.";
      addSchemaFault(copy, { path: `${path}/$ref`, message });
    }
  }
}

/** Each schema, and the ones that look at the same value as it does. */
function buildValueGraph(schemas: readonly CopiedSchema[]): Graph {
  const numbers = new Map(schemas.map((one, index) => [one, index]));
  const predecessors = schemas.map((): number[] => []);
  const successors = schemas.map(({ value }, index) => {
    const next = value.map((one) => numbers.get(one) ?? index);
    for (const one of next) predecessors[one]?.push(index);
    return next;
  });
  return { ids: schemas.map(({ path }) => path), indexOf: new Map(), successors, predecessors };
}

/** Adds a fault where a chain of schemas for one value has no end, or a far one. */
function checkChains(copy: SchemaCopy, graph: Graph): void {
  const order = sortTopologically(graph);
  if (order === null) {
    const [first = 0] = findCycles(graph).next().value ?? [];
    const message = "This schema refers to itself for the same value, which never ends.";
    addSchemaFault(copy, { path: graph.ids[first] ?? "", message });
    return;
  }
  const depths: number[] = [];
  for (const node of order) {
    const before = (graph.predecessors[node] ?? []).map((one) => depths[one] ?? 0);
    const depth = Math.max(0, ...before) + 1;
    depths[node] = depth;
    if (depth <= MAX_CHAIN) continue;
    const message = `More than ${MAX_CHAIN} schemas follow one another for one value; use fewer.`;
    addSchemaFault(copy, { path: graph.ids[node] ?? "", message });
    return;
  }
}

/** Resolves all references; null with faults added where one has no target or never ends. */
export function resolveReferences(copy: SchemaCopy, root: CopiedSchema): Lookup | null {
  const lookup = buildLookup(copy, root);
  if (lookup === null) return null;
  attachTargets(copy, lookup);
  checkChains(copy, buildValueGraph(copy.schemas));
  return copy.faults.length === 0 ? lookup : null;
}
