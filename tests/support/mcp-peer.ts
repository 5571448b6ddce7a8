// A real MCP server, of the official SDK, over loopback.

import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { z } from "zod";

export interface McpSeen {
  /** The JSON-RPC method, or the HTTP one where there is no message. */
  method: string;
  headers: Record<string, string>;
  body: string;
}

function createServer(): McpServer {
  const server = new McpServer({ name: "weather", version: "1.0.0" });
  const city = { city: z.string() };
  server.registerTool(
    "forecast",
    {
      description: "The weather of a city.",
      inputSchema: city,
      outputSchema: { degrees: z.number() },
    },
    async (input) => ({
      content: [{ type: "text", text: `21 degrees in ${input.city}` }],
      structuredContent: { degrees: 21 },
    }),
  );
  server.registerTool("as-json", { inputSchema: city }, async (input) => ({
    content: [{ type: "text", text: JSON.stringify({ asked: input.city }) }],
  }));
  server.registerTool("as-text", { inputSchema: city }, async (input, { requestInfo }) => ({
    content: [
      { type: "text", text: `in ${input.city}` },
      { type: "text", text: String(requestInfo?.headers["authorization"] ?? "nobody") },
    ],
  }));
  server.registerTool("as-image", {}, async () => ({
    content: [{ type: "image", data: "aGk=", mimeType: "image/png" }],
  }));
  server.registerTool("slow", {}, async () => {
    // Longer than a message may take from the wire to the client.
    await new Promise((done) => setTimeout(done, 1_200));
    return { content: [{ type: "text", text: "at last" }] };
  });
  server.registerTool("nothing", {}, async () => ({ content: [] }));
  server.registerTool("broken", {}, async () => ({
    isError: true,
    content: [{ type: "text", text: "the inner reason" }],
  }));
  return server;
}

export type McpForm = "stateless-json" | "stateless-sse" | "sessions";

const methodOf = (request: Request, body: string): string => {
  try {
    return String(JSON.parse(body).method);
  } catch {
    return request.method;
  }
};

/** Starts the server in one of the forms of Streamable HTTP; what it was sent is in `seen`. */
export function startMcpPeer(form: McpForm = "stateless-sse") {
  const seen: McpSeen[] = [];
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  async function open(): Promise<WebStandardStreamableHTTPServerTransport> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      enableJsonResponse: form === "stateless-json",
      ...(form === "sessions"
        ? {
            sessionIdGenerator: () => `session-${sessions.size + 1}`,
            onsessioninitialized: (id: string) => void sessions.set(id, transport),
            onsessionclosed: (id: string) => void sessions.delete(id),
          }
        : {}),
    });
    await createServer().connect(transport);
    return transport;
  }
  const listener = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const body = await request.text();
      seen.push({
        method: methodOf(request, body),
        headers: Object.fromEntries(request.headers),
        body,
      });
      const copy = new Request(request.url, {
        method: request.method,
        headers: request.headers,
        ...(body === "" ? {} : { body }),
      });
      const id = request.headers.get("mcp-session-id");
      const known = id === null ? undefined : sessions.get(id);
      if (id !== null && known === undefined) return new Response(null, { status: 404 });
      return (known ?? (await open())).handleRequest(copy);
    },
  });
  return {
    url: `http://127.0.0.1:${listener.port}/mcp`,
    seen,
    /** Sessions that were opened and not closed. */
    openSessions: () => sessions.size,
    [Symbol.asyncDispose]: () => listener.stop(true),
  };
}
