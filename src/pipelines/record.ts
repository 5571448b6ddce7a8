// The shapes that a running pipeline reads and records. Values are JSON; times epoch milliseconds.

import type { Json } from "../lib/json-value";
import type { Usage } from "../providers/model";
import type { EffectKind, StepStatus, Trigger } from "../vocabulary";

export type { Json } from "../lib/json-value";
export type { FailedAttempt } from "../lib/network/retry";
export type {
  ModelAnswer,
  ModelCall,
  ModelTool,
  ModelToolCall,
  ToolRound,
  Usage,
} from "../providers/model";
export type { ToolAnswer, ToolCall } from "../tools/tool";
export type { RunCode } from "../sandbox/code";

/** Why a step or an execution failed: a code of `errors.ts`, and its public sentence. */
export interface Failure {
  code: string;
  message: string;
  /** HTTP status of the peer, where it gave one. */
  status?: number;
}

/** One node run. */
export interface StepRecord {
  nodeId: string;
  /** Iteration path inside loops, such as `2.0`; empty outside. */
  iteration: string;
  status: StepStatus;
  input: Json;
  output: Json;
  error: Failure | null;
  startedAt: number | null;
  finishedAt: number | null;
  attempt: number;
  usage: Usage | null;
  /** USD; null is unknown or none. */
  cost: number | null;
  logs: string[];
  /** What a model has asked of tools, in its order, and what it was given. */
  toolCalls?: {
    name: string;
    /** Null where there is no such tool. */
    toolId: string | null;
    arguments: Json;
    result: string;
    isError: boolean;
  }[];
  /** Model calls only: what the peer said of its answer. */
  model?: { provider: string; model: string; finishReason: string; requestId: string | null };
}

/** What one execution has used so far, with those of other agents that it called. */
export interface ExecutionCounts {
  nodeRuns: number;
  modelCalls: number;
  toolCalls: number;
  /** Input and output together. */
  tokens: number;
  /** USD, of calls whose price is known. */
  cost: number;
}

/** One call of another agent. */
export interface AgentCall {
  /** The same whenever this call is made again: the execution goes on that it started. */
  callId: string;
  agentId: string;
  input: Json;
  /** Aborting it cancels the other execution. */
  signal: AbortSignal;
  /** The caller's, which the other execution adds to. */
  counts: ExecutionCounts;
}

/** What the other agent's execution gave. */
export interface AgentAnswer {
  executionId: string;
  output: Json;
  usage: Usage | null;
  /** USD; null is unknown or none. */
  cost: number | null;
}

/** Names one effect of an execution for ever: the same on every attempt. */
export interface EffectKey {
  nodeId: string;
  iteration: string;
  /** Counts the calls of one step from 0. */
  call: number;
}

export interface EffectStart extends EffectKey {
  kind: EffectKind;
  attempt: number;
  startedAt: number;
}

/** The recorded end of an effect: exactly one of `result` and `error`. */
export interface EffectEnd extends EffectKey {
  kind: EffectKind;
  attempt: number;
  startedAt: number;
  finishedAt: number;
  result: Json;
  error: Failure | null;
}

/** `<nodeId>/<iteration>/<call>`, the journal's name of an effect. */
export const effectName = (key: EffectKey): string => `${key.nodeId}/${key.iteration}/${key.call}`;

/** `<nodeId>/<iteration>`, the name of a step within its execution. */
export const stepName = (step: { nodeId: string; iteration: string }): string =>
  `${step.nodeId}/${step.iteration}`;

/** What templates read as `trigger`. */
export interface TriggerInfo {
  type: Trigger;
  headers: Record<string, string>;
  query: Record<string, string>;
  event: string | null;
  deliveryId: string | null;
}

/** What an earlier attempt committed; the runner repeats none of it. */
export interface Recorded {
  /** Finished steps by `stepName`. */
  steps: ReadonlyMap<string, StepRecord>;
  /** Ended effects by `effectName`. */
  effects: ReadonlyMap<string, EffectEnd>;
  /** `effectName` of those that were started, ended or not. */
  started: ReadonlySet<string>;
}

/** Where the runner records; each promise resolves once its entry is on disk. */
export interface JournalWriter {
  /** Commits finished pure steps together with the start of an effect that may depend on them. */
  startEffect(start: EffectStart, finishedSteps: StepRecord[]): Promise<void>;
  endEffect(end: EffectEnd): Promise<void>;
}
