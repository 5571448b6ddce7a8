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

/** Opens a wire for one call. */
export function openMcpWire(deps: { outbound: Outbound }, data: McpWireRequest): McpWire {
  const { limits, maxResponseBytes, idempotencyKey } = data;
  const closing = new AbortController();
  const signal = AbortSignal.any([limits.signal, closing.signal]);
  const brokenOff = Promise.withResolvers<never>();
  brokenOff.promise.catch(() => undefined);
  let failure: ToolError | null = null;
  const timers = new Set<Timer>();

  function endAnswer(): void {
    const cut = (): void => brokenOff.reject(new ToolError("TOOL_RESPONSE_INVALID"));
    timers.add(setTimeout(cut, HANDOVER_MS));
  }
  /** The body as it comes; its end starts the time within which the client must have its message. */
  function watch(response: Response): Response {
    const { status, headers, body } = response;
    if (body === null || status === 202) {
      void body?.cancel();
      return new Response(null, { status, headers });
    }
    const passing = new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        limits.heard();
        controller.enqueue(part);
      },
      flush: endAnswer,
    });
    return new Response(body.pipeThrough(passing), { status, headers });
  }
  async function send(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const method = init.method ?? "GET";
    // A stream of the server's own news, which no call waits for.
    if (method === "GET") return new Response(null, { status: 405 });
    failure = null;
    const headers = new Headers(init.headers);
    if (idempotencyKey !== null && isToolCall(init.body)) {
      headers.set("idempotency-key", idempotencyKey);
    }
    const request = { ...init, headers, maxResponseBytes, connectTimeoutMs: CONNECT_MS };
    const isGoodbye = method === "DELETE";
    const own = isGoodbye ? AbortSignal.timeout(GOODBYE_MS) : signal;
    const url = input instanceof Request ? input.url : input;
    const response = await deps.outbound.fetch(url, { ...request, signal: own });
    if (isGoodbye) return new Response(null, { status: response.status });
    limits.heard();
    if (response.status < 200 || response.status > 299) failure = refusedBy(response);
    return watch(response);
  }
  return {
    fetch: Object.assign(send, { preconnect: () => undefined }),
    failure: () => failure,
    brokenOff: brokenOff.promise,
    close() {
      for (const timer of timers) clearTimeout(timer);
      closing.abort();
    },
  };
}
