// A hand-written MCP server that answers as a test says, whole or otherwise.

import { createServer } from "node:net";

/** A message of the client, as far as it is looked at. */
export interface ClientMessage {
  id?: number;
  method: string;
  params?: { cursor?: string; protocolVersion?: string };
}

export type McpAnswer = (message: ClientMessage, request: Request) => Response | Promise<Response>;

export interface FaultyMcp extends AsyncDisposable {
  url: string;
  /** Messages in the order in which they came; `DELETE` is one too. */
  methods: string[];
  requests: Request[];
}

export const SESSION = "session-1";

/** The result of a call that says "done". */
export const RESULT = { content: [{ type: "text", text: "done" }] };

/** An answer with this status. */
export const status = (code: number, headers = {}): Response =>
  new Response("{}", { status: code, headers });

/** An answer of these bytes. */
export const raw = (
  body: string | Uint8Array | ReadableStream,
  type = "application/json",
): Response => new Response(body, { headers: { "Content-Type": type } });

/** How often a method was asked for. */
export const countOf = ({ methods }: Pick<FaultyMcp, "methods">, method: string): number =>
  methods.filter((found) => found === method).length;

/** The answer to a request as JSON. */
export const answerJson = (message: ClientMessage, result: unknown): Response =>
  Response.json({ jsonrpc: "2.0", id: message.id, result });

/** An event stream of these messages, which ends after them. */
export const answerEvents = (...messages: unknown[]): Response =>
  new Response(
    messages.map((value) => `event: message\ndata: ${JSON.stringify(value)}\n\n`).join(""),
    {
      headers: { "Content-Type": "text/event-stream" },
    },
  );

/** Of an `initialize`, in the version that was asked for. */
export function answerHello(message: ClientMessage, more: Record<string, unknown> = {}): Response {
  const response = answerJson(message, {
    protocolVersion: message.params?.protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "faulty", version: "1" },
    ...more,
  });
  response.headers.set("Mcp-Session-Id", SESSION);
  return response;
}

/** A message without a method is an answer of the client. */
async function readMessage(request: Request): Promise<ClientMessage> {
  const message = (await request.json()) as Partial<ClientMessage>;
  return { method: "answer", ...message };
}

/** Starts a server that answers each method as said, and what nothing is said of as it should. */
export function startFaultyMcp(answers: Record<string, McpAnswer>): FaultyMcp {
  const methods: string[] = [];
  const requests: Request[] = [];
  const usual: Record<string, McpAnswer> = {
    initialize: (message) => answerHello(message),
    "notifications/initialized": () => new Response(null, { status: 202 }),
    DELETE: () => new Response(null, { status: 204 }),
    answer: () => new Response(null, { status: 202 }),
  };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const isPost = request.method === "POST";
      const message = isPost ? await readMessage(request) : { method: request.method };
      methods.push(message.method);
      requests.push(request);
      const answer = answers[message.method] ?? usual[message.method];
      return answer === undefined ? new Response(null, { status: 405 }) : answer(message, request);
    },
    error: () => new Response(null, { status: 500 }),
  });
  return {
    url: `http://127.0.0.1:${server.port}/mcp`,
    methods,
    requests,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

const head = (line: string, body = ""): string =>
  `HTTP/1.1 ${line}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** Starts a server that answers a call with these bytes and closes the connection. */
export async function startCutMcp(
  bytes: string,
): Promise<Pick<FaultyMcp, "url" | "methods"> & AsyncDisposable> {
  const methods: string[] = [];
  const server = createServer((socket) => {
    let received = "";
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      received += data.toString();
      // The client writes the body at once, after its head.
      const message = /\r\n\r\n(\{.*\})$/s.exec(received)?.[1];
      if (message === undefined) return;
      const read = JSON.parse(message) as ClientMessage;
      methods.push(read.method);
      if (read.method === "tools/call") socket.end(bytes);
      else if (read.method !== "initialize") socket.end(head("202 Accepted"));
      else
        void answerHello(read)
          .text()
          .then((hello) => socket.end(head("200 OK", hello)));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    methods,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}
