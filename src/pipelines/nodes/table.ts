// The node types that this version runs: a new one is a file of its own and a row here.

import { BUILT_NODE_TYPES, type BuiltNodeType } from "../../vocabulary";
import type { NodeType } from "../program";
import { conditionNode } from "./condition";
import { inputNode } from "./input";
import { llmCallNode } from "./llm_call";
import { loopNode } from "./loop";
import { mergeNode } from "./merge";
import { outputNode } from "./output";
import { parallelNode } from "./parallel";
import { subAgentNode } from "./sub_agent";
import { transformNode } from "./transform";

const NODE_TYPE_TABLE: Readonly<Record<BuiltNodeType, NodeType>> = {
  input: inputNode,
  llm_call: llmCallNode,
  output: outputNode,
  condition: conditionNode,
  transform: transformNode,
  loop: loopNode,
  parallel: parallelNode,
  merge: mergeNode,
  sub_agent: subAgentNode,
};

/** Whether this version runs nodes of this type. */
export const isBuilt = (type: string): type is BuiltNodeType =>
  BUILT_NODE_TYPES.some((built) => built === type);

/** The row of a node type; null for those that this version does not run. */
export const findNodeType = (type: string): NodeType | null =>
  isBuilt(type) ? NODE_TYPE_TABLE[type] : null;
