// Model calls to a stub, as tests of the providers make them, and what may be seen of their errors.

import { expect } from "bun:test";
import { AppError } from "../../src/errors";
import { createOutbound } from "../../src/lib/outbound";
import { parseAllowPrivate } from "../../src/lib/network/outbound-address";
import { attemptCall, type ProviderLimits } from "../../src/providers/attempt";
import { ProviderError, type ModelAnswer, type ModelCall } from "../../src/providers/model";
import type { ModelStub } from "./model-stub";
import { LEAK } from "./model-stub-answers";
import type { StubFormatName } from "./model-stub-formats";

export const CALL_KEY = "sk-key-that-must-not-leak";
export const CALL_PROMPT = "Grüße, 世界 👋🏽: prompt-that-must-not-leak";

/** The way to stubs of this machine. */
export const localOutbound = createOutbound({ allowPrivate: parseAllowPrivate("127.0.0.1:*") });

const LIMITS: ProviderLimits = { firstByteMs: 5000, idleMs: 5000 };

export const modelCall = (fields: Partial<ModelCall> = {}): ModelCall => ({
  providerId: "prv_1",
  model: "ok",
  system: null,
  prompt: CALL_PROMPT,
  temperature: 0.5,
  maxTokens: 100,
  timeoutMs: 5000,
  retries: 0,
  signal: new AbortController().signal,
  ...fields,
});

export interface AskOptions {
  type?: StubFormatName;
  call?: Partial<ModelCall>;
  limits?: Partial<ProviderLimits>;
  apiKey?: string | null;
}

/** One attempt at the stub. */
export function askStub(stub: ModelStub, data: AskOptions = {}): Promise<ModelAnswer> {
  return attemptCall(
    { outbound: localOutbound, limits: { ...LIMITS, ...data.limits } },
    {
      type: data.type ?? "openai-compatible",
      baseUrl: stub.baseUrl,
      apiKey: data.apiKey === undefined ? CALL_KEY : data.apiKey,
      call: modelCall(data.call),
    },
  );
}

/** All that a log, an answer or a developer could print of an error. */
function printed(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 5) return String(error);
  const seen = new Set<unknown>();
  const once = (_name: string, value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return null;
    seen.add(value);
    return value;
  };
  const fields = JSON.stringify(Object.fromEntries(Object.entries(error)), once);
  return [error.message, error.stack, fields, printed(error.cause, depth + 1)].join("\n");
}

/** The error of a call that must fail, as what of it may be stored. */
export async function failureOf(answer: Promise<unknown>) {
  const error = await answer.then(
    () => new Error("it answered"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw error;
  const { httpStatus, partialText } =
    error instanceof ProviderError ? error : { httpStatus: undefined, partialText: "" };
  const shown = printed(error).replaceAll(JSON.stringify(partialText), "");
  for (const secret of [LEAK, CALL_KEY, CALL_PROMPT]) expect(shown).not.toContain(secret);
  return { code: error.code, httpStatus, partialText };
}
