// The test of a provider: one small real call, and in words for its owner what came of it.

import { AppError, invalid, type ErrorCode } from "../errors";
import type { SecretsDeps } from "../secrets/secrets.store";
import type { ProviderTestReason } from "../vocabulary";
import type { FoundProvider } from "./call";
import { ProviderError, type ModelAnswer, type ModelCall } from "./model";
import type { ProviderTestResult } from "./providers.schema";
import { getCallable } from "./providers.store";

export interface ProbeDeps extends SecretsDeps {
  /** One model call; see `call.ts`. */
  callProvider: (data: { provider: FoundProvider; call: ModelCall }) => Promise<ModelAnswer>;
}

const PROBE_MS = 15_000;

/** OpenAI's Responses API takes no smaller limit. */
const PROBE_TOKENS = 16;

const MESSAGES: Record<ProviderTestReason, string> = {
  KEY_REFUSED: "The provider refuses the key; set one that is valid and may call this model.",
  KEY_UNREADABLE: "The stored key cannot be read or sent; set it again.",
  MODEL_UNKNOWN: "There is no such model or address; check the model's name, and the baseUrl.",
  REQUEST_REFUSED: "The provider refuses the request; check that the model answers text prompts.",
  RATE_LIMITED: "The provider takes no more calls now; check its limits and the account's balance.",
  PROVIDER_FAILED: "The provider failed; try again, and look at its status page.",
  ANSWER_INVALID:
    "What answers is no API of this type; check the type, and the baseUrl, version included.",
  TIMED_OUT:
    "There was no whole answer within 15 seconds; check the baseUrl, or try another model.",
  HOST_UNKNOWN: "The host name could not be resolved; check the baseUrl and this machine's DNS.",
  HOST_UNREACHABLE: "The host could not be reached; check the baseUrl, the port and the firewall.",
  TLS_FAILED:
    "No trusted TLS connection could be made; check the host's certificate, and that the port speaks https.",
  ADDRESS_REFUSED: "The baseUrl is not one that may be called.",
};

const REASONS: Partial<Record<ErrorCode, ProviderTestReason>> = {
  CREDENTIAL_UNREADABLE: "KEY_UNREADABLE",
  PROVIDER_ERROR: "PROVIDER_FAILED",
  PROVIDER_STREAM_CUT: "PROVIDER_FAILED",
  PROVIDER_RESPONSE_INVALID: "ANSWER_INVALID",
  RESPONSE_TOO_LARGE: "ANSWER_INVALID",
  PROVIDER_TIMEOUT: "TIMED_OUT",
  PROVIDER_UNREACHABLE: "HOST_UNREACHABLE",
  PROVIDER_TLS_FAILED: "TLS_FAILED",
  ADDRESS_UNRESOLVED: "HOST_UNKNOWN",
  ADDRESS_FORBIDDEN: "ADDRESS_REFUSED",
  URL_INVALID: "ADDRESS_REFUSED",
};

/** What an HTTP status that is no success says. */
function readStatus(error: ProviderError, status: number): ProviderTestReason {
  if (error.refusal !== null) return error.refusal === "key" ? "KEY_REFUSED" : "MODEL_UNKNOWN";
  if (status < 400) return "ANSWER_INVALID";
  if (status === 429) return "RATE_LIMITED";
  return status === 408 || status >= 500 ? "PROVIDER_FAILED" : "REQUEST_REFUSED";
}

function describeFailure(error: unknown): ProviderTestResult["failure"] {
  if (!(error instanceof AppError)) throw error;
  if (error instanceof ProviderError && error.httpStatus !== undefined) {
    const reason = readStatus(error, error.httpStatus);
    return { reason, message: MESSAGES[reason], status: error.httpStatus };
  }
  const reason = REASONS[error.code];
  if (reason === undefined) throw error;
  // Ours, and more than the table's: it names the setting that would allow the address.
  const message = reason === "ADDRESS_REFUSED" ? error.message : MESSAGES[reason];
  return { reason, message };
}

/**
 * Calls the model once, without retries. Throws NOT_FOUND, and VALIDATION_ERROR without a model;
 * what fails on the way to the provider is the result.
 */
export async function testProvider(
  deps: ProbeDeps,
  data: { id: string; model: string | undefined },
): Promise<ProviderTestResult> {
  const provider = getCallable(deps, data.id);
  if (provider.type !== "echo" && data.model === undefined) {
    const message = "Name a model of the provider to call.";
    throw invalid({ path: "/model", code: "REQUIRED", message });
  }
  const call: ModelCall = {
    providerId: data.id,
    model: data.model ?? "",
    system: null,
    prompt: "Answer with the word ok.",
    temperature: null,
    maxTokens: PROBE_TOKENS,
    timeoutMs: PROBE_MS,
    retries: 0,
    signal: new AbortController().signal,
  };
  const startedAt = deps.clock.monotonic();
  const measure = () => Math.round(deps.clock.monotonic() - startedAt);
  try {
    await deps.callProvider({ provider, call });
    return { ok: true, latencyMs: measure(), failure: null };
  } catch (error) {
    const failure = describeFailure(error);
    return { ok: false, latencyMs: measure(), failure };
  }
}
