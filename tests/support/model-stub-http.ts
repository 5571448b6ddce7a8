// HTTP of the model stub on bare sockets, so that an answer can break off at any byte.
// One request a connection; leaves what is answered to `model-stub-answers.ts`.

import type { Socket } from "node:net";

export interface StubRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

/** Calls back with the first request of a connection, its body read by Content-Length. */
export function readRequest(socket: Socket, done: (request: StubRequest) => void): void {
  let bytes = Buffer.alloc(0);
  const read = (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    const request = parseRequest(bytes);
    if (request === null) return;
    socket.off("data", read);
    // Read on, or the end of the connection is never seen.
    socket.resume();
    done(request);
  };
  socket.on("data", read);
}

function parseRequest(bytes: Buffer): StubRequest | null {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const [line = "", ...lines] = bytes.subarray(0, headEnd).toString("latin1").split("\r\n");
  const headers = Object.fromEntries(lines.map(splitHeader));
  const length = Number(headers["content-length"] ?? 0);
  if (bytes.length < headEnd + 4 + length) return null;
  const [method = "", target = "/"] = line.split(" ");
  const url = new URL(target, "http://stub");
  const text = bytes.subarray(headEnd + 4, headEnd + 4 + length).toString("utf8");
  return { method, path: url.pathname, query: url.searchParams, headers, body: readObject(text) };
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function readObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value))
      : {};
  } catch {
    return {};
  }
}

/** Writes a whole answer and ends the connection. */
export function sendWhole(
  socket: Socket,
  data: { status: number; type: string; body: string; headers?: string[] },
): void {
  const head = [
    `HTTP/1.1 ${data.status} Stub`,
    `Content-Type: ${data.type}`,
    `Content-Length: ${Buffer.byteLength(data.body)}`,
    "Connection: close",
    ...(data.headers ?? []),
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${data.body}`);
}

/** Writes a JSON answer and ends the connection. */
export const sendJson = (socket: Socket, value: unknown): void =>
  sendWhole(socket, { status: 200, type: "application/json", body: JSON.stringify(value) });

/** Starts a chunked answer. */
export function sendHead(socket: Socket, headers: string[]): void {
  socket.write(`HTTP/1.1 200 OK\r\n${headers.join("\r\n")}\r\nTransfer-Encoding: chunked\r\n\r\n`);
}

/** Writes one chunk; resolves once the socket takes more. */
export async function sendChunk(socket: Socket, bytes: Uint8Array | string): Promise<void> {
  const body = Buffer.from(bytes);
  const frame = [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")];
  if (socket.destroyed || socket.write(Buffer.concat(frame))) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("drain", resolve).once("close", resolve);
  await promise;
  socket.off("drain", resolve).off("close", resolve);
}

/** Ends a chunked answer properly. */
export const sendEnd = (socket: Socket): void => void socket.end("0\r\n\r\n");
