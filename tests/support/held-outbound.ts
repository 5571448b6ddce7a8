// A way out for model calls that holds each of them until it is let go, without a socket.
// The answer is that of an OpenAI-compatible chat stream, with a fixed text.

import type { Outbound } from "../../src/lib/outbound";
import { OutboundError } from "../../src/lib/network/outbound-error";

/** What every released call answers. */
export const HELD_ANSWER = "the held answer";

/** Tokens of a released call. */
export const HELD_USAGE = { inputTokens: 7, outputTokens: 3, cachedTokens: 0 };

interface HeldCall {
  answer(): void;
  fail(): void;
}

export interface HeldOutbound {
  outbound: Outbound;
  /** Resolves once so many calls have been started in all. */
  started(count: number): Promise<void>;
  /** Calls that wait now. */
  held(): number;
  /** Lets the oldest `count` calls answer; all that wait without it. */
  release(count?: number): void;
  /** As `release`, and none is held from now on. */
  stopHolding(): void;
  /** Breaks the connection of the oldest `count` calls. */
  fail(count?: number): void;
}

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

function chatStream(): Response {
  const chunk = { id: "chat-1", object: "chat.completion.chunk", created: 1, model: "stub" };
  const text = { role: "assistant", content: HELD_ANSWER };
  const usage = { prompt_tokens: HELD_USAGE.inputTokens, completion_tokens: 3, total_tokens: 10 };
  const body =
    event({ ...chunk, choices: [{ index: 0, delta: text, finish_reason: null }] }) +
    event({ ...chunk, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }) +
    event({ ...chunk, choices: [], usage }) +
    "data: [DONE]\n\n";
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** Holds every call from the start. */
export function createHeldOutbound(): HeldOutbound {
  const calls: HeldCall[] = [];
  let waiting: { count: number; resolve(): void }[] = [];
  let total = 0;
  let holding = true;
  const release = (count = calls.length): void =>
    calls.splice(0, count).forEach((call) => call.answer());
  function note(call: HeldCall): void {
    if (holding) calls.push(call);
    else call.answer();
    total += 1;
    for (const entry of waiting) if (entry.count <= total) entry.resolve();
    waiting = waiting.filter((entry) => entry.count > total);
  }
  const fetch: Outbound["fetch"] = (_input, init) =>
    new Promise((resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
      note({
        answer: () => resolve(chatStream()),
        fail: () => reject(new OutboundError("unreachable", { message: "cut by the test" })),
      });
    });
  return {
    outbound: { fetch },
    started: (count) =>
      total >= count
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push({ count, resolve })),
    held: () => calls.length,
    release,
    stopHolding() {
      holding = false;
      release();
    },
    fail: (count = calls.length) => calls.splice(0, count).forEach((call) => call.fail()),
  };
}
