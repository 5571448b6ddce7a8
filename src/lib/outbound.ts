// The one door for outgoing requests: checks the address, connects to it alone, streams the answer.
// Leaves time limits to the caller's signal; what may be reached stands in `outbound-address.ts`.

import { lookup as lookupName } from "node:dns/promises";
import { request as requestHttp, type ClientRequest, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { AppError } from "../errors";
import {
  bareHost,
  mayReach,
  readAddress,
  type AllowRule,
  type Destination,
} from "./network/outbound-address";
import { type ConnectLimit, createConnectLimit } from "./network/connect-limit";
import { OutboundError, toOutboundError } from "./network/outbound-error";
import { parseTarget } from "./network/outbound-url";
import { MAX_REDIRECTS, type OutgoingRequest, isRedirect, redirectOf } from "./network/redirects";

/** Bytes of a response body. */
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

/** Headers that belong to the connection, or that would make the peer answer otherwise. */
const OWN_HEADERS = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** One address of a name. */
export interface ResolvedAddress {
  address: string;
  family: number;
}

/** All addresses of a name; rejects when there are none. */
export type Resolve = (host: string) => Promise<ResolvedAddress[]>;

export interface OutboundDeps {
  allowPrivate: readonly AllowRule[];
  /** The system's resolver by default. */
  resolve?: Resolve;
  /** Bytes; 16 MiB by default. */
  maxResponseBytes?: number;
}

export interface OutboundInit extends RequestInit {
  /** Bytes, for this request; the door's own limit by default. */
  maxResponseBytes?: number;
  /** Milliseconds until the connection stands, resolving and TLS included; unlimited by default. */
  connectTimeoutMs?: number;
  /** Whether redirects within the same host are followed; each address is checked again. */
  followRedirects?: boolean;
}

export interface Outbound {
  /**
   * Sends one request. Redirects are not followed unless asked: a 3xx is a response like others. The
   * caller reads the body to its end, cancels it or aborts; until then the socket stays open.
   * Rejects, and the body fails, with `AppError` (`URL_INVALID`, `ADDRESS_FORBIDDEN`,
   * `ADDRESS_UNRESOLVED`, `REDIRECT_FORBIDDEN`, `RESPONSE_TOO_LARGE`), `OutboundError`, or the
   * signal's reason.
   */
  fetch(input: string | URL, init?: OutboundInit): Promise<Response>;
}

/** Makes the door; it keeps no connections and no answers of the resolver. */
export function createOutbound(deps: OutboundDeps): Outbound {
  return {
    async fetch(input, init = {}) {
      const url = parseTarget(String(input));
      const signal = init.signal ?? new AbortController().signal;
      signal.throwIfAborted();
      const { method, headers, body } = new Request(url.href, init);
      const bytes = body === null ? null : await new Response(body).bytes();
      const limit = init.maxResponseBytes ?? deps.maxResponseBytes ?? MAX_RESPONSE_BYTES;
      const { connectTimeoutMs = null, followRedirects = false } = init;
      const sending = { signal, limit, connectTimeoutMs, followRedirects };
      return sendFollowing(deps, { url, method, headers, bytes, ...sending });
    },
  };
}

interface Sending extends OutgoingRequest {
  signal: AbortSignal;
  limit: number;
  connectTimeoutMs: number | null;
}

async function sendFollowing(
  deps: OutboundDeps,
  data: Sending & { followRedirects: boolean },
): Promise<Response> {
  const { followRedirects, ...first } = data;
  let request: Sending = first;
  for (let hops = 0; ; hops += 1) {
    const response = await sendOnce(deps, request);
    if (!followRedirects || !isRedirect(response)) return response;
    // Nobody reads it, whether the redirect is followed or refused.
    await response.body?.cancel();
    if (hops === MAX_REDIRECTS) throw new AppError("REDIRECT_FORBIDDEN");
    request = { ...request, ...redirectOf(request, response) };
  }
}

async function sendOnce(deps: OutboundDeps, data: Sending): Promise<Response> {
  using connecting = createConnectLimit(data.connectTimeoutMs);
  const found = untilAborted(connecting.signal, findAddresses(deps, data.url));
  const addresses = await untilAborted(data.signal, found);
  data.signal.throwIfAborted();
  return await exchange({ ...data, addresses, connecting });
}

/** The addresses to connect to, each of them checked; one that may not be reached refuses all. */
async function findAddresses(deps: OutboundDeps, url: URL): Promise<ResolvedAddress[]> {
  const host = bareHost(url);
  const to = { host, port: Number(url.port) || (isSecure(url) ? 443 : 80) };
  const literal = readAddress(host);
  const found =
    literal === null
      ? await resolveName(deps.resolve ?? resolveBySystem, host)
      : [{ address: literal.toString(), family: literal.kind() === "ipv4" ? 4 : 6 }];
  if (!found.every(({ address }) => mayReach(deps, { to, address }))) throw forbidden(to);
  return found;
}

const resolveBySystem: Resolve = (host) => lookupName(host, { all: true });

async function resolveName(resolve: Resolve, host: string): Promise<ResolvedAddress[]> {
  const found = await resolve(host).catch((cause: unknown) => {
    throw new AppError("ADDRESS_UNRESOLVED", { cause });
  });
  if (found.length === 0) throw new AppError("ADDRESS_UNRESOLVED");
  return found;
}

/** Names the entry that would allow the URL as it was written, never the address behind a name. */
function forbidden(to: Destination): AppError {
  const target = `${to.host.includes(":") ? `[${to.host}]` : to.host}:${to.port}`;
  return new AppError("ADDRESS_FORBIDDEN", {
    message: `The address is not public; allow it with HOOKLINE_ALLOW_PRIVATE=${target}.`,
    hint: `Add ${target} to HOOKLINE_ALLOW_PRIVATE if this target is meant, and restart.`,
  });
}

/** The resolver cannot be stopped; its late answer is dropped. */
function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  return promise;
}

