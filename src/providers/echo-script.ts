// An `echo` that plays a part: fixed texts, tool calls, failures and slowness, as its owner wrote them
// and never by what it is asked. For trying a pipeline out before a real model is paid for.

import type { Wait } from "../lib/clock";
import { answerEcho } from "./echo";
import { type ModelAnswer, type ModelCall, ProviderError } from "./model";
import type { Provider } from "./providers.schema";

/** One turn for each call of a talk; the last one for all that follow. */
export type EchoScript = NonNullable<Provider["script"]>;

/** Waits as the turn says, and fails where that takes longer than the call may. */
async function delay(
  deps: { wait: Wait },
  data: { turn: EchoScript[number]; call: ModelCall },
): Promise<void> {
  const { delayMs = 0 } = data.turn;
  const { timeoutMs, signal } = data.call;
  if (delayMs > 0) await deps.wait(Math.min(delayMs, timeoutMs), signal);
  if (delayMs > timeoutMs) throw new ProviderError("PROVIDER_TIMEOUT");
}

/**
 * Plays the turn that is due: the first for the first call of a talk, the next after a round of tool
 * calls. Rejects as a provider's call does.
 */
export async function playScript(
  deps: { wait: Wait },
  data: { script: EchoScript; call: ModelCall },
): Promise<ModelAnswer> {
  const { script, call } = data;
  const round = call.rounds?.length ?? 0;
  const turn = script[round] ?? script.at(-1) ?? {};
  await delay(deps, { turn, call });
  const { failStatus, toolCalls = [], usage = null } = turn;
  if (failStatus !== undefined) {
    throw new ProviderError("PROVIDER_ERROR", { httpStatus: failStatus });
  }
  const plain = answerEcho(call);
  if (toolCalls.length === 0) return { ...plain, text: turn.text ?? plain.text, usage };
  const asked = toolCalls.map(({ name, arguments: input }, index) => ({
    id: `call_${round}_${index}`,
    name,
    input,
  }));
  return {
    ...plain,
    text: turn.text ?? "",
    toolCalls: asked,
    finishReason: "tool_calls",
    usage,
  };
}
