// How an outgoing request can fail on the network.

/**
 * Why the network gave no whole answer: `unreachable` before the head of the response, `untrusted`
 * when TLS failed, `broken` within the body, `malformed` when it is not HTTP that is read here.
 */
export type OutboundFault = "unreachable" | "untrusted" | "broken" | "malformed";

/** A request that failed on the network; what the user is told is for the caller to say. */
export class OutboundError extends Error {
  readonly fault: OutboundFault;

  constructor(fault: OutboundFault, options: { message: string; cause?: unknown }) {
    super(options.message, { cause: options.cause });
    this.name = "OutboundError";
    this.fault = fault;
  }
}

/** `code` of Node's errors names the fault; the parser's codes start with HPE_. */
export function toOutboundError(fault: OutboundFault, cause: unknown): OutboundError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  return new OutboundError(refineFault(fault, code), {
    message: `The connection failed (${code}).`,
    cause,
  });
}

function refineFault(fault: OutboundFault, code: string): OutboundFault {
  if (code.startsWith("HPE_")) return "malformed";
  const isTls = /CERT|_SSL_|_TLS_|^EPROTO$/.test(code);
  return isTls && fault === "unreachable" ? "untrusted" : fault;
}