interface Exchange extends Sending {
  addresses: ResolvedAddress[];
  connecting: ConnectLimit;
}

const isSecure = (url: URL): boolean => url.protocol === "https:";

/** Sends the request over a connection of its own and resolves with the head of the response. */
function exchange(data: Exchange): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const request = openRequest(data);
  const signals = [data.signal, data.connecting.signal];
  const abort = () => {
    reject(signals.find((signal) => signal.aborted)?.reason);
    request.destroy();
  };
  for (const signal of signals) signal.addEventListener("abort", abort, { once: true });
  request.on("socket", (socket) => {
    socket.once(isSecure(data.url) ? "secureConnect" : "connect", data.connecting.stands);
  });
  request.on("close", () => {
    for (const signal of signals) signal.removeEventListener("abort", abort);
    reject(toOutboundError("unreachable", undefined));
  });
  request.on("error", (error) => reject(toOutboundError("unreachable", error)));
  request.on("upgrade", () => {
    reject(new OutboundError("malformed", { message: "The peer switched protocols." }));
    request.destroy();
  });
  request.on("response", (incoming) => {
    try {
      resolve(toResponse(data, { request, incoming }));
    } catch (cause) {
      reject(new OutboundError("malformed", { message: "The head cannot be read.", cause }));
      request.destroy();
    }
  });
  request.end(data.bytes ?? undefined);
  return promise;
}

function openRequest(data: Exchange): ClientRequest {
  const send = isSecure(data.url) ? requestHttps : requestHttp;
  return send({
    method: data.method,
    host: bareHost(data.url),
    port: data.url.port,
    path: `${data.url.pathname}${data.url.search}`,
    headers: Object.fromEntries(
      [...data.headers].filter(([name]) => !OWN_HEADERS.has(name.toLowerCase())),
    ),
    // A shared agent would hand this connection to a later request that was never checked.
    agent: false,
    lookup: pinTo(data.addresses),
    // Holds also where NODE_TLS_REJECT_UNAUTHORIZED says otherwise.
    rejectUnauthorized: true,
  });
}

/** Answers the connection's own look-up from what was checked, so that no second answer counts. */
function pinTo(addresses: ResolvedAddress[]): LookupFunction {
  // oxlint-disable-next-line eslint/max-params -- Node's signature
  return (_host, options, done) => {
    const [first] = addresses;
    if (options.all === true || first === undefined) done(null, addresses);
    else done(null, first.address, first.family);
  };
}

interface Answer {
  request: ClientRequest;
  incoming: IncomingMessage;
}

function toResponse(data: Exchange, answer: Answer): Response {
  const { incoming } = answer;
  const headers = new Headers();
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at] ?? "", incoming.rawHeaders[at + 1] ?? "");
  }
  const status = incoming.statusCode ?? 0;
  if (data.method !== "HEAD" && ![204, 205, 304].includes(status)) {
    return new Response(streamBody(data, answer), { status, headers });
  }
  incoming.resume();
  return new Response(null, { status, headers });
}

/** The body as it arrives, read no faster than it is taken. */
function streamBody(data: Exchange, answer: Answer): ReadableStream<Uint8Array> {
  const parts = readBody(data, answer);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const part = await parts.next();
      if (part.done === true) controller.close();
      else controller.enqueue(part.value);
    },
    cancel: () => void answer.request.destroy(),
  });
}

async function* readBody(data: Exchange, answer: Answer): AsyncGenerator<Uint8Array, void> {
  const { request, incoming } = answer;
  let received = 0;
  // A reset within a body that ends with the connection is told to the request alone.
  request.on("error", (error) => incoming.destroy(error));
  try {
    refuseBody(data, incoming);
    for await (const chunk of incoming) {
      received += chunk.length;
      if (received > data.limit) throw new AppError("RESPONSE_TOO_LARGE");
      yield chunk;
    }
  } catch (error) {
    if (data.signal.aborted) throw data.signal.reason;
    if (error instanceof AppError || error instanceof OutboundError) throw error;
    throw toOutboundError("broken", error);
  } finally {
    request.destroy();
  }
}

/** Throws for a body that is not read at all; its status stands all the same. */
function refuseBody(data: Exchange, incoming: IncomingMessage): void {
  const encoding = incoming.headers["content-encoding"] ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new OutboundError("malformed", { message: "The body is encoded, which was not asked." });
  }
  if (Number(incoming.headers["content-length"] ?? 0) > data.limit) {
    throw new AppError("RESPONSE_TOO_LARGE");
  }
}
