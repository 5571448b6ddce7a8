// Takes a model call to the provider that its id names.
// Leaves the wire formats to `formats.ts`, and recording to the caller.

import { AppError } from "../errors";
import { callWithRetries, type RetryDeps } from "../lib/network/retry";
import type { ProviderType } from "../vocabulary";
import { attemptCall, type AttemptDeps } from "./attempt";
import { createBreaker } from "./breaker";
import { answerEcho, ECHO_PROVIDER_ID } from "./echo";
import { type EchoScript, playScript } from "./echo-script";
import type { ModelAnswer, ModelCall } from "./model";
import { costOf, type Price } from "./prices/price";
import type { PricedCall } from "./prices/price-list";
import { judgeFailure } from "./retry";

/** What a call needs of a stored provider. */
export interface FoundProvider {
  type: ProviderType;
  baseUrl: string | null;
  /** Of an `echo`; null has it answer its prompt. */
  script: EchoScript | null;
  /** Decrypts the key at the moment of the call; null without one. Throws CREDENTIAL_UNREADABLE. */
  apiKey(): string | null;
}

export type CallDeps = AttemptDeps & RetryDeps;

export interface ModelCallerDeps extends CallDeps {
  /** Reads a provider by its public id; undefined when there is none any more. */
  find(providerId: string): FoundProvider | undefined;
  /** The price of a call now; null is unknown. */
  findPrice(call: PricedCall): Price | null;
}

export interface ModelCaller {
  /**
   * Makes one model call, and reckons what it cost. Rejects with the reason of `call.signal` when
   * that aborts, else with `AppError`: `PROVIDER_*`, `CREDENTIAL_UNREADABLE`, `ADDRESS_*`,
   * `URL_INVALID`, `RESPONSE_TOO_LARGE`; as `ProviderError` it may carry `httpStatus`, `partialText`.
   */
  callModel(call: ModelCall): Promise<ModelAnswer>;
  /** Whether calls have no outside effect, so that they may be computed again. */
  isPure(providerId: string): boolean;
}

/** Makes the function that pipelines call models by. */
export function createModelCaller(deps: ModelCallerDeps): ModelCaller {
  const breaker = createBreaker(deps);
  function isPure(providerId: string): boolean {
    if (providerId === ECHO_PROVIDER_ID) return true;
    const provider = deps.find(providerId);
    // A script may be changed between a crash and the restart, fails and takes its time.
    return provider?.type === "echo" && provider.script === null;
  }
  return {
    isPure,
    async callModel(call) {
      call.signal.throwIfAborted();
      if (call.providerId === ECHO_PROVIDER_ID) return answerEcho(call);
      const provider = deps.find(call.providerId);
      if (provider === undefined) throw new AppError("PROVIDER_MISSING");
      const { providerId } = call;
      const answer = await breaker.run(providerId, () => callProvider(deps, { provider, call }));
      // A snapshot's name says more than the one that was asked for.
      const models = [answer.model, call.model];
      const price = deps.findPrice({ providerId, type: provider.type, models });
      return { ...answer, cost: costOf(price, answer) };
    },
  };
}

/** Makes one model call to this provider; rejects as `ModelCaller.callModel` does. */
export async function callProvider(
  deps: CallDeps,
  { provider, call }: { provider: FoundProvider; call: ModelCall },
): Promise<ModelAnswer> {
  const { type, baseUrl } = provider;
  const retried = { call, judge: judgeFailure };
  if (type === "echo") {
    const { script } = provider;
    if (script === null) return answerEcho(call);
    const attempt = (own: ModelCall) => playScript(deps, { script, call: own });
    return callWithRetries(deps, { ...retried, attempt });
  }
  const apiKey = readKey(provider);
  const attempt = (own: ModelCall) => attemptCall(deps, { type, baseUrl, apiKey, call: own });
  return callWithRetries(deps, { ...retried, attempt });
}

function readKey(provider: FoundProvider): string | null {
  try {
    return provider.apiKey();
  } catch (cause) {
    // The code of secrets in general answers requests; an execution ends by that of providers.
    if (cause instanceof AppError && cause.code !== "SECRET_UNREADABLE") throw cause;
    throw new AppError("CREDENTIAL_UNREADABLE", { cause });
  }
}
