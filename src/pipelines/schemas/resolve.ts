// References of a copied schema: each has a target inside the schema, and no circle of them is endless.

import { dereference, type Schema } from "@cfworker/json-schema";
import { findCycles, type Graph } from "../graph";
import { addSchemaFault, type SchemaCopy } from "./copy";

/** Schemas by absolute URI, as the checker looks them up. */
export type Lookup = Record<string, Schema | boolean>;

/** The target of a schema's `$ref`. */
export function findTarget(lookup: Lookup, schema: Schema): Schema | null {
  const target = lookup[schema.__absolute_ref__ ?? ""];
  return typeof target === "object" ? target : null;
}

function buildLookup(copy: SchemaCopy, root: Schema): Lookup | null {
  try {
    return dereference(root);
  } catch {
    // It throws on malformed URIs, on two schemas with one URI, and on names with half a surrogate pair.
    const message = "An $id, $anchor, $ref or property name is malformed or used twice; mend it.";
    addSchemaFault(copy, { path: "", message });
    return null;
  }
}

/** Each schema, and the ones that look at the same value as it does. */
function buildInPlaceGraph(copy: SchemaCopy, lookup: Lookup): Graph {
  const schemas = [...copy.schemas.values()];
  const numbers = new Map(schemas.map(({ schema }, index) => [schema, index]));
  const predecessors = schemas.map((): number[] => []);
  const successors = schemas.map(({ schema, inPlace }, index) => {
    const target = findTarget(lookup, schema);
    const next = target === null ? inPlace : [...inPlace, target];
    const found = next.map((one) => numbers.get(one)).filter((one) => one !== undefined);
    for (const one of found) predecessors[one]?.push(index);
    return found;
  });
  return { ids: schemas.map(({ path }) => path), indexOf: new Map(), successors, predecessors };
}

/** Resolves all references; null with faults added where one has no target or never ends. */
export function resolveReferences(copy: SchemaCopy, root: Schema): Lookup | null {
  const lookup = buildLookup(copy, root);
  if (lookup === null) return null;
  for (const { path, schema } of copy.schemas.values()) {
    if (schema.$ref === undefined || findTarget(lookup, schema) !== null) continue;
    const message = "This $ref has no target inside the schema; others are never fetched.";
    addSchemaFault(copy, { path: `${path}/$ref`, message });
  }
  const graph = buildInPlaceGraph(copy, lookup);
  for (const [first = 0] of findCycles(graph)) {
    const message = "This schema refers to itself for the same value, which never ends.";
    addSchemaFault(copy, { path: graph.ids[first] ?? "", message });
    break;
  }
  return copy.faults.length === 0 ? lookup : null;
}
