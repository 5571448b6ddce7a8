// What `echo` answers where an object is asked of it: its prompt where that is JSON, else the smallest
// value of the schema's form, with the prompt as its texts. It does not judge: that is the caller's.

import { parseJson } from "../lib/json";
import { isRecord, type Json } from "../lib/json-value";

/** Deeper than this a schema is answered with null. */
const MAX_DEPTH = 16;

const typeOf = (schema: Record<string, Json>): Json =>
  Array.isArray(schema["type"])
    ? (schema["type"][0] ?? null)
    : (schema["type"] ?? ("properties" in schema ? "object" : "string"));

function sampleObject(schema: Record<string, Json>, at: { text: string; depth: number }): Json {
  const { properties, required } = schema;
  const own = isRecord(properties) ? properties : {};
  const names = Array.isArray(required) ? required : Object.keys(own);
  const entries = names
    .filter((name) => typeof name === "string")
    .map((name) => [name, sample(own[name] ?? {}, { ...at, depth: at.depth + 1 })]);
  return Object.fromEntries(entries);
}

function sample(schema: Json, at: { text: string; depth: number }): Json {
  if (!isRecord(schema) || at.depth > MAX_DEPTH) return schema === true ? at.text : null;
  if (schema["const"] !== undefined) return schema["const"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0] ?? null;
  if (schema["default"] !== undefined) return schema["default"];
  switch (typeOf(schema)) {
    case "object":
      return sampleObject(schema, at);
    case "array":
      return Number(schema["minItems"] ?? 0) > 0
        ? [sample(schema["items"] ?? {}, { ...at, depth: at.depth + 1 })]
        : [];
    case "number":
    case "integer":
      return schema["minimum"] ?? 0;
    case "boolean":
      return false;
    case "null":
      return null;
    default:
      return at.text;
  }
}

/** The JSON that `echo` answers to a prompt, for a schema. */
export function answerJson(prompt: string, schema: Json): string {
  const given = parseJson(Buffer.from(prompt));
  return given.ok ? prompt : JSON.stringify(sample(schema, { text: prompt, depth: 0 }));
}
