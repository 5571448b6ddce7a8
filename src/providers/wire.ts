// What goes over the wire in one attempt of a model call: the clocks that watch it, the end of its
// stream, and what failed there. Leaves the address to `lib/outbound.ts`.

import { AppError } from "../errors";
import { OutboundError } from "../lib/network/outbound-error";
import type { Outbound } from "../lib/outbound";
import { createEventReader } from "./events";
import type { ProviderFormat } from "./formats";
import { ProviderError, type Refusal } from "./model";

/** Times in milliseconds. */
export interface WireRequest {
  format: ProviderFormat;
  /** Whether the header of the key is sent. */
  hasKey: boolean;
  timeoutMs: number;
  firstByteMs: number;
  idleMs: number;
  signal: AbortSignal;
}

/** Of the whole stream: each word of a text comes with about 300 bytes around it. */
const MAX_STREAM_BYTES = 64 * 1024 * 1024;

/** The connection of one attempt. */
export interface Wire {
  /** For the SDK. Its body ends early where something breaks: then `failure` tells what. */
  fetch: typeof globalThis.fetch;
  /** Aborts on the caller's signal, on a time limit, and on `close`. */
  signal: AbortSignal;
  /** What broke the attempt on the wire, in the product's terms; null when nothing did. */
  failure(): AppError | null;
  /** The provider's own name of the request. */
  requestId(): string | null;
  /** Ends the clocks, and the socket when it is still open. */
  close(): void;
}

/** Starts the clocks; the request is sent by `fetch`. */
export function openWire(deps: { outbound: Outbound }, data: WireRequest): Wire {
  const { format } = data;
  const watch = startWatch(data);
  let failure: AppError | null = null;
  let requestId: string | null = null;
  const note = (error: unknown): AppError => (failure ??= toWireFailure(error, watch));
  const fail = (error: unknown): never => {
    throw note(error);
  };
  const send = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    // An SDK may go on by itself after an answer that broke off.
    if (failure !== null) throw failure;
    const url = input instanceof Request ? input.url : input;
    const headers = new Headers(init?.headers);
    if (!data.hasKey) headers.delete(format.keyHeader);
    const request = {
      ...init,
      headers,
      signal: watch.signal,
      maxResponseBytes: MAX_STREAM_BYTES,
    };
    const response = await deps.outbound.fetch(url, request).catch(fail);
    const { requestIdHeader } = format;
    requestId = requestIdHeader === null ? null : response.headers.get(requestIdHeader);
    const refused = await findRefusal(response);
    if (refused !== null) return fail(refused);
    const body = response.body === null ? null : passOn(response.body, { format, watch, note });
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

/** Why an answer is not read as a stream; null for one that is. */
async function findRefusal(response: Response): Promise<ProviderError | null> {
  const { status, headers } = response;
  if (response.ok) {
    const [type = ""] = (headers.get("content-type") ?? "").toLowerCase().split(";");
    if (type.trim() === "text/event-stream") return null;
    await response.body?.cancel();
    return new ProviderError("PROVIDER_RESPONSE_INVALID");
  }
  const refusal = STATUS_REFUSALS[status] ?? (await readRefusal(response));
  const retryAfter = headers.get("retry-after");
  return new ProviderError("PROVIDER_ERROR", { httpStatus: status, retryAfter, refusal });
}

const STATUS_REFUSALS: Record<number, Refusal> = { 401: "key", 403: "key", 404: "model" };

/** Bytes of an error's body that are looked at. */
const MAX_ERROR_BYTES = 16_384;

/** Some say in a 400 alone that the key or the model is wrong: known words of theirs are told apart. */
async function readRefusal(response: Response): Promise<Refusal | null> {
  if (response.status !== 400 || response.body === null) {
    await response.body?.cancel();
    return null;
  }
  let text = "";
  const decoder = new TextDecoder();
  try {
    for await (const bytes of response.body) {
      text += decoder.decode(bytes, { stream: true });
      if (text.length > MAX_ERROR_BYTES) break;
    }
  } catch {
    // The status stands without its text.
  }
  if (/API_KEY_INVALID|invalid_api_key|authentication_error/.test(text)) return "key";
  return /model_not_found|not_found_error/.test(text) ? "model" : null;
}

interface Watch {
  signal: AbortSignal;
  /** Notes that bytes of the body arrived. */
  onBytes(): void;
  /** Whether any did. */
  hasBytes(): boolean;
  stop(): void;
}

function startWatch(data: WireRequest): Watch {
  const controller = new AbortController();
  const timeOut = () => controller.abort(new ProviderError("PROVIDER_TIMEOUT"));
  const cancel = () => controller.abort(data.signal.reason);
  const total = setTimeout(timeOut, data.timeoutMs);
  let silence = setTimeout(timeOut, data.firstByteMs);
  let hasBytes = false;
  data.signal.addEventListener("abort", cancel, { once: true });
  return {
    signal: controller.signal,
    hasBytes: () => hasBytes,
    onBytes() {
      hasBytes = true;
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

interface Passing {
  format: ProviderFormat;
  watch: Watch;
  note: (error: unknown) => AppError;
}

/**
 * The body for the SDK, to the end of the stream: some servers keep the connection or reset it
 * then. It never breaks: that would take what the SDK has not read yet.
 */
function passOn(body: ReadableStream<Uint8Array>, data: Passing): ReadableStream<Uint8Array> {
  const parts = readEvents(body, data);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const part = await parts.next();
      if (part.done === true) controller.close();
      else controller.enqueue(part.value);
    },
    cancel: async () => void (await parts.return()),
  });
}

async function* readEvents(
  body: ReadableStream<Uint8Array>,
  { format, watch, note }: Passing,
): AsyncGenerator<Uint8Array, void> {
  const read = createEventReader();
  let events = 0;
  let isWhole = false;
  try {
    for await (const bytes of body) {
      watch.onBytes();
      const meanings = read(bytes).map(format.judge);
      events += meanings.length;
      isWhole ||= meanings.includes("whole");
      const hasError = meanings.includes("error");
      if (hasError) note(new ProviderError("PROVIDER_ERROR"));
      yield bytes;
      if (hasError || meanings.includes("last")) return;
    }
    if (!isWhole) {
      note(new ProviderError(events > 0 ? "PROVIDER_STREAM_CUT" : "PROVIDER_RESPONSE_INVALID"));
    }
  } catch (error) {
    note(error);
  }
}

const FAULT_CODES = {
  unreachable: "PROVIDER_UNREACHABLE",
  untrusted: "PROVIDER_TLS_FAILED",
  broken: "PROVIDER_STREAM_CUT",
  malformed: "PROVIDER_RESPONSE_INVALID",
} as const;

function toWireFailure(error: unknown, watch: Watch): AppError {
  if (error instanceof AppError) return error;
  if (!(error instanceof OutboundError)) return new ProviderError("PROVIDER_RESPONSE_INVALID");
  const isLate = error.fault === "broken" && watch.hasBytes();
  const fault = error.fault === "broken" && !isLate ? "unreachable" : error.fault;
  return new ProviderError(FAULT_CODES[fault], { cause: error });
}
