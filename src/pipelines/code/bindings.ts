// The variables of a compiled code: names that nothing in it has, and what each is given.

import type { Reference } from "../templates/expression";
import {
  renderText,
  renderValue,
  type TemplatePart,
  type TemplateScope,
} from "../templates/template";
import type { Json } from "../record";

/** A variable of the code. */
export interface CodeBinding {
  readonly name: string;
  /** Its value in one execution. */
  read(scope: TemplateScope): Json;
}

/** Gives out variables, one for what is read twice. */
export interface Binder {
  readonly bindings: readonly CodeBinding[];
  /** A new variable with the value of an expression; null where that is missing. */
  bindValue(reference: Reference): string;
  /** A new variable with a text; of expressions that are missing it has nothing. */
  bindText(parts: readonly TemplatePart[]): string;
  /** A variable whose name the code has chosen. */
  bindNamed(binding: CodeBinding): void;
}

/** `taken` are the names that the code uses itself. */
export function createBinder(taken: ReadonlySet<string>): Binder {
  const bindings: CodeBinding[] = [];
  const known = new Map<string, string>();
  let count = 0;
  function nextName(): string {
    const name = `$${count}`;
    count += 1;
    return taken.has(name) ? nextName() : name;
  }
  function bind(kind: string, data: { parts: readonly TemplatePart[]; read: CodeBinding["read"] }) {
    const key = kind + JSON.stringify(data.parts);
    const name = known.get(key) ?? nextName();
    if (!known.has(key)) bindings.push({ name, read: data.read });
    known.set(key, name);
    return name;
  }
  return {
    bindings,
    bindValue: (reference) => {
      const parts = [reference];
      return bind("value", { parts, read: (scope) => renderValue(scope, { parts }) });
    },
    bindText: (parts) => bind("text", { parts, read: (scope) => renderText(scope, { parts }) }),
    bindNamed: (binding) => void bindings.push(binding),
  };
}
