// Which failures of a model call may pass. When and how often it is made again is `lib/retry.ts`'s.

import { AppError } from "../errors";
import { isPassingStatus, type PassingFailure } from "../lib/network/retry";
import { ProviderError } from "./model";

/** The network failed before a byte of the answer's body. */
const NETWORK_CODES = new Set(["PROVIDER_UNREACHABLE", "ADDRESS_UNRESOLVED"]);

/**
 * What another attempt may mend: 408, 425, 429, 5xx, and failures of the network before any byte of
 * the answer; null for anything else.
 */
export function judgeFailure(error: unknown): PassingFailure | null {
  if (!(error instanceof AppError)) return null;
  const { code } = error;
  const failure = error instanceof ProviderError ? error : null;
  if (failure !== null && failure.partialText !== "") return null;
  const { httpStatus, retryAfter = null } = failure ?? { httpStatus: undefined };
  const mayPass = NETWORK_CODES.has(code) || isPassingStatus(httpStatus ?? 0);
  return mayPass ? { code, httpStatus, retryAfter } : null;
}
