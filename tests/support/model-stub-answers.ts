// What the model stub answers, by the name of a behaviour: the good answer, and each fault.
// Leaves holding and counting to `model-stub.ts`.

import type { Socket } from "node:net";
import type { StubCall } from "./model-stub";
import { answerText, formatOf } from "./model-stub-formats";
import { sendChunk, sendEnd, sendHead, sendWhole } from "./model-stub-http";

interface Answering {
  socket: Socket;
  call: StubCall;
}

/** Behaviours by name. `slow-<ms>`, `status-<code>[:<Retry-After>]`, `redirect[-<code>]:<url>` and `events:<JSON>` carry a value. */
const BEHAVIOURS: Record<string, (data: Answering) => Promise<void> | void> = {
  ok: (data) => stream(data, { events: goodEvents(data.call), end: "close" }),
  /** Asks for the tool `look_up` twice; answers as `ok` where the request has what that gave. */
  tools: (data) =>
    stream(data, {
      events: hasToolResults(data.call)
        ? goodEvents(data.call)
        : formatOf(data.call.path).tools(data.call),
      end: "close",
    }),
  /** Held by `model-stub.ts` before it comes here. */
  hold: (data) => stream(data, { events: goodEvents(data.call), end: "close" }),
  /** FIN after half of the text, the chunked body unfinished. */
  cut: (data) => stream(data, { events: halfOf(data.call), end: "fin" }),
  /** As `cut`, with the chunked body ended as if it were whole. */
  "cut-clean": (data) => stream(data, { events: halfOf(data.call), end: "close" }),
  /** All of the text, and an end in order, without the event that tells of it. */
  "no-end": (data) => stream(data, { events: withoutEnd(data.call), end: "close" }),
  /** As `no-end`, with a body that only the end of the connection ends. */
  "no-end-close": ({ socket, call }) => untilClose(socket, withoutEnd(call).join("")),
  /** FIN and RST before any answer, RST behind its head, and RST after half of the text. */
  "hang-up": ({ socket }) => void socket.end(),
  reset: ({ socket }) => void socket.resetAndDestroy(),
  "reset-head": (data) => stream(data, { events: [], end: "reset" }),
  "reset-late": (data) => stream(data, { events: halfOf(data.call), end: "reset" }),
  html: ({ socket }) =>
    sendWhole(socket, { status: 200, type: "text/html", body: "<!doctype html><p>hello" }),
  json: ({ socket, call }) =>
    sendWhole(socket, {
      status: 200,
      type: "application/json",
      body: JSON.stringify({ text: answerText(call) }),
    }),
  empty: ({ socket }) => sendWhole(socket, { status: 200, type: EVENT_STREAM, body: "" }),
  /** Bytes that are no HTTP. */
  "no-http": ({ socket }) => void socket.end("220 mail.test ESMTP\r\n"),
  /** Events that are not JSON, that are JSON of another shape, and that tell of an error. */
  garbage: (data) => stream(data, { events: [GARBAGE], end: "close" }),
  "garbage-late": (data) => stream(data, { events: [...halfOf(data.call), GARBAGE], end: "close" }),
  "half-json": (data) => stream(data, { events: ['data: {"type":\n\n'], end: "close" }),
  "deep-json": (data) =>
    stream(data, { events: [`data: {"a":${"[".repeat(1_000_000)}\n\n`], end: "close" }),
  "wrong-shape": (data) => stream(data, { events: ['data: {"choices":7}\n\n'], end: "close" }),
  "error-event": ({ call, ...data }) =>
    stream({ call, ...data }, { events: [...textEvents(call), errorEvent(call)], end: "close" }),
  "error-first": (data) => stream(data, { events: [errorEvent(data.call)], end: "close" }),
  "error-text": (data) => stream(data, { events: [`data: {"error":"${LEAK}"}\n\n`], end: "close" }),
  /** Bytes that are no UTF-8, within an event. */
  "bad-utf8": (data) => badText(data),
  /** Sends nothing: at all, behind the head, after half of the text; keeps the connection at the end. */
  silent: () => {},
  head: (data) => stream(data, { events: [], end: "nothing" }),
  stall: (data) => stream(data, { events: halfOf(data.call), end: "nothing" }),
  linger: (data) => stream(data, { events: goodEvents(data.call), end: "nothing" }),
  /** The good answer in pieces of 1 to 3 bytes. */
  dribble: (data) => dribble(data),
  /** Without end: text, one event, events, headers, and announcements of an answer. */
  flood: (data) => flood(data),
  "flood-line": (data) => floodLine(data),
  "flood-events": (data) => floodEvents(data),
  "flood-headers": ({ socket }) => pour(socket, "HTTP/1.1 200 OK\r\n", "X-Flood: flood\r\n"),
  "flood-1xx": ({ socket }) => pour(socket, "", "HTTP/1.1 102 Processing\r\n\r\n"),
  /** 100 MiB of text in a few KiB. */
  bomb: ({ socket }) => gzipped(socket, `data: ${" ".repeat(100 * 1024 * 1024)}`),
  /** The good answer as something else. */
  "text-plain": (data) => wrongType(data),
  gzip: ({ socket, call }) => gzipped(socket, goodEvents(call).join("")),
};

