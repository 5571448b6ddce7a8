// The node types: a new one is a file of its own and a row here.

import type { NodeTypeName } from "../../vocabulary";
import type { NodeType } from "../program";
import { conditionNode } from "./condition";
import { inputNode } from "./input";
import { llmCallNode } from "./llm_call";
import { loopNode } from "./loop";
import { mergeNode } from "./merge";
import { outputNode } from "./output";
import { parallelNode } from "./parallel";
import { subAgentNode } from "./sub_agent";
import { toolCallNode } from "./tool_call";
import { transformNode } from "./transform";

const NODE_TYPE_TABLE: Readonly<Record<NodeTypeName, NodeType>> = {
  input: inputNode,
  llm_call: llmCallNode,
  output: outputNode,
  condition: conditionNode,
  transform: transformNode,
  loop: loopNode,
  parallel: parallelNode,
  merge: mergeNode,
  sub_agent: subAgentNode,
  tool_call: toolCallNode,
};

/** The row of a node type. */
export const nodeTypeOf = (type: NodeTypeName): NodeType => NODE_TYPE_TABLE[type];
