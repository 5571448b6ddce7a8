// Models that answer when the test says so; the provider `echo` answers its prompt by itself.

import type { ModelAnswer, ModelCall } from "../../src/pipelines/record";

export interface HeldCall {
  call: ModelCall;
  answer(text: string): void;
  fail(error: unknown): void;
}

export interface HeldModels {
  callModel(call: ModelCall): Promise<ModelAnswer>;
  isPureProvider(id: string): boolean;
  /** All held calls so far, in their order. */
  calls: HeldCall[];
  /** Calls that are neither answered nor aborted. */
  open(): number;
  /** The most calls that were open at once. */
  peak(): number;
  /** Resolves once that many calls were made in all. */
  untilCalls(count: number): Promise<HeldCall[]>;
  /** Answers the call with that number from 0, as soon as it is made, with its own prompt. */
  echo(index: number): Promise<void>;
}

export const modelAnswer = (text: string, more: Partial<ModelAnswer> = {}): ModelAnswer => ({
  text,
  finishReason: "stop",
  usage: { inputTokens: 3, outputTokens: 2, cachedTokens: 1 },
  cost: null,
  requestId: "req_1",
  provider: "openai-compatible",
  model: "small",
  ...more,
});

/** Models without any call. */
export function createHeldModels(): HeldModels {
  const calls: HeldCall[] = [];
  const waiting: { count: number; done: (calls: HeldCall[]) => void }[] = [];
  let open = 0;
  let peak = 0;
  const hold = (call: ModelCall): Promise<ModelAnswer> => {
    const { promise, resolve, reject } = Promise.withResolvers<ModelAnswer>();
    open += 1;
    peak = Math.max(peak, open);
    let isOpen = true;
    const close = (): void => {
      if (isOpen) open -= 1;
      isOpen = false;
    };
    call.signal.addEventListener("abort", close);
    const answer = (text: string): void => resolve(modelAnswer(text));
    calls.push({ call, answer, fail: reject });
    for (const entry of waiting) if (calls.length >= entry.count) entry.done(calls);
    return promise.finally(close);
  };
  const untilCalls = (count: number): Promise<HeldCall[]> => {
    if (calls.length >= count) return Promise.resolve(calls);
    return new Promise((done) => waiting.push({ count, done }));
  };
  return {
    calls,
    callModel: async (call) =>
      call.providerId === "echo" ? modelAnswer(call.prompt, { usage: null }) : hold(call),
    isPureProvider: (id) => id === "echo",
    open: () => open,
    peak: () => peak,
    untilCalls,
    async echo(index) {
      const made = (await untilCalls(index + 1))[index];
      made?.answer(made.call.prompt);
    },
  };
}
