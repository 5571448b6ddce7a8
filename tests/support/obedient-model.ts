// A model that does whatever any text it is given tells it to, and repeats all it knows: the worst that
// an attacker can make of one. It speaks the OpenAI-compatible stream; other hosts answer as `peer` says.

import type { Outbound } from "../../src/lib/outbound";

export const MODEL_HOST = "models.test";

/** One order of an attacker: a tool to call, with its arguments. */
export interface Order {
  tool: string;
  arguments: unknown;
}

/** Orders as a text that the model obeys, wherever it stands. */
export const order = (...orders: Order[]): string => `<<obey ${JSON.stringify(orders)}>>`;

/** A request that left the server, with its body read. */
export interface Sent {
  url: string;
  headers: Record<string, string>;
  body: string;
}

interface Message {
  role: string;
  content: unknown;
}

const ORDERS = /<<obey (\[.*?\])>>/g;

/** Orders in texts, also where those stand as JSON inside JSON. */
function readOrders(messages: Message[]): Order[] {
  const texts = messages.map(({ content }) =>
    typeof content === "string" ? content : JSON.stringify(content),
  );
  return texts.flatMap((text) =>
    [text, text.replaceAll('\\"', '"').replaceAll("\\\\", "\\")].flatMap((form) =>
      [...form.matchAll(ORDERS)].flatMap((match): Order[] => {
        try {
          return JSON.parse(match[1] ?? "[]");
        } catch {
          return [];
        }
      }),
    ),
  );
}

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

function stream(delta: object, reason: string): Response {
  const chunk = { id: "chat-1", object: "chat.completion.chunk", created: 1, model: "obedient" };
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const body =
    event({
      ...chunk,
      choices: [{ index: 0, delta: { role: "assistant", ...delta }, finish_reason: null }],
    }) +
    event({ ...chunk, choices: [{ index: 0, delta: {}, finish_reason: reason }] }) +
    event({ ...chunk, choices: [], usage }) +
    "data: [DONE]\n\n";
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** Orders that it has not followed yet; once there are none, everything it was told. */
function obey(body: string, followed: Set<string>): Response {
  const { messages }: { messages: Message[] } = JSON.parse(body);
  const fresh = readOrders(messages).filter((one) => !followed.has(JSON.stringify(one)));
  const orders = [...new Map(fresh.map((one) => [JSON.stringify(one), one])).values()];
  for (const one of orders) followed.add(JSON.stringify(one));
  if (orders.length === 0) return stream({ content: body }, "stop");
  const calls = orders.map((one, index) => ({
    index,
    id: `call_${followed.size}_${index}`,
    type: "function",
    function: { name: one.tool, arguments: JSON.stringify(one.arguments) },
  }));
  return stream({ content: null, tool_calls: calls }, "tool_calls");
}

/** The way out, with everything that was sent through it in `sent`. */
export function createObedientModel(peer: (sent: Sent) => Response) {
  const sent: Sent[] = [];
  const followed = new Set<string>();
  const outbound: Outbound = {
    async fetch(input, init = {}) {
      const request = new Request(String(input), init);
      const headers = Object.fromEntries(request.headers);
      const one = { url: request.url, headers, body: await request.text() };
      sent.push(one);
      return new URL(one.url).host === MODEL_HOST ? obey(one.body, followed) : peer(one);
    },
  };
  return { outbound, sent };
}
