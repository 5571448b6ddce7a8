// Code that would never end, or take all the memory there is, in pipelines of the built binary: each
// execution fails with its own code near its deadline, and everything else is answered meanwhile.

import { expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { chain, inputNode, outputNode } from "../support/process-models";
import { Probes } from "../support/process-probes";
import type { Server } from "../support/server";
import { startServer } from "../support/server";
import { deliverAccepted, makeAgent, NO_LIMITS, readEnded } from "../support/server-calls";
import { deliveryBytes } from "../support/server-load";
import { toBytes } from "../support/server-wire";

guardProcesses();

const DEADLINE_MS = 1_000;
/** For machines that are busy with other work; what it took exactly is printed. */
const LATE_MS = 1_000;

const LOOP = "for (;;);";

/** Beside the expected code: a slow machine meets the deadline before the memory is full. */
const RUNAWAYS: [name: string, code: string, codes: string[]][] = [
  ["a loop", LOOP, ["CODE_TIMEOUT"]],
  ["a regular expression", "/^(a+)+$/.test('a'.repeat(40) + '!');", ["CODE_TIMEOUT"]],
  ["logs without end", "for (;;) console.log('x'.repeat(1_000));", ["CODE_TIMEOUT"]],
  [
    "an array without end",
    "const a = []; for (;;) a.push(a.length);",
    ["CODE_OUT_OF_MEMORY", "CODE_TIMEOUT"],
  ],
  [
    "texts without end",
    "const a = []; for (;;) a.push('x'.repeat(1e6) + a.length);",
    ["CODE_OUT_OF_MEMORY", "CODE_TIMEOUT"],
  ],
  [
    "typed arrays without end",
    "const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1));",
    ["CODE_OUT_OF_MEMORY", "CODE_TIMEOUT"],
  ],
  [
    "a value 100,000 levels deep",
    "let a = []; for (let i = 0; i < 1e5; i += 1) a = [a]; return a;",
    ["CODE_RESULT_INVALID", "CODE_FAILED", "CODE_TIMEOUT"],
  ],
  ["a text of 100 MB", "return 'x'.repeat(1e8);", ["CODE_OUT_OF_MEMORY", "OUTPUT_TOO_LARGE"]],
];

/** An agent that gives what its code gives; returns its id. */
async function makeCodeAgent(server: Server, code: string): Promise<string> {
  const data = { code: `${code}\nreturn null`, timeoutMs: DEADLINE_MS };
  const nodes = [
    inputNode,
    { id: "run", type: "transform", data },
    outputNode("{{nodes.run.output}}"),
  ];
  const agent = { pipeline: chain(nodes), webhook: { limits: NO_LIMITS } };
  return (await makeAgent(server, agent)).id;
}

/** Asks for health, and delivers to an agent that is quick, until it is stopped. */
async function startWatching(server: Server) {
  const { id: agentId } = await makeAgent(server, { webhook: { limits: NO_LIMITS } });
  const health = new Probes(server.url, toBytes({ method: "GET", path: "/healthz" }));
  const accepts = new Probes(server.url, deliveryBytes({ agentId, body: { message: "hi" } }));
  return {
    async stop(): Promise<void> {
      await Promise.all([health.stop(), accepts.stop()]);
      console.log(`/healthz: ${health.describe()}; deliveries: ${accepts.describe()}`);
      expect([...health.refused, ...accepts.refused]).toEqual([]);
      expect(Math.max(health.slowest, accepts.slowest)).toBeLessThan(LATE_MS);
    },
  };
}

interface Step {
  nodeId: string;
  error: { code: string } | null;
  startedAt: string;
  finishedAt: string;
  logs: string[];
}

/** The step of the code of an execution that has ended, and for how long it ran. */
async function readRun(server: Server, data: { agentId: string; executionId: string }) {
  const execution = await readEnded(server, data);
  const step: Step = execution.steps.find(({ nodeId }: Step) => nodeId === "run");
  const ranMs = Date.parse(step.finishedAt) - Date.parse(step.startedAt);
  return { execution, step, ranMs };
}

test("each way to run away ends with its code near its deadline, and the server answers meanwhile", async () => {
  await using server = await startServer();
  // The start of the first child is no part of the others' time.
  const first = await makeCodeAgent(server, "");
  const started = await deliverAccepted(server, { agentId: first, body: {} });
  await readEnded(server, { agentId: first, executionId: started });
  const watch = await startWatching(server);
  for (const [name, code, codes] of RUNAWAYS) {
    const agentId = await makeCodeAgent(server, code);
    const executionId = await deliverAccepted(server, { agentId, body: {} });
    const { execution, step, ranMs } = await readRun(server, { agentId, executionId });
    console.log(`${name}: ${step.error?.code} after ${ranMs} ms of ${DEADLINE_MS}`);
    expect(codes).toContain(step.error?.code ?? "none");
    expect(execution).toMatchObject({
      status: "failed",
      error: { code: step.error?.code, nodeId: "run" },
    });
    expect(ranMs).toBeLessThan(DEADLINE_MS + LATE_MS);
    expect(step.logs.join("\n").length).toBeLessThan(70_000);
  }
  await watch.stop();
});

test("ten runaways of two agents at once all end, and a third agent's code is run in between", async () => {
  await using server = await startServer();
  const loops = await Promise.all([makeCodeAgent(server, LOOP), makeCodeAgent(server, LOOP)]);
  const quick = await makeCodeAgent(server, "return {{input.number}} + 1");
  const watch = await startWatching(server);
  const runaways = await Promise.all(
    Array.from({ length: 10 }, async (_, number) => {
      const agentId = loops[number % 2] ?? "";
      return { agentId, executionId: await deliverAccepted(server, { agentId, body: {} }) };
    }),
  );
  const executionId = await deliverAccepted(server, { agentId: quick, body: { number: 1 } });
  const served = await readEnded(server, { agentId: quick, executionId });
  const left = await Promise.all(runaways.map((one) => readRun(server, one)));
  await watch.stop();

  expect(served).toMatchObject({ status: "completed", output: 2 });
  const isLater = left.filter(({ step }) => step.finishedAt > served.finishedAt);
  console.log(
    `the third agent's code was done ${served.durationMs} ms after its delivery, before ` +
      `${isLater.length} of 10 runaways; those took ${left.map(({ ranMs }) => ranMs).join(", ")} ms with their waits`,
  );
  expect(left.map(({ execution }) => execution.error.code)).toEqual(Array(10).fill("CODE_TIMEOUT"));
  expect(isLater.length).toBeGreaterThan(0);
});
