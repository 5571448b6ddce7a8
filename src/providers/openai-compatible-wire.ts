// What goes over the wire in one model call: the clock that watches it, and what failed there.
// Leaves the address to `lib/outbound.ts` and the meaning of the chunks to `openai-compatible.ts`.

import { AppError } from "../errors";
import { OutboundError, type Outbound } from "../lib/outbound";
import { ProviderError } from "./model";

/** Times in milliseconds. */
export interface WireLimits {
  timeoutMs: number;
  firstByteMs: number;
  idleMs: number;
  signal: AbortSignal;
}

/** The connection of one call. */
export interface Wire {
  /** For the SDK; fails with what `failure` then tells. */
  fetch: typeof globalThis.fetch;
  /** Aborts on the caller's signal, on a time limit, and on `close`. */
  signal: AbortSignal;
  /** What broke the call on the wire, in the product's terms; null when nothing did. */
  failure(): AppError | null;
  /** `x-request-id` of the answer. */
  requestId(): string | null;
  /** Ends the clock, and the socket when it is still open. */
  close(): void;
}

/** Starts the clock; the call is made by `fetch`. */
export function openWire(deps: { outbound: Outbound }, data: WireLimits): Wire {
  const watch = startWatch(data);
  let failure: AppError | null = null;
  let requestId: string | null = null;
  const fail = (error: unknown): never => {
    failure ??= toWireFailure(error);
    throw failure;
  };
  const send = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = input instanceof Request ? input.url : input;
    const response = await deps.outbound.fetch(url, { ...init, signal: watch.signal }).catch(fail);
    requestId = response.headers.get("x-request-id");
    if (!response.ok) {
      await response.body?.cancel();
      return fail(new ProviderError("PROVIDER_ERROR", { httpStatus: response.status }));
    }
    const body = response.body === null ? null : readEvents(response.body, { watch, fail });
    return new Response(body, { status: response.status, headers: response.headers });
  };
  return {
    fetch: Object.assign(send, { preconnect: () => {} }),
    signal: watch.signal,
    failure: () => failure,
    requestId: () => requestId,
    close: () => watch.stop(),
  };
}

interface Watch {
  signal: AbortSignal;
  /** Notes that bytes arrived. */
  onBytes(): void;
  stop(): void;
}

function startWatch(data: WireLimits): Watch {
  const controller = new AbortController();
  const timeOut = () => controller.abort(new ProviderError("PROVIDER_TIMEOUT"));
  const cancel = () => controller.abort(data.signal.reason);
  const total = setTimeout(timeOut, data.timeoutMs);
  let silence = setTimeout(timeOut, data.firstByteMs);
  data.signal.addEventListener("abort", cancel, { once: true });
  return {
    signal: controller.signal,
    onBytes() {
      // What was read before the end may arrive after it, and must start no timer.
      if (controller.signal.aborted) return;
      clearTimeout(silence);
      silence = setTimeout(timeOut, data.idleMs);
    },
    stop() {
      clearTimeout(total);
      clearTimeout(silence);
      data.signal.removeEventListener("abort", cancel);
      controller.abort();
    },
  };
}

/**
 * Passes the bytes on, watching the clock and that they are UTF-8, which the SDK would mend
 * silently. Ends with the terminal event: some servers keep the connection or reset it then.
 */
function readEvents(
  body: ReadableStream<Uint8Array>,
  wire: { watch: Watch; fail: (error: unknown) => never },
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const isLast = createEndFinder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const part = await reader.read().catch(wire.fail);
      if (part.done) return controller.close();
      wire.watch.onBytes();
      const last = decodeOrFail(isLast, { bytes: part.value, fail: wire.fail });
      controller.enqueue(part.value);
      if (!last) return;
      controller.close();
      await reader.cancel();
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function decodeOrFail(
  isLast: (bytes: Uint8Array) => boolean,
  data: { bytes: Uint8Array; fail: (error: unknown) => never },
): boolean {
  try {
    return isLast(data.bytes);
  } catch {
    return data.fail(new ProviderError("PROVIDER_RESPONSE_INVALID"));
  }
}

/** Tells whether the bytes so far hold the line `data: [DONE]`; throws when they are not UTF-8. */
function createEndFinder(): (bytes: Uint8Array) => boolean {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let tail = "\n";
  return (bytes) => {
    const text = tail + decoder.decode(bytes, { stream: true });
    tail = text.slice(-16);
    return /[\r\n]data: ?\[DONE\]/.test(text);
  };
}

const FAULT_CODES = {
  unreachable: "PROVIDER_UNREACHABLE",
  broken: "PROVIDER_STREAM_CUT",
  malformed: "PROVIDER_RESPONSE_INVALID",
} as const;

function toWireFailure(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof OutboundError) {
    return new ProviderError(FAULT_CODES[error.fault], { cause: error });
  }
  return new ProviderError("PROVIDER_RESPONSE_INVALID");
}
