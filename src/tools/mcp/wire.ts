// What an MCP client sends through: the one door, within the call's limits, with its key on the call
// itself. Remembers what went wrong, as the client's own errors carry what the peer wrote.

import type { Outbound } from "../../lib/outbound";
import { CONNECT_MS, type Limits } from "../limits";
import { ToolError } from "../tool";

/** How long the end of a session may take to be told. */
const GOODBYE_MS = 1_000;
/** How long a message may take from the wire to the client. */
const HANDOVER_MS = 1_000;

export interface McpWireRequest {
  limits: Limits;
  /** Bytes of each answer. */
  maxResponseBytes: number;
  /** Sent with the call of a tool; null where none is called. */
  idempotencyKey: string | null;
}

export interface McpWire {
  fetch: typeof fetch;
  /** What broke the last request; null for nothing. */
  failure(): ToolError | null;
  /** Rejects once an answer has ended without the message that was asked for. */
  readonly brokenOff: Promise<never>;
  /** Closes what is still open. */
  close(): void;
}

const isToolCall = (body: unknown): boolean =>
  typeof body === "string" && JSON.parse(body).method === "tools/call";

/** An answer that is not 2xx, as a failure of the tool. */
const refusedBy = ({ status, headers }: Response): ToolError =>
  new ToolError("TOOL_ERROR", {
    message: `The tool's server answered with status ${status}.`,
    httpStatus: status,
    retryAfter: headers.get("retry-after"),
  });

/**
 * Notices an answer that has ended without the message that was asked for: the client, which would
 * wait for ever, neither ends nor sends anything else.
 */
function createHandover() {
  const brokenOff = Promise.withResolvers<never>();
  brokenOff.promise.catch(() => undefined);
  const cut = (): void => brokenOff.reject(new ToolError("TOOL_RESPONSE_INVALID"));
  let timer: Timer | undefined;
  let latest = 0;
  return {
    brokenOff: brokenOff.promise,
    /** A request is sent: gives its number. */
    begin(): number {
      clearTimeout(timer);
      latest += 1;
      return latest;
    },
    /** The answer to that request has ended. */
    end(number: number): void {
      if (number === latest) timer = setTimeout(cut, HANDOVER_MS);
    },
    close: () => clearTimeout(timer),
  };
}

/** The answer as it comes; `part` is called for each piece, `end` at its end. */
function passOn(response: Response, told: { part(): void; end(): void }): Response {
  const { status, headers, body } = response;
  if (body === null || status === 202) {
    void body?.cancel();
    return new Response(null, { status, headers });
  }
  const passing = new TransformStream<Uint8Array, Uint8Array>({
    transform(part, controller) {
      told.part();
      controller.enqueue(part);
    },
    flush: () => told.end(),
  });
  return new Response(body.pipeThrough(passing), { status, headers });
}

/** Opens a wire for one call. */
export function openMcpWire(deps: { outbound: Outbound }, data: McpWireRequest): McpWire {
  const { limits, maxResponseBytes, idempotencyKey } = data;
  const closing = new AbortController();
  const signal = AbortSignal.any([limits.signal, closing.signal]);
  const handover = createHandover();
  let failure: ToolError | null = null;

  async function send(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const method = init.method ?? "GET";
    // A stream of the server's own news, which no call waits for.
    if (method === "GET") return new Response(null, { status: 405 });
    const url = input instanceof Request ? input.url : input;
    const limited = { ...init, maxResponseBytes, connectTimeoutMs: CONNECT_MS };
    // The call is over then, and its limits with it.
    if (method === "DELETE") {
      const goodbye = { ...limited, signal: AbortSignal.timeout(GOODBYE_MS) };
      const { status, body } = await deps.outbound.fetch(url, goodbye);
      await body?.cancel();
      return new Response(null, { status });
    }
    const number = handover.begin();
    failure = null;
    const headers = new Headers(init.headers);
    if (idempotencyKey !== null && isToolCall(init.body)) {
      headers.set("idempotency-key", idempotencyKey);
    }
    const response = await deps.outbound.fetch(url, { ...limited, headers, signal });
    limits.heard();
    if (response.status < 200 || response.status > 299) failure = refusedBy(response);
    return passOn(response, { part: limits.heard, end: () => handover.end(number) });
  }
  return {
    fetch: Object.assign(send, { preconnect: () => undefined }),
    failure: () => failure,
    brokenOff: handover.brokenOff,
    close() {
      handover.close();
      closing.abort();
    },
  };
}