const hasToolResults = ({ body }: StubCall): boolean =>
  /"role":"tool"|"function_call_output"|"tool_result"|"functionResponse"/.test(
    JSON.stringify(body),
  );

/** What no error message may repeat. */
export const LEAK = "provider-text-that-must-not-leak";

const GARBAGE = "data: not json\n\n";

const EVENT_STREAM = "text/event-stream";

/** Answers one call; an unknown name answers as `ok`, so that any model name works. */
export async function answerAs(name: string, data: Answering): Promise<void> {
  const [, kind = name, value = ""] = /^(slow|status|redirect|events)[-:]?(.*)$/s.exec(name) ?? [];
  if (kind === "status") return sendStatus(data, value);
  if (kind === "events") return stream(data, { events: [`data: ${value}\n\n`], end: "close" });
  if (kind === "redirect") return redirect(data, value);
  if (kind === "slow") await Bun.sleep(Number(value));
  await (BEHAVIOURS[kind] ?? BEHAVIOURS["ok"])?.(data);
}

/** `429` alone, or with its `Retry-After` as `429:<value>`; the body repeats what it must not. */
function sendStatus({ socket, call }: Answering, value: string): void {
  const [, status = "", retryAfter] = /^(\d+)(?::(.*))?$/.exec(value) ?? [];
  const message = `${LEAK} ${call.prompt} ${JSON.stringify(call.headers)}`;
  const body = JSON.stringify({ error: { message, type: "stub", ...STATUS_CODES[status] } });
  const headers = retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`];
  sendWhole(socket, { status: Number(status), type: "application/json", body, headers });
}

/** What of a 400 says that the key is wrong, as Google words it. */
const STATUS_CODES: Record<string, { details: { reason: string }[] }> = {
  "400": { details: [{ reason: "API_KEY_INVALID" }] },
};

/** `<url>` answers 302, `307:<url>` another status. */
function redirect({ socket }: Answering, value: string): void {
  const [, status = "", url = ""] = /^(?:(\d+):)?(.*)$/.exec(value) ?? [];
  const headers = [`Location: ${url}`];
  sendWhole(socket, { status: Number(status) || 302, type: "text/plain", body: "", headers });
}

/** The text in about four pieces, without its end. */
function textEvents(call: StubCall): string[] {
  const format = formatOf(call.path);
  const letters = Array.from(answerText(call));
  const size = Math.max(1, Math.ceil(letters.length / 4));
  const pieces = [];
  for (let at = 0; at < letters.length; at += size) {
    pieces.push(format.piece(call, letters.slice(at, at + size).join("")));
  }
  return [...format.start(call), ...pieces];
}

/** Half of the text. */
const halfOf = (call: StubCall): string[] =>
  textEvents(call).slice(0, formatOf(call.path).start(call).length + 2);

const goodEvents = (call: StubCall): string[] => [
  ...textEvents(call),
  ...formatOf(call.path).end(call),
];

/** All but the very last event, which is the one that ends the stream. */
const withoutEnd = (call: StubCall): string[] => goodEvents(call).slice(0, -1);

const errorEvent = (call: StubCall): string => formatOf(call.path).error(LEAK);

const startStream = ({ socket, call }: Answering): void =>
  sendHead(socket, [
    `Content-Type: ${EVENT_STREAM}; charset=utf-8`,
    `X-Request-Id: req-${call.number}`,
    `Request-Id: req-${call.number}`,
  ]);

async function stream(
  data: Answering,
  how: { events: string[]; end: "close" | "fin" | "reset" | "nothing" },
): Promise<void> {
  const { socket } = data;
  startStream(data);
  for (const text of how.events) await sendChunk(socket, text);
  if (how.end === "close") sendEnd(socket);
  if (how.end === "fin") socket.end();
  // The text has to arrive before the reset, which overtakes what is not read yet.
  if (how.end === "reset") setTimeout(() => socket.resetAndDestroy(), 100);
}

async function dribble(data: Answering): Promise<void> {
  startStream(data);
  const bytes = Buffer.from(goodEvents(data.call).join(""));
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size % 3) + 1) {
    await sendChunk(data.socket, bytes.subarray(at, at + size));
    await new Promise(setImmediate);
  }
  sendEnd(data.socket);
}

async function flood(data: Answering): Promise<void> {
  startStream(data);
  const piece = formatOf(data.call.path).piece(data.call, "x".repeat(60_000));
  for (const text of formatOf(data.call.path).start(data.call)) await sendChunk(data.socket, text);
  while (!data.socket.destroyed) await sendChunk(data.socket, piece);
}

async function floodLine(data: Answering): Promise<void> {
  startStream(data);
  await sendChunk(data.socket, "data: ");
  while (!data.socket.destroyed) await sendChunk(data.socket, "x".repeat(60_000));
}

/** Events that hold no text. */
async function floodEvents(data: Answering): Promise<void> {
  startStream(data);
  const [event = ""] = formatOf(data.call.path).start(data.call);
  const comments = `: ${"x".repeat(60_000)}\n`;
  while (!data.socket.destroyed) await sendChunk(data.socket, `${comments}${event}`);
}

/** Writes bare text again and again. */
async function pour(socket: Socket, first: string, again: string): Promise<void> {
  socket.write(first);
  while (!socket.destroyed) {
    if (socket.write(again.repeat(100))) await new Promise(setImmediate);
    else await new Promise((resolve) => socket.once("drain", resolve).once("close", resolve));
  }
}

async function badText(data: Answering): Promise<void> {
  startStream(data);
  const [before = "", after = ""] = formatOf(data.call.path).piece(data.call, "|").split("|");
  await sendChunk(
    data.socket,
    Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)]),
  );
  sendEnd(data.socket);
}

/** Sends what is compressed, though nobody asked. */
async function gzipped(socket: Socket, text: string): Promise<void> {
  sendHead(socket, [`Content-Type: ${EVENT_STREAM}`, "Content-Encoding: gzip"]);
  await sendChunk(socket, Bun.gzipSync(text));
  sendEnd(socket);
}

function untilClose(socket: Socket, text: string): void {
  socket.end(`HTTP/1.1 200 OK\r\nContent-Type: ${EVENT_STREAM}\r\n\r\n${text}`);
}

async function wrongType({ socket, call }: Answering): Promise<void> {
  sendHead(socket, ["Content-Type: text/plain"]);
  await sendChunk(socket, goodEvents(call).join(""));
  sendEnd(socket);
}
