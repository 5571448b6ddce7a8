// A peer that is a model and a tool at once, answers every call the same, and can end the product at a
// call: when it has come, or as soon as it is answered.

/** One call as it came. */
export interface PeerCall {
  kind: "model" | "tool";
  /** `Idempotency-Key`, without the execution's id. */
  key: string;
}

/**
 * When a call has come, or so many milliseconds after its answer has gone out: then the next call is
 * about to be sent, or the output to be written.
 */
export type KillPoint = "received" | "answered" | "answered+1" | "answered+5";

export interface Peer extends AsyncDisposable {
  port: number;
  /** In the order in which they came. */
  calls: PeerCall[];
  /** Ends the product once, at the call with that number from 0. */
  killAt(call: number, data: { point: KillPoint; kill(): Promise<void> }): void;
  /** Resolves when that has been done. */
  killed(): Promise<void>;
}

const chunk = (content: string, finish: string | null): string =>
  `data: ${JSON.stringify({
    id: "chat",
    object: "chat.completion.chunk",
    created: 1,
    model: "peer",
    choices: [{ index: 0, delta: { content }, finish_reason: finish }],
  })}\n\n`;

/** What either kind of call is read for. */
interface Asked {
  messages: { content: string }[];
  text: string;
}

/** The answer to a prompt: the same prompt gives the same. */
const answerModel = (body: Asked): Response => {
  const said = `<${body.messages.at(-1)?.content ?? ""}>`;
  return new Response(`${chunk(said, null)}${chunk("", "stop")}data: [DONE]\n\n`, {
    headers: { "Content-Type": "text/event-stream" },
  });
};

/** Starts the peer on a port of its own. */
export function startPeer(): Peer {
  const calls: PeerCall[] = [];
  let plan: { call: number; point: KillPoint; kill(): Promise<void> } | null = null;
  let done = Promise.withResolvers<void>();
  async function killIf(call: number, point: KillPoint): Promise<boolean> {
    if (plan === null || plan.call !== call || plan.point !== point) return false;
    const due = plan;
    plan = null;
    await due.kill();
    done.resolve();
    return true;
  }
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const kind = new URL(request.url).pathname === "/tool" ? "tool" : "model";
      const key = (request.headers.get("idempotency-key") ?? "").split("/").slice(1).join("/");
      const number = calls.push({ kind, key }) - 1;
      const body = (await request.json()) as Asked;
      await killIf(number, "received");
      const answer = kind === "tool" ? Response.json({ noted: body.text }) : answerModel(body);
      // The answer leaves first: the process may have read it, recorded it, or neither.
      setImmediate(() => void killIf(number, "answered"));
      setTimeout(() => void killIf(number, "answered+1"), 1);
      setTimeout(() => void killIf(number, "answered+5"), 5);
      return answer;
    },
  });
  return {
    port: server.port ?? 0,
    calls,
    killAt(call, data) {
      plan = { call, ...data };
      done = Promise.withResolvers();
    },
    killed: () => done.promise,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
