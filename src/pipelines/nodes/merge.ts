// The `merge` node: puts the outputs of its sources together; a skipped source reads as null.

import type { NodeType } from "../program";
import type { Json } from "../record";
import { choiceField, sourcesField } from "../region-fields";

const sources = sourcesField("sources");
const strategy = choiceField({
  name: "strategy",
  words: ["concat", "object", "first_non_null"],
  fallback: "concat",
});

type Strategy = ReturnType<typeof strategy.read>;

function mergeValues(how: Strategy, data: { ids: readonly string[]; values: Json[] }): Json {
  const { ids, values } = data;
  if (how === "concat") return values.flat();
  if (how === "first_non_null") return values.find((value) => value !== null) ?? null;
  return Object.fromEntries(ids.map((id, index) => [id, values[index] ?? null]));
}

export const mergeNode: NodeType = {
  fields: [sources, strategy].map((field) => field.name),
  handles: [],
  compile(scope) {
    const ids = sources.read(scope);
    const how = strategy.read(scope);
    return {
      providerId: null,
      isBounded: true,
      sources: ids,
      run(host) {
        const values = ids.map((id) => host.scope.outputs.get(id) ?? null);
        return { ok: true, output: mergeValues(how, { ids, values }) };
      },
    };
  },
};
