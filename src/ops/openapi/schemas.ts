// JSON Schemas as the OpenAPI document shows them: plain, without what only the framework needs,
// and each named one once. Leaves what they are the schemas of to the other files.

import { isRecord } from "../../lib/json-value";

/** A JSON Schema of draft 2020-12 as data. */
export interface Schema {
  [keyword: string]: unknown;
}

/** `components.schemas`, filled by `placeSchema`. */
export type Components = Map<string, Schema>;

/** Keywords that hold schemas by name, a list of them, or one. */
const MAPS = new Set(["properties", "patternProperties", "$defs"]);
const LISTS = new Set(["anyOf", "oneOf", "allOf", "prefixItems"]);
const SINGLE = new Set(["items", "additionalProperties", "not", "contains", "propertyNames"]);

function mapParts(schema: Schema, map: (part: Schema) => Schema): Schema {
  const mapIfSchema = (value: unknown): unknown => (isRecord(value) ? map(value) : value);
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      if (SINGLE.has(keyword)) return [keyword, mapIfSchema(value)];
      if (LISTS.has(keyword) && Array.isArray(value)) return [keyword, value.map(mapIfSchema)];
      if (!MAPS.has(keyword) || !isRecord(value)) return [keyword, value];
      const parts = Object.entries(value).map(([name, part]) => [name, mapIfSchema(part)]);
      return [keyword, Object.fromEntries(parts)];
    }),
  );
}

const variantsOf = (schema: Schema): Schema[] =>
  Array.isArray(schema["anyOf"]) ? schema["anyOf"].filter(isRecord) : [];

/** A union of words is an enumeration. */
function mendWords(schema: Schema): Schema {
  const words = variantsOf(schema).map((variant) => variant["const"]);
  if (words.length === 0 || !words.every((word) => typeof word === "string")) return schema;
  const { anyOf: _, ...rest } = schema;
  return { ...rest, type: "string", enum: words };
}

/** A query's number is documented as such, not also as the text it arrives as. */
function mendNumberInQuery(schema: Schema): Schema {
  const variants = variantsOf(schema);
  const number = variants.find(({ type }) => type === "integer" || type === "number");
  const text = variants.find(
    ({ type, format }) => type === "string" && format === number?.["type"],
  );
  if (number === undefined || text === undefined) return schema;
  const { anyOf: _, ...rest } = schema;
  return { ...rest, ...number };
}

/** A type or null is one schema of two types; a named one stays a union with its reference. */
function mendNull(schema: Schema): Schema {
  const variants = variantsOf(schema);
  const [own, ...others] = variants.filter(({ type }) => type !== "null");
  const takesNull = variants.length === 2 && others.length === 0;
  if (!takesNull || typeof own?.["type"] !== "string") return schema;
  const { anyOf: _, ...rest } = schema;
  return { ...rest, ...own, type: [own["type"], "null"] };
}

/** `type: [x, "null"]` beside words lacks null among them. */
function mendNullableWords(schema: Schema): Schema {
  const { const: word, ...rest } = schema;
  const { type, enum: words = word === undefined ? [] : [word] } = rest;
  const takesNull = Array.isArray(type) && type.includes("null");
  if (!takesNull || !Array.isArray(words) || words.length === 0) return schema;
  return { ...rest, enum: [...words, null] };
}

/** Keys without a pattern of their own are plain additional ones. */
function mendRecord(schema: Schema): Schema {
  const { patternProperties, ...rest } = schema;
  if (!isRecord(patternProperties)) return schema;
  const { "^(.*)$": values, ...others } = patternProperties;
  if (values === undefined || Object.keys(others).length > 0) return schema;
  return { ...rest, additionalProperties: values };
}

/** An object that takes anything says so once. */
function mendOpenObject(schema: Schema): Schema {
  const { properties, ...rest } = schema;
  return isRecord(properties) && Object.keys(properties).length === 0 ? rest : schema;
}

/** What means nothing to a reader of the document; an object's example stands beside its body. */
function dropForeign(schema: Schema): Schema {
  const { $id: _id, error: _error, title: _title, examples, ...rest } = schema;
  return isRecord(rest["properties"]) || examples === undefined ? rest : { ...rest, examples };
}

const MENDS = [
  mendWords,
  mendNumberInQuery,
  mendNull,
  mendNullableWords,
  mendRecord,
  mendOpenObject,
  dropForeign,
];

/** In this order first; the rest follows as it stands. */
const KEYWORDS = ["type", "description", "enum", "const", "required", "properties", "items"];
const LAST_KEYWORDS = ["additionalProperties", "examples"];

function placeOf(keyword: string): number {
  const place = KEYWORDS.indexOf(keyword);
  return place === -1 ? KEYWORDS.length + LAST_KEYWORDS.indexOf(keyword) + 1 : place;
}

function finish(schema: Schema): Schema {
  const mended = MENDS.reduce<Schema>((value, mend) => mend(value), schema);
  const entries = Object.entries(mended).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.toSorted(([a], [b]) => placeOf(a) - placeOf(b)));
}

/** Puts a named schema where all can refer to it; a name stands for one schema only. */
function refer(components: Components, data: { name: string; schema: Schema }): Schema {
  const { name, schema } = data;
  const before = components.get(name);
  if (before !== undefined && JSON.stringify(before) !== JSON.stringify(schema)) {
    throw new Error(`Two schemas are named ${name}`);
  }
  components.set(name, schema);
  return { $ref: `#/components/schemas/${name}` };
}

/** The schema as it stands in the document; named ones in it move to `components`. */
export function placeSchema(components: Components, schema: Schema): Schema {
  const parts = mapParts(schema, (part) => placeSchema(components, part));
  const { type, title: name } = schema;
  if (typeof name !== "string") return finish(parts);
  // The library writes `named or null` as one schema of two types.
  const [own, takesNull] = Array.isArray(type)
    ? [type.find((one) => one !== "null"), true]
    : [type, false];
  const reference = refer(components, { name, schema: finish({ ...parts, type: own }) });
  return takesNull ? { anyOf: [reference, { type: "null" }] } : reference;
}

/** The example of a schema: its own, or put together from those of its parts; else undefined. */
export function exampleOf(schema: Schema): unknown {
  const { examples, const: fixed, properties, items } = schema;
  if (Array.isArray(examples)) return examples[0];
  if (fixed !== undefined) return fixed;
  if (isRecord(items)) {
    const example = exampleOf(items);
    return example === undefined ? undefined : [example];
  }
  if (isRecord(properties)) return exampleOfObject(properties);
  return variantsOf(schema).map(exampleOf)[0];
}

function exampleOfObject(properties: Record<string, unknown>): unknown {
  const parts = Object.entries(properties).map(([name, part]): [string, unknown] => [
    name,
    isRecord(part) ? exampleOf(part) : undefined,
  ]);
  return parts.some(([, part]) => part === undefined) ? undefined : Object.fromEntries(parts);
}
