// What a server answers, kept to be searched: every answer to a GET, and every failure. Answers that
// show a secret on purpose, this once, are neither.

import type { Target } from "../support/server-calls";
import type { Places } from "./canary-search";

export interface Sent {
  /** `GET /agents`. */
  call: string;
  /** Bytes and text as they are, anything else as JSON. */
  body?: unknown;
  /** In place of the admin's; null sends none. */
  token?: string | null;
  headers?: Record<string, string>;
}

export interface Told {
  status: number;
  headers: Headers;
  text: string;
  /** Of a success. */
  // Answers differ by route.
  // oxlint-disable-next-line typescript/no-explicit-any
  data: any;
}

function bytesOf(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}

const isJson = (response: Response): boolean =>
  response.headers.get("content-type")?.startsWith("application/json") === true;

/** Asks a server and keeps what it answers. */
export class Transcript {
  readonly #reads: string[] = [];
  readonly #failures: string[] = [];

  /** `target` is asked at every call: a server that was started again is elsewhere. */
  constructor(readonly target: () => Target) {}

  async send(sent: Sent): Promise<Told> {
    const { url: origin, token: ownToken } = this.target();
    const { token = ownToken, body } = sent;
    const [method = "GET", path = "/"] = sent.call.split(" ");
    const headers = new Headers({ "Content-Type": "application/json" });
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    for (const [name, value] of Object.entries(sent.headers ?? {})) headers.set(name, value);
    const init = body === undefined ? {} : { body: bytesOf(body) };
    const options = { method, headers, redirect: "manual", keepalive: false } as const;
    const response = await fetch(`${origin}${path}`, { ...options, ...init });
    const text = await response.text();
    this.#keep(method, { response, text });
    const data = isJson(response) && response.ok ? JSON.parse(text).data : undefined;
    return { status: response.status, headers: response.headers, text, data };
  }

  /** The data of a call that must succeed. */
  // oxlint-disable-next-line typescript/no-explicit-any
  async make(sent: Sent): Promise<any> {
    const { status, text, data } = await this.send(sent);
    if (status < 300) return data;
    throw new Error(`${sent.call} was answered ${status}: ${text}`);
  }

  #keep(method: string, { response, text }: { response: Response; text: string }): void {
    const head = [...response.headers].map((pair) => pair.join(": ")).join("\n");
    const whole = `${response.status}\n${head}\n\n${text}\n`;
    if (response.status >= 400) this.#failures.push(whole);
    else if (method === "GET") this.#reads.push(whole);
  }

  /** A delivery, without a token of the API. */
  deliver(sent: Omit<Sent, "call" | "token"> & { agentId: string; query?: string }): Promise<Told> {
    const { agentId, query = "", ...rest } = sent;
    return this.send({ call: `POST /agents/${agentId}/webhook${query}`, token: null, ...rest });
  }

  /** How many answers were kept. */
  get size(): number {
    return this.#reads.length + this.#failures.length;
  }

  get failures(): Places {
    return new Map([["a failure's answer", Buffer.from(this.#failures.join("\n"))]]);
  }

  get reads(): Places {
    return new Map([["an answer to GET", Buffer.from(this.#reads.join("\n"))]]);
  }
}
