// Turns a JSON Schema as it was sent into the copy that is checked against, or into faults.
// The copy is needed: the checker marks schemas, so the stored one would change under its owner.

import type { Schema } from "@cfworker/json-schema";
import type { ErrorDetail } from "../../errors";
import type { Json } from "../record";
import { toPointer } from "../templates/mapping";
import { isObject } from "../values";
import {
  type Draft,
  DYNAMIC_KEYWORDS,
  isNames,
  type Keyword,
  KEYWORDS,
  UNAVAILABLE_KEYWORDS,
} from "./keywords";

/** Faults of one schema that are named at a time. */
export const MAX_SCHEMA_FAULTS = 20;
/** Schemas inside schemas. */
const MAX_SCHEMA_DEPTH = 64;

/** A schema of the copy, where it stood, and those that look at the same value. */
export interface CopiedSchema {
  readonly path: string;
  readonly schema: Schema;
  readonly inPlace: Schema[];
}

/** What copying a schema collects. */
export interface SchemaCopy {
  readonly draft: Draft;
  /** Prototype of every schema of the copy. */
  readonly prototype: object | null;
  readonly faults: ErrorDetail[];
  readonly schemas: Map<Schema, CopiedSchema>;
  /** Stand-ins for `false`. */
  readonly refusing: Set<Schema>;
}

interface Place {
  path: string;
  value: Json;
  depth: number;
}

interface Held extends Place {
  keyword: Keyword;
  holder: CopiedSchema;
}

/** Adds a fault of the schema at `path`. */
export function addSchemaFault(copy: SchemaCopy, fault: { path: string; message: string }): void {
  if (copy.faults.length < MAX_SCHEMA_FAULTS)
    copy.faults.push({ code: "SCHEMA_INVALID", ...fault });
}

function createSchema(copy: SchemaCopy, path: string): CopiedSchema {
  const schema: Schema = Object.create(copy.prototype);
  const created = { path, schema, inPlace: [] };
  copy.schemas.set(schema, created);
  return created;
}

/** `true` and `false` become objects, so that each use of them is counted. */
function copyBoolean(copy: SchemaCopy, place: Place): Schema {
  const { schema } = createSchema(copy, place.path);
  if (place.value === true) return schema;
  copy.refusing.add(schema);
  schema.not = createSchema(copy, place.path).schema;
  return schema;
}

/** Copies one schema and all below it. */
export function copySchema(copy: SchemaCopy, place: Place): Schema {
  const { path, value, depth } = place;
  if (typeof value === "boolean") return copyBoolean(copy, place);
  const holder = createSchema(copy, path);
  if (!isObject(value) || depth > MAX_SCHEMA_DEPTH) {
    const message = isObject(value)
      ? `Schemas are nested deeper than ${MAX_SCHEMA_DEPTH} levels; use $defs and $ref.`
      : "A schema is an object, true or false.";
    addSchemaFault(copy, { path, message });
    return holder.schema;
  }
  for (const [name, held] of Object.entries(value)) {
    const keyword = findKeyword(copy, { name, path: toPointer(path, name) });
    if (keyword === null) continue;
    const at = { path: toPointer(path, name), value: held, depth: depth + 1, keyword, holder };
    copyKeyword(copy, { ...at, name });
  }
  return holder.schema;
}

/** The keyword if it is to be copied; faults for those that are not to be had here. */
function findKeyword(copy: SchemaCopy, at: { name: string; path: string }): Keyword | null {
  const { name, path } = at;
  if (UNAVAILABLE_KEYWORDS.has(name) && copy.faults.length < MAX_SCHEMA_FAULTS) {
    const message = `The keyword ${name} cannot be checked by this version; remove it.`;
    copy.faults.push({ path, code: "SCHEMA_KEYWORD_UNAVAILABLE", message });
  }
  if (DYNAMIC_KEYWORDS.has(name)) {
    addSchemaFault(copy, { path, message: `${name} is not supported; use $ref.` });
  }
  const keyword = KEYWORDS.get(name);
  if (keyword?.draft === undefined || keyword.draft === copy.draft) return keyword ?? null;
  const message = `${name} belongs to ${keyword.draft}; this schema is read as ${copy.draft}, see $schema.`;
  addSchemaFault(copy, { path, message });
  return null;
}

function copyKeyword(copy: SchemaCopy, held: Held & { name: string }): void {
  const { holder, keyword, name, path, value } = held;
  if (keyword.shape === "plain") {
    if (keyword.takes?.test(value) === false) {
      addSchemaFault(copy, { path, message: `${name} takes ${keyword.takes.words}.` });
    }
    holder.schema[name] = value;
  } else if (keyword.shape === "schema") {
    holder.schema[name] = copyChild(copy, held);
  } else if (keyword.shape === "schemas") {
    holder.schema[name] = copyList(copy, held);
  } else if (keyword.shape === "schemaMap") {
    holder.schema[name] = copyMap(copy, held);
  } else if (keyword.shape === "items") {
    const isTuple = Array.isArray(value) && copy.draft === "draft-07";
    holder.schema.items = isTuple ? copyList(copy, held) : copyChild(copy, held);
  } else {
    copyDependencies(copy, held);
  }
}

function copyChild(copy: SchemaCopy, held: Held): Schema {
  const { path, value, depth } = held;
  if (Array.isArray(value)) {
    addSchemaFault(copy, {
      path,
      message: "One schema belongs here, not an array; in 2020-12 several stand in prefixItems.",
    });
    return {};
  }
  const schema = copySchema(copy, { path, value, depth });
  if (held.keyword.inPlace === true) held.holder.inPlace.push(schema);
  return schema;
}

function copyList(copy: SchemaCopy, held: Held): Schema[] {
  const { path, value } = held;
  if (!Array.isArray(value) || value.length === 0) {
    addSchemaFault(copy, { path, message: "An array with at least one schema belongs here." });
    return [];
  }
  return value.map((item, index) => {
    return copyChild(copy, { ...held, path: `${path}/${index}`, value: item });
  });
}

function copyMap(copy: SchemaCopy, held: Held): Record<string, Schema> {
  const { path, value } = held;
  // Without a prototype a property named __proto__ is one like any other.
  const result: Record<string, Schema> = Object.create(null);
  if (!isObject(value)) {
    addSchemaFault(copy, { path, message: "An object whose values are schemas belongs here." });
    return result;
  }
  for (const [name, item] of Object.entries(value)) {
    result[name] = copyChild(copy, { ...held, path: toPointer(path, name), value: item });
  }
  return result;
}

/** Draft-07's two-faced keyword as its two successors: the checker loses references inside it. */
function copyDependencies(copy: SchemaCopy, held: Held): void {
  const { holder, path, value } = held;
  if (!isObject(value)) {
    addSchemaFault(copy, { path, message: "dependencies takes an object." });
    return;
  }
  const names: Record<string, string[]> = Object.create(null);
  const schemas: Record<string, Schema> = Object.create(null);
  for (const [name, item] of Object.entries(value)) {
    const at = { ...held, path: toPointer(path, name), value: item };
    if (isNames(item)) names[name] = item;
    else schemas[name] = copyChild(copy, at);
  }
  holder.schema.dependentRequired = names;
  holder.schema.dependentSchemas = schemas;
}
