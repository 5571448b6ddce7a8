// The `condition` node: a JavaScript expression, whose truth says which way the execution goes.

import { callCode } from "../code/call";
import { codeTimeoutField } from "../fields";
import type { NodeType } from "../program";
import { codeField } from "../template-fields";

const expression = codeField({ name: "expression", kind: "expression" });

export const conditionNode: NodeType = {
  fields: [expression.name, codeTimeoutField.name],
  codeField: expression.name,
  handles: ["true", "false"],
  handleAliases: new Map([
    ["yes", "true"],
    ["no", "false"],
  ]),
  needsHandles: true,
  compile(scope) {
    const compiled = expression.read(scope);
    const deadlineMs = codeTimeoutField.read(scope);
    return {
      providerId: null,
      isBounded: true,
      async run(host, step) {
        const value = await callCode(host, { step, code: compiled, deadlineMs });
        return { ok: true, output: value === true };
      },
      // A failed condition that is gone on from has given null, which is as good as false.
      readHandle: (output) => (output === true ? "true" : "false"),
    };
  },
};
