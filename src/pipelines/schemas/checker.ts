// Checks as the sandbox child makes them: the schema comes as text with every value, and is compiled
// once as long as it is in use.

import { BoundedMap } from "../../lib/bounded-map";
import type { CheckHere } from "../../sandbox/schema-check";
import type { CompiledSchema } from "./compile";
import { compileInputSchema } from "./compile";

/** Compiled schemas kept. */
const MAX_KEPT = 20;

/** What of a value does not fit a schema; throws for a schema with faults. */
export function createSchemaChecker(): CheckHere {
  const kept = new BoundedMap<string, CompiledSchema>(MAX_KEPT);
  function find(schema: string): CompiledSchema {
    const known = kept.get(schema);
    if (known !== undefined) return known;
    const compiled = compileInputSchema(JSON.parse(schema));
    kept.set(schema, compiled);
    return compiled;
  }
  return ({ schema, value }) => {
    const compiled = find(schema);
    if (!compiled.ok) throw new Error("A schema with faults is not checked against.");
    return compiled.check(value);
  };
}
