// The `output` node: resolves the mapping that becomes the execution's output.

import { mappingField } from "../template-fields";
import type { NodeType } from "../program";

const mapping = mappingField("mapping");

export const outputNode: NodeType = {
  fields: [mapping.name],
  handles: [],
  compile(scope) {
    const rendered = mapping.read(scope);
    return {
      providerId: null,
      isBounded: true,
      run: (host) => ({ ok: true, output: rendered?.render(host.scope) ?? null }),
    };
  },
};
