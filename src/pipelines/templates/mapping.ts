// Templates inside JSON: every string of an object or array is one, keys and other scalars are not.

import { isRecord } from "../../lib/json-value";
import type { Json } from "../record";
import { FORBIDDEN_KEYS, type JsonObject } from "../values";
import type { Reference, TemplateFault } from "./expression";
import {
  listReferences,
  MAX_FAULTS_PER_FIELD,
  parseTemplate,
  renderValue,
  type TemplateScope,
} from "./template";

/** A reference or a fault, with the JSON pointer of its string inside the mapping. */
export interface MappedReference {
  path: string;
  reference: Reference;
}
export interface MappedFault extends TemplateFault {
  path: string;
}

export interface Mapping {
  /** Gives the value anew for each scope; parts without templates are shared and must not be changed. */
  render(scope: TemplateScope): Json;
  readonly references: readonly MappedReference[];
}

export type ParsedMapping = { ok: true; mapping: Mapping } | { ok: false; faults: MappedFault[] };

type Render = (scope: TemplateScope) => Json;

interface Findings {
  references: MappedReference[];
  faults: MappedFault[];
}

/** Where a value stands; its pointer is written only for what is told of it. */
interface Place {
  parent: Place | null;
  key: string;
}

const pointerOf = (place: Place): string =>
  place.parent === null ? "" : toPointer(pointerOf(place.parent), place.key);

/** Names a child in a JSON pointer (RFC 6901). */
export const toPointer = (path: string, key: string): string =>
  `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;

function addFaults(found: Findings, fault: { place: Place; faults: TemplateFault[] }): void {
  for (const { code, message } of fault.faults) {
    if (found.faults.length === MAX_FAULTS_PER_FIELD) return;
    found.faults.push({ path: pointerOf(fault.place), code, message });
  }
}

/** A string; null stands for a value that needs no rendering. */
function compileText(found: Findings, at: { place: Place; value: string }): Render | null {
  const parsed = parseTemplate(at.value);
  if (!parsed.ok) {
    addFaults(found, { place: at.place, faults: parsed.faults });
    return null;
  }
  const { template } = parsed;
  const references = listReferences(template);
  if (references.length === 0 && !at.value.includes("{{")) return null;
  const path = pointerOf(at.place);
  for (const reference of references) found.references.push({ path, reference });
  return (scope) => renderValue(scope, template);
}

function compileList(found: Findings, at: { place: Place; value: Json[] }): Render | null {
  const renders = at.value.map((value, index) =>
    compile(found, { place: { parent: at.place, key: String(index) }, value }),
  );
  if (renders.every((render) => render === null)) return null;
  return (scope) =>
    at.value.map((value, index) => {
      const render = renders[index] ?? null;
      return render === null ? value : render(scope);
    });
}

function compileRecord(found: Findings, at: { place: Place; value: JsonObject }): Render | null {
  const entries = Object.entries(at.value).map(([key, value]) => {
    const place = { parent: at.place, key };
    if (FORBIDDEN_KEYS.has(key)) {
      const message = `The name ${key} cannot be set; choose another.`;
      addFaults(found, { place, faults: [{ code: "KEY_FORBIDDEN", message }] });
    }
    return { key, value, render: compile(found, { place, value }) };
  });
  if (entries.every((entry) => entry.render === null)) return null;
  return (scope) => {
    const result: JsonObject = {};
    for (const { key, value, render } of entries) {
      result[key] = render === null ? value : render(scope);
    }
    return result;
  };
}

function compile(found: Findings, at: { place: Place; value: Json }): Render | null {
  const { place, value } = at;
  if (typeof value === "string") return compileText(found, { place, value });
  if (Array.isArray(value)) return compileList(found, { place, value });
  return isRecord(value) ? compileRecord(found, { place, value }) : null;
}

/** Parses a mapping: a template string, or an object or array that holds some at any depth. */
export function parseMapping(value: Json): ParsedMapping {
  const found: Findings = { references: [], faults: [] };
  const render = compile(found, { place: { parent: null, key: "" }, value });
  if (found.faults.length > 0) return { ok: false, faults: found.faults };
  return {
    ok: true,
    mapping: { render: render ?? (() => value), references: found.references },
  };
}
