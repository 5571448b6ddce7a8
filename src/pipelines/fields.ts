// The fields of a node's `data`: one rule each, which checks the value and gives it its type.
// Which node type has which fields stands in `nodes/`.

import type { DetailCode } from "../details";
import { compileCode, type CompiledCode } from "./code/compile";
import type { CodeKind } from "./code/parse";
import type { CheckInput } from "./schemas/compile";
import { compileInputSchema } from "./schemas/compile";
import type { Reference } from "./templates/expression";
import { type Mapping, parseMapping } from "./templates/mapping";
import { findReferenceFault, type Surroundings } from "./templates/references";
import {
  listReferences,
  MAX_FAULTS_PER_FIELD,
  parseTemplate,
  type Template,
} from "./templates/template";
import { type JsonObject, readOwn } from "./values";

/** One node while it is checked. */
export interface FieldScope {
  readonly data: JsonObject;
  readonly around: Surroundings;
  providerExists(providerId: string): boolean;
  /** Collects a fault of this node. */
  addFault(fault: Fault): void;
}

export interface Fault {
  field: string;
  path?: string;
  code: DetailCode;
  message: string;
}

/** Reads a field: its value, its default, or a harmless stand-in once a fault has been added. */
export interface FieldRule<T> {
  readonly name: string;
  read(scope: FieldScope): T;
}

interface TextOptions {
  name: string;
  fallback: string;
  maxLength: number;
}

interface CodeOptions {
  name: string;
  kind: CodeKind;
}

interface NumberOptions {
  name: string;
  fallback: number;
  min: number;
  max: number;
  isWhole?: boolean;
}

const EMPTY: Template = { parts: [] };
const EMPTY_CODE: CompiledCode = { body: "", bindings: [], reads: [] };

/** Collects that a field takes something else. */
export function addTypeFault(scope: FieldScope, at: { field: string; takes: string }): void {
  const message = `${at.field} takes ${at.takes}.`;
  scope.addFault({ field: at.field, code: "FIELD_TYPE", message });
}

/** The string of a required field; null with a fault where it is missing, empty or none. */
function readRequiredText(scope: FieldScope, field: string): string | null {
  const value = readOwn(scope.data, field);
  if (value === undefined || value === "") {
    scope.addFault({ field, code: "FIELD_REQUIRED", message: `${field} is required; fill it in.` });
    return null;
  }
  if (typeof value === "string") return value;
  addTypeFault(scope, { field, takes: "a string" });
  return null;
}

/** A string without templates. */
export const textField = ({ name, fallback, maxLength }: TextOptions): FieldRule<string> => ({
  name,
  read(scope) {
    const value = readOwn(scope.data, name);
    if (value === undefined) return fallback;
    if (typeof value === "string" && value.length <= maxLength) return value;
    addTypeFault(scope, { field: name, takes: `a string of at most ${maxLength} characters` });
    return fallback;
  },
});

/** A number within bounds, both included. */
export const numberField = (options: NumberOptions): FieldRule<number> => ({
  name: options.name,
  read(scope) {
    const { name, fallback, min, max, isWhole = false } = options;
    const value = readOwn(scope.data, name);
    if (value === undefined) return fallback;
    const kind = isWhole ? "a whole number" : "a number";
    if (typeof value !== "number" || (isWhole && !Number.isInteger(value))) {
      addTypeFault(scope, { field: name, takes: `${kind} from ${min} to ${max}` });
      return fallback;
    }
    if (value >= min && value <= max) return value;
    const message = `${name} takes ${kind} from ${min} to ${max}.`;
    scope.addFault({ field: name, code: "FIELD_RANGE", message });
    return fallback;
  },
});

/** The id of a provider that exists; required. */
export const providerField = (name: string): FieldRule<string> => ({
  name,
  read(scope) {
    const id = readRequiredText(scope, name);
    if (id !== null && !scope.providerExists(id)) {
      const message = `${name} names no provider; choose one that exists, such as echo.`;
      scope.addFault({ field: name, code: "PROVIDER_UNKNOWN", message });
    }
    return id ?? "";
  },
});

/** Checks what a field's expressions name, up to as many faults as a field may have. */
function checkReferences(
  scope: FieldScope,
  at: { field: string; references: readonly { path?: string; reference: Reference }[] },
): void {
  let faults = 0;
  for (const { reference, ...place } of at.references) {
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

/** How long a code may run, in milliseconds. */
export const codeTimeoutField = numberField({
  name: "timeoutMs",
  fallback: 1_000,
  min: 1,
  max: 10_000,
  isWhole: true,
});

/** `onError`: whether the execution goes on where the node fails. */
export const onErrorField: FieldRule<boolean> = {
  name: "onError",
  read(scope) {
    const value = readOwn(scope.data, "onError");
    if (value !== undefined && value !== "continue") {
      addTypeFault(scope, { field: "onError", takes: '"continue", or is left out' });
    }
    return value === "continue";
  },
};

/** A JSON Schema; gives its check, which finds nothing where there is no schema. */
export const schemaField = (name: string): FieldRule<CheckInput> => ({
  name,
  read(scope) {
    const schema = readOwn(scope.data, name);
    if (schema === undefined) return () => [];
    const compiled = compileInputSchema(schema);
    if (compiled.ok && compiled.needsSandbox) {
      const text = JSON.stringify(schema);
      return (value, checkInSandbox) => checkInSandbox({ schema: text, value });
    }
    if (compiled.ok) return (input) => compiled.check(input);
    for (const fault of compiled.faults) scope.addFault({ field: name, ...fault });
    return () => [];
  },
});
