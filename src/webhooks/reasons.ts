// What the ledger's reasons mean that are no error codes: for the owner, never for the sender.

import type { ErrorCode } from "../errors";
import type { Reason } from "../vocabulary";

/** A line of documentation by reason; those that are codes have theirs in the table of errors. */
export const REASON_DOCS: Record<Exclude<Reason, ErrorCode>, string> = {
  REQUEST_ABORTED: "The connection ended before the whole body had arrived.",
  UNKNOWN_AGENT: "Answered 404: no agent has the id in the URL.",
  WEBHOOK_DISABLED: "Answered 404: the agent's webhook is switched off; set `webhookEnabled`.",
  AGENT_INACTIVE: "Answered 404: the agent is a draft or was deactivated; activate it.",
  VERSION_UNRUNNABLE:
    "Answered 404: this program cannot run the agent's live version; activate it again.",
  AUTH_MISSING: "Answered 401: the request had no credential of the webhook's method.",
  BEARER_MISMATCH: "Answered 401: the bearer token is none of the webhook's secrets.",
  BASIC_MISMATCH: "Answered 401: user and password are not those of the webhook's secrets.",
  SIGNATURE_MISSING: "Answered 401: the header of the signature was missing or empty.",
  SIGNATURE_MALFORMED:
    "Answered 401: the signature is not written as the method asks; look at its prefix and encoding.",
  SIGNATURE_MISMATCH:
    "Answered 401: the signature fits none of the webhook's secrets. Another secret, or a body that was changed on its way.",
  TIMESTAMP_TOO_OLD:
    "Answered 401: the signed time lies too far back. A replay, or a clock that is wrong.",
  TIMESTAMP_IN_FUTURE: "Answered 401: the signed time lies ahead; compare the clocks.",
  SECRET_UNAVAILABLE: "Answered 401: the webhook has no secret yet; give it the sender's.",
  DUPLICATE: "Answered 200 with the first execution: the same delivery came again.",
  BODY_DIFFERS:
    "Answered 200 with the first execution: the same delivery id came with another body.",
  PING: "Answered 200: the sender's test of the webhook, which starts no execution.",
};
