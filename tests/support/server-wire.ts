// HTTP/1.1 on bare sockets: requests as bytes, so that they may be wrong in any way, and one
// answer after the other on a connection that stays open.

import { connect, type Socket } from "node:net";

export interface WireAnswer {
  status: number;
  headers: Headers;
  text: string;
}

export interface RawRequest {
  method?: string;
  path: string;
  /** Undefined leaves a header out. */
  headers?: Record<string, string | undefined>;
  body?: string | Uint8Array;
}

/** The bytes of a request; its length is declared unless a header says how it is sent. */
export function toBytes(request: RawRequest): Buffer {
  const body = Buffer.from(request.body ?? "");
  const chunked = request.headers?.["Transfer-Encoding"] !== undefined;
  const headers = {
    Host: "localhost",
    ...(chunked ? {} : { "Content-Length": String(body.length) }),
    ...request.headers,
  };
  const lines = Object.entries(headers)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${request.method ?? "POST"} ${request.path} HTTP/1.1\r\n${lines.join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}

/** Bytes as one chunk of a chunked body. */
export const toChunk = (bytes: Uint8Array | string): Buffer =>
  Buffer.concat([
    Buffer.from(`${Buffer.byteLength(bytes).toString(16)}\r\n`),
    Buffer.from(bytes),
    Buffer.from("\r\n"),
  ]);

/** What the asker knows of an answer before it comes. */
interface Awaited {
  /** It ends with its head, as the answer to HEAD does. */
  bodyless?: boolean;
}

function parseAnswer(
  bytes: Buffer,
  { bodyless = false }: Awaited,
): { answer: WireAnswer; size: number } | null {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const [line = "", ...fields] = bytes.subarray(0, headEnd).toString("latin1").split("\r\n");
  const headers = new Headers();
  for (const field of fields) {
    const colon = field.indexOf(":");
    headers.append(field.slice(0, colon), field.slice(colon + 1).trim());
  }
  const size = headEnd + 4 + (bodyless ? 0 : Number(headers.get("content-length") ?? 0));
  if (bytes.length < size) return null;
  const text = bytes.subarray(headEnd + 4, size).toString("utf8");
  return { answer: { status: Number(line.split(" ")[1]), headers, text }, size };
}

/** A connection that takes one request after the other. */
export class Connection implements Disposable {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #waiting: (Awaited & { done: (answer: WireAnswer | null) => void })[] = [];
  #closed = false;
  /** Answers that nobody waited for. */
  readonly unasked: WireAnswer[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#take(Buffer.from(chunk)));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#close());
  }

  /** A connection to `http://host:port`. */
  static open(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url);
    return new Promise((done, reject) => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        done(new Connection(socket));
      });
    });
  }

  #take(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const parsed = parseAnswer(this.#bytes, this.#waiting[0] ?? {});
      if (parsed === null) return;
      this.#bytes = this.#bytes.subarray(parsed.size);
      const asker = this.#waiting.shift();
      if (asker === undefined) this.unasked.push(parsed.answer);
      else asker.done(parsed.answer);
    }
  }

  #close(): void {
    this.#closed = true;
    for (const { done } of this.#waiting.splice(0)) done(null);
  }

  /** Whether it ended within an answer. */
  get cut(): boolean {
    return this.#closed && this.#bytes.length > 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes as they are; pieces of a request may follow each other. */
  send(bytes: Uint8Array | string): void {
    if (!this.#closed) this.#socket.write(bytes);
  }

  /** The next answer, or null where the connection ends before it is whole. */
  answer(awaited: Awaited = {}): Promise<WireAnswer | null> {
    if (this.#closed) return Promise.resolve(null);
    return new Promise((done) => this.#waiting.push({ ...awaited, done }));
  }

  /** Sends a request and waits for its answer. */
  exchange(bytes: Uint8Array): Promise<WireAnswer | null> {
    const answer = this.answer();
    this.send(bytes);
    return answer;
  }

  /** Sends nothing more (FIN); answers may still come. */
  end(): void {
    this.#socket.end();
  }

  /** Breaks the connection off (RST). */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
