// Outside effects of a node run: recorded before and after, and never repeated once they have ended.
// What the effect does is the node's; when its start may be written is `run.ts`'s.

import { AppError } from "../errors";
import type { EffectKind } from "../vocabulary";
import { toFailure } from "./failures";
import type { CallTarget, NodeHost } from "./program";
import {
  type EffectEnd,
  type EffectKey,
  effectName,
  type EffectStart,
  type FailedAttempt,
  type Json,
  type StepRecord,
} from "./record";

export interface Effect {
  kind: EffectKind;
  step: StepRecord;
  /** Counts the effects of one step from 0. */
  call: number;
  /** What it calls that this execution may not be allowed to call. */
  target?: CallTarget;
  /** Whether it may be made again where it is not known whether it was; true without it. */
  isRepeatable?: boolean;
  /** Does it; called at most once, after its start is on disk. */
  send(idempotencyKey: string): Promise<Json>;
}

const NOT_ALLOWED = { tool: "TOOL_NOT_ALLOWED", agent: "SUB_AGENT_NOT_ALLOWED" } as const;

/** A line of the step's log about an attempt that is made again. */
export function describeAttempt({ attempt, code, httpStatus, delayMs }: FailedAttempt): string {
  const status = httpStatus === undefined ? "" : ` with status ${httpStatus}`;
  return `Attempt ${attempt} failed: ${code}${status}; the next one follows after ${delayMs} ms.`;
}

/** An effect that ended on an earlier attempt: its step keeps the times of that attempt. */
function reuse(step: StepRecord, end: EffectEnd): EffectEnd {
  if (end.call === 0) step.startedAt = end.startedAt;
  step.finishedAt = end.finishedAt;
  step.attempt = end.attempt;
  return end;
}

/** Writes through the journal; where that fails nothing may go on, as it would go on unrecorded. */
async function record(host: NodeHost, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    host.abandon(error);
    throw error;
  }
}

/** Takes the steps that have ended since the last commit along. */
function recordStart(host: NodeHost, start: EffectStart): Promise<void> {
  const finished = host.takeSteps();
  return record(host, () => host.deps.journal.startEffect(start, finished));
}

/**
 * Gives the recorded end of an effect, or records its start, does it, and records its end.
 * After an abort nothing is sent or recorded any more, and it throws the signal's reason.
 * Counts against the execution's caps, and throws where it is one too many.
 * Throws TOOL_NOT_ALLOWED or SUB_AGENT_NOT_ALLOWED where it would call what it may not.
 * Throws EFFECT_UNKNOWN where an earlier attempt may have had it, and it must not be had twice.
 */
export async function performEffect(host: NodeHost, effect: Effect): Promise<EffectEnd> {
  const { kind, step, call } = effect;
  const key: EffectKey = { nodeId: step.nodeId, iteration: step.iteration, call };
  const name = effectName(key);
  host.countCall(kind);
  const recorded = host.recorded.effects.get(name);
  if (recorded !== undefined) return reuse(step, recorded);
  if (effect.isRepeatable === false && host.recorded.started.has(name)) {
    throw new AppError("EFFECT_UNKNOWN");
  }
  // After what is recorded or unknown: a tighter list undoes nothing that was done.
  if (effect.target !== undefined && !host.deps.mayCall(effect.target)) {
    throw new AppError(NOT_ALLOWED[effect.target.kind]);
  }
  const start: EffectStart = {
    ...key,
    kind,
    attempt: host.attempt,
    startedAt: host.deps.clock.now(),
  };
  step.attempt = host.attempt;
  step.finishedAt = null;
  await recordStart(host, start);
  host.signal.throwIfAborted();
  const end: EffectEnd = { ...start, finishedAt: 0, result: null, error: null };
  try {
    end.result = await effect.send(`${host.executionId}/${name}`);
  } catch (error) {
    host.signal.throwIfAborted();
    end.error = toFailure(host.deps, error);
  }
  host.signal.throwIfAborted();
  end.finishedAt = host.deps.clock.now();
  await record(host, () => host.deps.journal.endEffect(end));
  return end;
}

/** One call of a tool as an effect of the step; ends and throws as `performEffect` does. */
export function performToolCall(
  host: NodeHost,
  data: { step: StepRecord; call: number; toolId: string; params: Json },
): Promise<EffectEnd> {
  const { step, call, toolId, params } = data;
  const { deps, agent, signal } = host;
  return performEffect(host, {
    kind: "tool",
    step,
    call,
    target: { kind: "tool", id: toolId },
    isRepeatable: deps.isRepeatableTool(toolId),
    async send(idempotencyKey) {
      const onRetry = (failed: FailedAttempt) => void step.logs.push(describeAttempt(failed));
      const request = { toolId, agent, params, idempotencyKey, signal, onRetry };
      return (await deps.callTool(request)).output;
    },
  });
}
