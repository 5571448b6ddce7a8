// Turns a JSON Schema as it was sent into the copy that is checked against, or into faults.
// The copy is needed: the checker marks schemas, so the stored one would change under its owner.

import type { Schema } from "@cfworker/json-schema";
import type { ErrorDetail } from "../../errors";
import { isRecord } from "../../lib/json-value";
import type { Json } from "../record";
import { toPointer } from "../templates/mapping";
import {
  type Draft,
  DYNAMIC_KEYWORDS,
  isNames,
  type Keyword,
  KEYWORDS,
  SANDBOXED_KEYWORDS,
} from "./keywords";

/** Faults that are named of a schema at a time. */
export const MAX_SCHEMA_FAULTS = 20;
/** Schemas inside schemas, and all schemas of one; compiling takes about 5 µs each. */
const MAX_SCHEMA_DEPTH = 64;
const MAX_SCHEMAS = 2_000;

/** A schema of the copy, and the schemas that it applies, by what they are applied to. */
export interface CopiedSchema {
  readonly path: string;
  readonly schema: Schema;
  readonly value: CopiedSchema[];
  readonly members: CopiedSchema[];
  readonly names: CopiedSchema[];
  readonly named: Map<string, CopiedSchema>;
  readonly items: CopiedSchema[];
  readonly prefix: CopiedSchema[];
}

/** What copying a schema collects. */
export interface SchemaCopy {
  readonly draft: Draft;
  readonly faults: ErrorDetail[];
  readonly schemas: CopiedSchema[];
  /** Stand-ins for `false`. */
  readonly refusing: Set<Schema>;
  /** It has a keyword that is checked in the sandbox only. */
  needsSandbox: boolean;
}

interface Place {
  path: string;
  value: Json;
  depth: number;
}

/** The value of a keyword, or a part of it. */
interface Held extends Place {
  keyword: Keyword;
  holder: CopiedSchema;
  /** Of a schema in an object: its name there. */
  key?: string;
}

/** Adds a fault of the schema at `path`, unless there are enough. */
export function addSchemaFault(copy: SchemaCopy, at: { path: string; message: string }): void {
  if (copy.faults.length < MAX_SCHEMA_FAULTS) copy.faults.push({ ...at, code: "SCHEMA_INVALID" });
}

function createSchema(copy: SchemaCopy, path: string): CopiedSchema {
  const created: CopiedSchema = {
    path,
    schema: {},
    value: [],
    members: [],
    names: [],
    named: new Map(),
    items: [],
    prefix: [],
  };
  copy.schemas.push(created);
  return created;
}

/** `true` and `false` become objects: the checker tells no place for a `false` that refuses. */
function copyBoolean(copy: SchemaCopy, place: Place): CopiedSchema {
  const created = createSchema(copy, place.path);
  if (place.value === true) return created;
  const not = createSchema(copy, place.path);
  copy.refusing.add(created.schema);
  created.schema.not = not.schema;
  created.value.push(not);
  return created;
}

const isBeyondLimits = (copy: SchemaCopy, depth: number): boolean =>
  depth > MAX_SCHEMA_DEPTH || copy.schemas.length >= MAX_SCHEMAS;

/** Copies one schema and all below it. */
export function copySchema(copy: SchemaCopy, place: Place): CopiedSchema {
  const { path, value, depth } = place;
  if (typeof value === "boolean") return copyBoolean(copy, place);
  const [root] = copy.schemas;
  if (root !== undefined && isRecord(value) && isBeyondLimits(copy, depth)) {
    const message = `There are more than ${MAX_SCHEMAS} schemas, or ${MAX_SCHEMA_DEPTH} inside one another; use fewer.`;
    addSchemaFault(copy, { path, message });
    // Any will do: a schema with faults is not checked against.
    return root;
  }
  const holder = createSchema(copy, path);
  if (!isRecord(value)) {
    addSchemaFault(copy, { path, message: "A schema is an object, true or false." });
    return holder;
  }
  for (const [name, held] of Object.entries(value)) {
    const at = { path: toPointer(path, name), value: held, depth: depth + 1, holder };
    const keyword = findKeyword(copy, { name, path: at.path });
    if (keyword !== null) copyKeyword(copy, { ...at, name, keyword });
  }
  return holder;
}

/** The keyword if it is to be copied, and whether it needs the sandbox; faults for those that are not to be had here. */
function findKeyword(copy: SchemaCopy, at: { name: string; path: string }): Keyword | null {
  const { name, path } = at;
  if (SANDBOXED_KEYWORDS.has(name)) copy.needsSandbox = true;
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
    copyItems(copy, held);
  } else {
    copyDependencies(copy, held);
  }
}

/** Notes that the holder applies a schema. */
function attach(held: Held, child: CopiedSchema): void {
  const { holder, key } = held;
  const { on } = held.keyword;
  if (on === undefined) return;
  if (on !== "named") holder[on].push(child);
  else if (key !== undefined) holder.named.set(key, child);
}

function copyChild(copy: SchemaCopy, held: Held): Schema {
  const { path, value, depth } = held;
  if (Array.isArray(value)) {
    const message =
      "One schema belongs here, not an array; in 2020-12 several stand in prefixItems.";
    addSchemaFault(copy, { path, message });
    return {};
  }
  const child = copySchema(copy, { path, value, depth });
  attach(held, child);
  return child.schema;
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

/** One schema for all items, or in draft-07 an array of them for the first ones. */
function copyItems(copy: SchemaCopy, held: Held): void {
  const isTuple = Array.isArray(held.value) && copy.draft === "draft-07";
  held.holder.schema.items = isTuple
    ? copyList(copy, { ...held, keyword: { shape: "schemas", on: "prefix" } })
    : copyChild(copy, held);
}

function copyMap(copy: SchemaCopy, held: Held): Record<string, Schema> {
  const { path, value } = held;
  // Without a prototype a property named __proto__ is one like any other.
  const result: Record<string, Schema> = Object.create(null);
  if (!isRecord(value)) {
    addSchemaFault(copy, { path, message: "An object whose values are schemas belongs here." });
    return result;
  }
  for (const [name, item] of Object.entries(value)) {
    const at = { path: toPointer(path, name), value: item, key: name };
    if (held.keyword.names?.test(name) === false) {
      addSchemaFault(copy, {
        path: at.path,
        message: `This name is not ${held.keyword.names.words}.`,
      });
    }
    result[name] = copyChild(copy, { ...held, ...at });
  }
  return result;
}

/** Draft-07's two-faced keyword as its two successors: the checker loses references inside it. */
function copyDependencies(copy: SchemaCopy, held: Held): void {
  const { holder, path, value } = held;
  if (!isRecord(value)) {
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
