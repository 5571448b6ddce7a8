// The fields of a node's `data`: one rule each, which checks the value and gives it its type.
// Those with expressions are in `template-fields.ts`; which node type has which stands in `nodes/`.

import type { DetailCode } from "../details";
import { quoteName } from "../lib/suggest";
import type { Reference } from "./templates/expression";
import type { Surroundings } from "./templates/references";
import { type JsonObject, readOwn } from "./values";

/** One node while it is checked. */
export interface FieldScope {
  readonly data: JsonObject;
  readonly around: Surroundings;
  providerExists(providerId: string): boolean;
  toolExists(toolId: string): boolean;
  /** What keeps the agent from being called here; null for nothing. */
  findAgentFault(agentId: string): AgentFault | null;
  /** Notes what an expression of this node reads. */
  noteRead(reference: Reference): void;
  /** Collects a fault of this node. */
  addFault(fault: Fault): void;
}

export interface Fault {
  field: string;
  path?: string;
  code: DetailCode;
  message: string;
}

/** Why an agent cannot be called from here. */
export type AgentFault = "unknown" | "inactive" | "calls_back" | "too_deep";

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

interface NumberOptions {
  name: string;
  fallback: number;
  min: number;
  max: number;
  isWhole?: boolean;
}

/** Collects that a field takes something else. */
export function addTypeFault(scope: FieldScope, at: { field: string; takes: string }): void {
  const message = `${at.field} takes ${at.takes}.`;
  scope.addFault({ field: at.field, code: "FIELD_TYPE", message });
}

/** The string of a required field; null with a fault where it is missing, empty or none. */
export function readRequiredText(scope: FieldScope, field: string): string | null {
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

/** The id of a tool that exists; required. */
export const toolField = (name: string): FieldRule<string> => ({
  name,
  read(scope) {
    const id = readRequiredText(scope, name);
    if (id !== null && !scope.toolExists(id)) {
      const message = `${name} names no tool; choose one that exists and is switched on.`;
      scope.addFault({ field: name, code: "TOOL_UNKNOWN", message });
    }
    return id ?? "";
  },
});

const MAX_TOOLS = 32;

/** Ids of tools that exist, each once; none where it is left out. */
export const toolIdsField = (name: string): FieldRule<readonly string[]> => ({
  name,
  read(scope) {
    const value = readOwn(scope.data, name);
    if (value === undefined) return [];
    const ids = Array.isArray(value) ? value.filter((id) => typeof id === "string") : [];
    const isList = Array.isArray(value) && ids.length === value.length;
    if (!isList || ids.length > MAX_TOOLS || new Set(ids).size < ids.length) {
      addTypeFault(scope, { field: name, takes: `up to ${MAX_TOOLS} ids of tools, each once` });
      return [];
    }
    for (const id of ids) {
      if (scope.toolExists(id)) continue;
      const message = `${quoteName(id)} is no tool; choose those that exist and are switched on.`;
      scope.addFault({ field: name, code: "TOOL_UNKNOWN", message });
    }
    return ids;
  },
});

const AGENT_FAULTS: Readonly<Record<AgentFault, { code: DetailCode; reason: string }>> = {
  unknown: { code: "AGENT_UNKNOWN", reason: "names no agent; choose one that exists" },
  inactive: { code: "AGENT_INACTIVE", reason: "names an agent that is not active; activate it" },
  calls_back: {
    code: "AGENT_CYCLE",
    reason: "names an agent that calls this one in the end; choose another",
  },
  too_deep: {
    code: "AGENT_DEPTH",
    reason: "names an agent whose own calls go more than five deep from here; choose another",
  },
};

/** The id of an agent that can be called; required. */
export const agentField = (name: string): FieldRule<string> => ({
  name,
  read(scope) {
    const id = readRequiredText(scope, name);
    const fault = id === null ? null : scope.findAgentFault(id);
    if (fault !== null) {
      const { code, reason } = AGENT_FAULTS[fault];
      scope.addFault({ field: name, code, message: `${name} ${reason}.` });
    }
    return id ?? "";
  },
});

/** A switch, off where it is left out. */
export const switchField = (name: string): FieldRule<boolean> => ({
  name,
  read(scope) {
    const value = readOwn(scope.data, name);
    if (value !== undefined && typeof value !== "boolean") {
      addTypeFault(scope, { field: name, takes: "true or false" });
    }
    return value === true;
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
