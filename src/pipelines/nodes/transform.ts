// The `transform` node: a JavaScript function body, whose result is the output.

import { callCode } from "../code/call";
import { codeTimeoutField } from "../fields";
import type { NodeType } from "../program";
import { codeField } from "../template-fields";

const code = codeField({ name: "code", kind: "body" });

export const transformNode: NodeType = {
  fields: [code.name, codeTimeoutField.name],
  codeField: code.name,
  handles: [],
  compile(scope) {
    const compiled = code.read(scope);
    const deadlineMs = codeTimeoutField.read(scope);
    return {
      providerId: null,
      isBounded: true,
      async run(host, step) {
        return { ok: true, output: await callCode(host, { step, code: compiled, deadlineMs }) };
      },
    };
  },
};
