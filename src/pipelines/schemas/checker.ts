// Checks as the sandbox child makes them: the schema comes as text with every value, and is compiled
// once as long as it is in use.

import type { CheckHere } from "../../sandbox/schema-check";
import type { CompiledSchema } from "./compile";
import { compileInputSchema } from "./compile";

/** Compiled schemas kept; the least recently added goes first. */
const MAX_KEPT = 20;

/** What of a value does not fit a schema; throws for a schema with faults. */
export function createSchemaChecker(): CheckHere {
  const kept = new Map<string, CompiledSchema>();
  function find(schema: string): CompiledSchema {
    const known = kept.get(schema);
    if (known !== undefined) return known;
    const compiled = compileInputSchema(JSON.parse(schema));
    const [oldest] = kept.keys();
    if (kept.size >= MAX_KEPT && oldest !== undefined) kept.delete(oldest);
    kept.set(schema, compiled);
    return compiled;
  }
  return ({ schema, value }) => {
    const compiled = find(schema);
    if (!compiled.ok) throw new Error("A schema with faults is not checked against.");
    return compiled.check(value);
  };
}
