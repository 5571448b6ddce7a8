// The `input` node: gives the execution's input, and holds the schema that it was checked against.

import { schemaField } from "../template-fields";
import type { NodeType } from "../program";

const schema = schemaField("schema");

export const inputNode: NodeType = {
  fields: [schema.name],
  handles: [],
  compile(scope) {
    return {
      providerId: null,
      // The input was accepted with a limit of its own.
      isBounded: false,
      checkInput: schema.read(scope),
      run: (host) => ({ ok: true, output: host.scope.input }),
    };
  },
};
