// The fields of a node's `data` that hold expressions, code or a JSON Schema: parsed once, checked for
// what they read. Those of plain values are in `fields.ts`.

import { compileCode, type CompiledCode } from "./code/compile";
import type { CodeKind } from "./code/parse";
import { addTypeFault, type FieldRule, type FieldScope, readRequiredText } from "./fields";
import type { OutputSchema } from "./llm/structured";
import type { Json } from "./record";
import type { CheckInput } from "./schemas/compile";
import { compileInputSchema } from "./schemas/compile";
import type { Reference } from "./templates/expression";
import { type Mapping, parseMapping } from "./templates/mapping";
import { findReferenceFault } from "./templates/references";
import {
  listReferences,
  MAX_FAULTS_PER_FIELD,
  parseTemplate,
  type Template,
} from "./templates/template";
import { type JsonObject, readOwn } from "./values";

interface CodeOptions {
  name: string;
  kind: CodeKind;
}

const NOTHING_MAPPED: Mapping = { render: () => ({}), references: [] };
const EMPTY: Template = { parts: [] };
const EMPTY_CODE: CompiledCode = { body: "", bindings: [], reads: [] };

/** Notes and checks what a field's expressions name, up to as many faults as a field may have. */
function checkReferences(
  scope: FieldScope,
  at: { field: string; references: readonly { path?: string; reference: Reference }[] },
): void {
  let faults = 0;
  for (const { reference, ...place } of at.references) {
    scope.noteRead(reference);
    const fault = findReferenceFault(scope.around, reference);
    if (fault === null) continue;
    scope.addFault({ field: at.field, ...place, ...fault });
    faults += 1;
    if (faults === MAX_FAULTS_PER_FIELD) return;
  }
}

/** Parses a template and checks what it reads; one without anything where it has faults. */
export function readTemplate(scope: FieldScope, at: { field: string; text: string }): Template {
  const { field, text } = at;
  const parsed = parseTemplate(text);
  if (!parsed.ok) {
    for (const fault of parsed.faults) scope.addFault({ field, ...fault });
    return EMPTY;
  }
  const references = [...new Set(listReferences(parsed.template))].map((reference) => ({
    reference,
  }));
  checkReferences(scope, { field, references });
  return parsed.template;
}

/** A template that must give text; required. */
export const requiredTemplateField = (name: string): FieldRule<Template> => ({
  name,
  read(scope) {
    const text = readRequiredText(scope, name);
    return text === null ? EMPTY : readTemplate(scope, { field: name, text });
  },
});

/** A template that must give text; null where there is none. */
export const templateField = (name: string): FieldRule<Template | null> => ({
  name,
  read(scope) {
    const text = readOwn(scope.data, name);
    if (text === undefined || text === "") return null;
    if (typeof text === "string") return readTemplate(scope, { field: name, text });
    addTypeFault(scope, { field: name, takes: "a string" });
    return null;
  },
});

/** A template string, or an object or array of templates; required. */
export const mappingField = (name: string): FieldRule<Mapping | null> => ({
  name,
  read(scope) {
    const value = readOwn(scope.data, name);
    if (value === undefined) {
      const message = `${name} is required: a template, or an object or array of templates.`;
      scope.addFault({ field: name, code: "FIELD_REQUIRED", message });
      return null;
    }
    if (typeof value !== "string" && (typeof value !== "object" || value === null)) {
      addTypeFault(scope, { field: name, takes: "a template, or an object or array of templates" });
      return null;
    }
    const parsed = parseMapping(value);
    if (parsed.ok) {
      checkReferences(scope, { field: name, references: parsed.mapping.references });
      return parsed.mapping;
    }
    for (const fault of parsed.faults) scope.addFault({ field: name, ...fault });
    return null;
  },
});

/** `[{ key, value }]` as an object; null where it is no such list. */
function joinPairs(pairs: readonly Json[]): JsonObject | null {
  const entries = pairs.map((pair) => [readOwn(pair, "key"), readOwn(pair, "value") ?? null]);
  const isWhole = entries.every(([key]) => typeof key === "string" && key !== "");
  return isWhole && new Set(entries.map(([key]) => key)).size === entries.length
    ? Object.fromEntries(entries)
    : null;
}

/** An object of templates, or the same as `[{ key, value }]`; nothing where it is left out. */
export const pairsField = (name: string): FieldRule<Mapping> => ({
  name,
  read(scope) {
    const value = readOwn(scope.data, name);
    const object = Array.isArray(value) ? joinPairs(value) : (value ?? {});
    if (object === null || typeof object !== "object" || Array.isArray(object)) {
      const takes = "an object of templates, or a list of { key, value } with each key once";
      addTypeFault(scope, { field: name, takes });
      return NOTHING_MAPPED;
    }
    const parsed = parseMapping(object);
    if (parsed.ok) {
      checkReferences(scope, { field: name, references: parsed.mapping.references });
      return parsed.mapping;
    }
    for (const fault of parsed.faults) scope.addFault({ field: name, ...fault });
    return NOTHING_MAPPED;
  },
});

/** JavaScript with expressions; required. */
export const codeField = ({ name, kind }: CodeOptions): FieldRule<CompiledCode> => ({
  name,
  read(scope) {
    const text = readRequiredText(scope, name);
    if (text === null) return EMPTY_CODE;
    const compiled = compileCode({ text, kind, upstream: scope.around.upstream });
    if (compiled.ok) {
      const references = compiled.code.reads.map(({ reference }) => ({ reference }));
      checkReferences(scope, { field: name, references });
      return compiled.code;
    }
    for (const fault of compiled.faults) scope.addFault({ field: name, ...fault });
    return EMPTY_CODE;
  },
});

/** The check of a JSON Schema, which may have to be made in the sandbox; null with faults. */
function compileCheck(scope: FieldScope, at: { field: string; schema: Json }): CheckInput | null {
  const compiled = compileInputSchema(at.schema);
  if (compiled.ok && compiled.needsSandbox) {
    const text = JSON.stringify(at.schema);
    return (value, checkInSandbox) => checkInSandbox({ schema: text, value });
  }
  if (compiled.ok) return (value) => compiled.check(value);
  for (const fault of compiled.faults) scope.addFault({ field: at.field, ...fault });
  return null;
}

/** A JSON Schema; gives its check, which finds nothing where there is no schema. */
export const schemaField = (name: string): FieldRule<CheckInput> => ({
  name,
  read(scope) {
    const schema = readOwn(scope.data, name);
    const check = schema === undefined ? null : compileCheck(scope, { field: name, schema });
    return check ?? (() => []);
  },
});

/** The JSON Schema of a model's answer, and its check; null where it is left out. */
export const outputSchemaField = (name: string): FieldRule<OutputSchema | null> => ({
  name,
  read(scope) {
    const schema = readOwn(scope.data, name) ?? null;
    if (schema === null) return null;
    const check = compileCheck(scope, { field: name, schema });
    return check === null ? null : { schema, check };
  },
});
