// Bodies of 1 MiB that are made to be slow: while ten of them are read at once, others are
// answered in between.

import { expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { listExecutions, makeAgent, NO_LIMITS } from "../support/server-calls";
import { deliveryBytes, tally } from "../support/server-load";
import { eventually } from "../support/process-waiting";
import { startServer, type Server } from "../support/server";
import { Connection, toBytes, type WireAnswer } from "../support/server-wire";

guardProcesses();

const MIB = 1024 * 1024;

/** 1 MiB of pieces between two brackets. */
function repeat(open: string, piece: (number: number) => string): string {
  const close = open === "{" ? "}" : "]";
  const parts = [open, piece(0).replace(/^,/, "")];
  let size = open.length + close.length + (parts[1]?.length ?? 0);
  for (let number = 1; ; number += 1) {
    const next = piece(number);
    if (size + next.length > MIB) return parts.join("") + close;
    parts.push(next);
    size += next.length;
  }
}

const HOSTILE: Record<string, string> = {
  "a key each": repeat("{", (number) => `,"k${number}":0`),
  "objects of a key each": repeat("[", (number) => `,{"a${number}":1}`),
  "empty arrays": repeat("[", () => ",[]"),
  "empty objects": repeat("[", () => ",{}"),
  digits: repeat("[", () => ",0"),
  "64 levels again and again": repeat("[", () => `,${"[".repeat(63)}${"]".repeat(63)}`),
  "escaped backslashes": `"${"\\\\".repeat(MIB / 2 - 1)}"`,
  "quotes that close nothing": '"'.repeat(MIB),
  "brackets that close nothing": "[".repeat(MIB),
  "nothing closed": `${repeat("[", () => ",0").slice(0, -1)},`,
};

/** Probes one after the other until told to stop. */
function startProbes(connection: Connection, answered: () => void): { stop(): Promise<void> } {
  const probe = toBytes({ method: "GET", path: "/healthz" });
  let stopped = false;
  const probing = (async () => {
    while (!stopped) {
      const answer = await connection.exchange(probe);
      if (answer?.status !== 200) throw new Error("a probe was not answered");
      answered();
    }
  })();
  return {
    stop() {
      stopped = true;
      return probing;
    },
  };
}

interface Watched {
  answers: (WireAnswer | null)[];
  /** Milliseconds of the longest time in which no probe was answered. */
  gap: number;
  /** The most deliveries that were answered without a probe between them. */
  inOneGo: number;
}

/** Sends deliveries at once, and probes until their executions have ended. */
async function sendWatched(
  server: Server,
  data: { agentId: string; bodies: string[] },
): Promise<Watched> {
  using probes = await Connection.open(server.url);
  const connections = await Promise.all(data.bodies.map(() => Connection.open(server.url)));
  const watched: Watched = { answers: [], gap: 0, inOneGo: 0 };
  let last = performance.now();
  let run = 0;
  const probing = startProbes(probes, () => {
    watched.gap = Math.max(watched.gap, performance.now() - last);
    last = performance.now();
    run = 0;
  });
  const send = async (connection: Connection, body: string): Promise<void> => {
    const answer = await connection.exchange(deliveryBytes({ agentId: data.agentId, body }));
    watched.answers.push(answer);
    run += 1;
    watched.inOneGo = Math.max(watched.inOneGo, run);
  };
  await Promise.all(
    connections.map((connection, place) => send(connection, data.bodies[place] ?? "")),
  );
  await eventually("the end of what was accepted", async () =>
    (await listExecutions(server, data.agentId)).some(({ status }) => status === "running")
      ? null
      : true,
  );
  await probing.stop();
  for (const connection of connections) connection[Symbol.dispose]();
  return watched;
}

test("while ten bodies of 1 MiB of hostile JSON are read, probes are answered in between", async () => {
  await using server = await startServer();
  const { id: agentId } = await makeAgent(server, { webhook: { limits: NO_LIMITS } });
  let alone = 0;
  for (const [name, body] of Object.entries(HOSTILE)) {
    const { answers, gap } = await sendWatched(server, { agentId, bodies: [body] });
    console.log(`1 MiB of ${name}: ${Math.round(gap)} ms`);
    expect(tally(answers)).toEqual(name.includes("no") ? { "400 INVALID_JSON": 1 } : { "200": 1 });
    alone = Math.max(alone, gap);
  }
  const slowest = [HOSTILE["a key each"] ?? "", HOSTILE["objects of a key each"] ?? ""];
  const bodies = Array.from({ length: 5 }, () => slowest).flat();
  const together = await sendWatched(server, { agentId, bodies });
  const { gap, inOneGo } = together;
  console.log(`ten of the slowest at once: ${Math.round(gap)} ms, ${inOneGo} in one go`);
  expect(tally(together.answers)).toEqual({ "200": 10 });
  // One body may hold the loop for its time, but never ten in a row. On a machine that is busy
  // with other work a gap can be that work's: then the order of the answers tells.
  const isShort = gap <= Math.max(250, 2 * alone);
  expect(isShort || inOneGo <= 4).toBe(true);
});

test("while 64 MiB of bodies are under way a large one is answered 503, and accepted once they are gone", async () => {
  await using server = await startServer();
  const { id: agentId } = await makeAgent(server, { webhook: { limits: NO_LIMITS } });
  const bytes = deliveryBytes({ agentId, body: `"${"x".repeat(MIB - 2)}"` });
  const send = async (): Promise<WireAnswer | null> => {
    using connection = await Connection.open(server.url);
    return await connection.exchange(bytes);
  };
  {
    using held = new DisposableStack();
    const hold = async (): Promise<void> => {
      held.use(await Connection.open(server.url)).send(bytes.subarray(0, -1));
    };
    for (let count = 0; count < 65; count += 1) await hold();
    const refused = await eventually("a budget that is used up", async () => {
      const answer = await send();
      if (answer?.status === 503) return answer;
      // Two that were refused at once have left room for one.
      await hold();
      return null;
    });
    expect(tally([refused])).toEqual({ "503 OVERLOADED": 1 });
    expect(refused.headers.get("retry-after")).toMatch(/^[1-9][0-9]*$/);
  }
  await eventually("a budget that is given back", async () =>
    (await send())?.status === 200 ? true : null,
  );
});
