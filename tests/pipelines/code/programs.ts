// Codes compiled and run as their nodes do it, without a pipeline around them.

import {
  type CodeCompilation,
  type CompiledCode,
  compileCode,
} from "../../../src/pipelines/code/compile";
import type { CodeKind } from "../../../src/pipelines/code/parse";
import type { TemplateScope } from "../../../src/pipelines/templates/template";
import { evaluateBody } from "../../support/evaluate-code";
import { scopeOf } from "../fixtures";

const UPSTREAM = new Set(["in", "a", "b-c"]);

/** Compiles after the nodes `in`, `a` and `b-c`. */
export const compileAs = (kind: CodeKind, text: string): CodeCompilation =>
  compileCode({ text, kind, upstream: UPSTREAM });

/** The compiled code; throws with the faults where there are any. */
export function compileText(text: string, kind: CodeKind = "body"): CompiledCode {
  const compiled = compileAs(kind, text);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
  return compiled.code;
}

export const bindingsOf = (code: CompiledCode, scope: TemplateScope) =>
  Object.fromEntries(code.bindings.map((binding) => [binding.name, binding.read(scope)]));

/** What a code gives for these sources. */
export function runText(text: string, more: Partial<TemplateScope> = {}, kind?: CodeKind): unknown {
  const code = compileText(text, kind);
  return evaluateBody({ body: code.body, bindings: bindingsOf(code, scopeOf(more)) });
}

/** `code` of each fault. */
export function faultsOf(text: string, kind: CodeKind = "body"): string[] {
  const compiled = compileAs(kind, text);
  return compiled.ok ? [] : compiled.faults.map((fault) => fault.code);
}

/** The message of the only fault; throws where there is none or more than one. */
export function messageOf(text: string, kind: CodeKind = "body"): string {
  const compiled = compileAs(kind, text);
  const [fault, ...more] = compiled.ok ? [] : compiled.faults;
  if (fault === undefined || more.length > 0) throw new Error(JSON.stringify(compiled));
  return fault.message;
}
