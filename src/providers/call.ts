// Takes a model call to the provider that its id names.
// Leaves the wire format to one file per provider type, and recording and retries to the caller.

import { AppError } from "../errors";
import type { ProviderType } from "../vocabulary";
import { answerEcho, ECHO_PROVIDER_ID } from "./echo";
import type { ModelAnswer, ModelCall } from "./model";
import { callOpenAiCompatible, type ProviderDeps } from "./openai-compatible";

/** What a call needs of a stored provider. */
export interface FoundProvider {
  type: ProviderType;
  baseUrl: string | null;
  /** Decrypts the key at the moment of the call; null where there is none. */
  apiKey(): string | null;
}

export interface ModelCallerDeps extends ProviderDeps {
  /** Reads a provider by its public id; undefined when there is none any more. */
  find(providerId: string): FoundProvider | undefined;
}

export interface ModelCaller {
  /**
   * Makes one model call, without retries. Rejects with the reason of `call.signal` when that
   * aborts, else with `AppError`: `PROVIDER_*`, `CREDENTIAL_UNREADABLE`, `ADDRESS_*`,
   * `URL_INVALID`, `RESPONSE_TOO_LARGE`; as `ProviderError` it may carry `httpStatus`, `partialText`.
   */
  callModel(call: ModelCall): Promise<ModelAnswer>;
  /** Whether calls have no outside effect, so that they may be computed again. */
  isPure(providerId: string): boolean;
}

/** Makes the function that pipelines call models by. */
export function createModelCaller(deps: ModelCallerDeps): ModelCaller {
  const isPure = (providerId: string): boolean =>
    providerId === ECHO_PROVIDER_ID || deps.find(providerId)?.type === "echo";
  return {
    isPure,
    async callModel(call) {
      call.signal.throwIfAborted();
      if (call.providerId === ECHO_PROVIDER_ID) return answerEcho(call);
      const provider = deps.find(call.providerId);
      if (provider?.type === "echo") return answerEcho(call);
      if (provider === undefined) throw new AppError("PROVIDER_MISSING");
      if (provider.type !== "openai-compatible" || provider.baseUrl === null) {
        throw new AppError("PROVIDER_MISSING", {
          message: `Providers of type ${provider.type} cannot be called by this version.`,
        });
      }
      const { baseUrl } = provider;
      return callOpenAiCompatible(deps, { baseUrl, apiKey: readKey(provider), call });
    },
  };
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
