// What the model stub answers, by the name of a behaviour: the good answer, and each fault.
// Leaves holding and counting to `model-stub.ts`.

import type { Socket } from "node:net";
import type { StubCall } from "./model-stub";
import { sendChunk, sendEnd, sendHead, sendWhole } from "./model-stub-http";

interface Answering {
  socket: Socket;
  call: StubCall;
}

/** Behaviours by name. `slow-<ms>`, `status-<code>` and `redirect[-<code>]:<url>` carry a value. */
const BEHAVIOURS: Record<string, (data: Answering) => Promise<void> | void> = {
  ok: (data) => stream(data, { events: goodEvents(data.call), end: "close" }),
  /** Held by `model-stub.ts` before it comes here. */
  hold: (data) => stream(data, { events: goodEvents(data.call), end: "close" }),
  /** FIN after half of the text, the chunked body unfinished. */
  cut: (data) => stream(data, { events: halfOf(data.call), end: "fin" }),
  /** As `cut`, with the chunked body ended as if it were whole. */
  "cut-clean": (data) => stream(data, { events: halfOf(data.call), end: "close" }),
  /** RST before any answer, and RST after half of the text. */
  reset: ({ socket }) => void socket.resetAndDestroy(),
  "reset-late": (data) => stream(data, { events: halfOf(data.call), end: "reset" }),
  html: ({ socket }) =>
    sendWhole(socket, { status: 200, type: "text/html", body: "<!doctype html><p>hello" }),
  json: ({ socket, call }) =>
    sendWhole(socket, { status: 200, type: "application/json", body: wholeAnswer(call) }),
  empty: ({ socket }) => sendWhole(socket, { status: 200, type: EVENT_STREAM, body: "" }),
  /** Events that are not JSON, that are JSON of another shape, and that tell of an error. */
  garbage: (data) => stream(data, { events: ["data: not json\n\n"], end: "close" }),
  "wrong-shape": (data) => stream(data, { events: ['data: {"choices":7}\n\n'], end: "close" }),
  "error-event": (data) =>
    stream(data, {
      events: [...textEvents(data.call), `data: {"error":{"message":"${LEAK}"}}\n\n`],
      end: "close",
    }),
  "error-text": (data) => stream(data, { events: [`data: {"error":"${LEAK}"}\n\n`], end: "close" }),
  /** Bytes that are no UTF-8, within an event. */
  "bad-utf8": ({ socket }) => badText(socket),
  /** Accepts and sends nothing; sends half and then nothing; keeps the connection after the end. */
  silent: () => {},
  stall: (data) => stream(data, { events: halfOf(data.call), end: "nothing" }),
  linger: (data) => stream(data, { events: goodEvents(data.call), end: "nothing" }),
  /** The good answer in pieces of 1 to 3 bytes. */
  dribble: (data) => dribble(data),
  /** Text without end. */
  flood: (data) => flood(data),
  gzip: ({ socket, call }) => gzipped(socket, call),
};

/** What no error message may repeat. */
export const LEAK = "provider-text-that-must-not-leak";

const EVENT_STREAM = "text/event-stream";

/** Answers one call; an unknown name answers as `ok`, so that any model name works. */
export async function answerAs(name: string, data: Answering): Promise<void> {
  const [, kind = name, value = ""] = /^(slow|status|redirect)-?(.*)$/.exec(name) ?? [];
  if (kind === "status") return sendStatus(data, Number(value));
  if (kind === "redirect") return redirect(data, value);
  if (kind === "slow") await Bun.sleep(Number(value));
  await (BEHAVIOURS[kind] ?? BEHAVIOURS["ok"])?.(data);
}

function sendStatus({ socket, call }: Answering, status: number): void {
  const authorization = call.headers["authorization"] ?? "";
  const message = `${LEAK} ${call.prompt} ${authorization}`;
  const body = JSON.stringify({ error: { message, type: "stub" } });
  sendWhole(socket, { status, type: "application/json", body, headers: ["Retry-After: 1"] });
}

/** `:<url>` answers 302, `307:<url>` another status. */
function redirect({ socket }: Answering, value: string): void {
  const [, status = "", url = ""] = /^(\d*):(.*)$/.exec(value) ?? [];
  const headers = [`Location: ${url}`];
  sendWhole(socket, { status: Number(status) || 302, type: "text/plain", body: "", headers });
}

const answerText = (call: StubCall): string => `echo:${call.prompt}`;

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

function chunkOf(call: StubCall, fields: Record<string, unknown>): string {
  const id = `chatcmpl-${call.number}`;
  return event({ id, object: "chat.completion.chunk", created: 1, model: call.model, ...fields });
}

/** The text in about four pieces, without finish. */
function textEvents(call: StubCall): string[] {
  const letters = Array.from(answerText(call));
  const size = Math.max(1, Math.ceil(letters.length / 4));
  const role = chunkOf(call, { choices: [{ index: 0, delta: { role: "assistant" } }] });
  const pieces = [];
  for (let at = 0; at < letters.length; at += size) {
    const delta = { content: letters.slice(at, at + size).join("") };
    pieces.push(chunkOf(call, { choices: [{ index: 0, delta, finish_reason: null }] }));
  }
  return [role, ...pieces];
}

/** The role and half of the text. */
const halfOf = (call: StubCall): string[] => textEvents(call).slice(0, 3);

/** Tokens are letters here: 2 of the prompt count as cached. */
function usageOf(call: StubCall) {
  return {
    prompt_tokens: call.prompt.length,
    completion_tokens: answerText(call).length,
    prompt_tokens_details: { cached_tokens: Math.min(2, call.prompt.length) },
  };
}

function goodEvents(call: StubCall): string[] {
  const options: unknown = call.body["stream_options"];
  const wantsUsage = JSON.stringify(options ?? null).includes('"include_usage":true');
  return [
    ...textEvents(call),
    chunkOf(call, { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
    ...(wantsUsage ? [chunkOf(call, { choices: [], usage: usageOf(call) })] : []),
    "data: [DONE]\n\n",
  ];
}

function wholeAnswer(call: StubCall): string {
  const message = { role: "assistant", content: answerText(call) };
  return JSON.stringify({
    id: `chatcmpl-${call.number}`,
    object: "chat.completion",
    choices: [{ index: 0, message, finish_reason: "stop" }],
    usage: usageOf(call),
  });
}

const startStream = ({ socket, call }: Answering): void =>
  sendHead(socket, [`Content-Type: ${EVENT_STREAM}`, `X-Request-Id: req-${call.number}`]);

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
  const content = "x".repeat(60_000);
  const piece = chunkOf(data.call, { choices: [{ index: 0, delta: { content } }] });
  while (!data.socket.destroyed) await sendChunk(data.socket, piece);
}

async function badText(socket: Socket): Promise<void> {
  sendHead(socket, [`Content-Type: ${EVENT_STREAM}`]);
  const [before = "", after = ""] = event({ choices: [{ delta: { content: "|" } }] }).split("|");
  await sendChunk(
    socket,
    Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)]),
  );
  sendEnd(socket);
}

async function gzipped(socket: Socket, call: StubCall): Promise<void> {
  sendHead(socket, [`Content-Type: ${EVENT_STREAM}`, "Content-Encoding: gzip"]);
  await sendChunk(socket, Bun.gzipSync(goodEvents(call).join("")));
  sendEnd(socket);
}
