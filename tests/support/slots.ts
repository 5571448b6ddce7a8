// Slots over a database: executions that wait in it, models that the test answers.

import { findAgentFacts } from "../../src/agents/agents.store";
import { createCompiledVersions } from "../../src/agents/versions";
import type { Db } from "../../src/db/open";
import { createSequence } from "../../src/db/sequence";
import { createWriter } from "../../src/db/writer";
import { findExecution } from "../../src/executions/executions.store";
import type { ExecutionRow, WaitingRow } from "../../src/executions/executions.store";
import { createFreshInputs } from "../../src/executions/input";
import { createPool } from "../../src/executions/slots/pool";
import type { PoolDeps } from "../../src/executions/slots/pool";
import { createManualClock } from "../../src/lib/clock";
import { createLoopTurn } from "../../src/lib/loop-turn";
import type { Pipeline } from "../../src/pipelines/pipelines.schema";
import { foldSteps } from "../../src/executions/journal/journal";
import { readJournal } from "../../src/executions/journal/journal.store";
import type { Json, StepRecord } from "../../src/pipelines/record";
import { CAPS, llm, pipelineOf } from "../pipelines/fixtures";
import { createTestDb } from "./app";
import { evaluateCode } from "./evaluate-code";
import type { HeldModels } from "./held-models";
import { createHeldModels } from "./held-models";
import { createRecordedLog } from "./recorded-log";
import { addExecution, uidOf } from "./rows";

/** input → a model that is held → output. */
export const heldPipeline = (): Pipeline =>
  pipelineOf({
    nodes: [llm("llm", { providerId: "paid" })],
    edges: ["in>llm", "llm>out"],
    mapping: "{{nodes.llm.output}}",
  });

/** input → a first model → a second model → output, each given what the one before it said. */
export const twoCallPipeline = (): Pipeline =>
  pipelineOf({
    nodes: [
      llm("one", { providerId: "paid" }),
      llm("two", { providerId: "paid", userPromptTemplate: "{{nodes.one.output}}!" }),
    ],
    edges: ["in>one", "one>two", "two>out"],
    mapping: "{{nodes.two.output}}",
  });

/** A manual execution as it is offered once it is committed. */
export const waitingRow = (seq: number, agent: number): WaitingRow => ({
  seq,
  uid: uidOf(seq),
  agent,
  version: 1,
  trigger: "manual",
  delivery: null,
  attempt: 0,
  recoveries: 0,
});

export interface SlotOptions extends Partial<PoolDeps> {
  db?: Db;
  models?: HeldModels;
}

/** A pool, asleep, with all that it stands on; `bootSeq` is 0, so that nothing is from before. */
export function createSlots(options: SlotOptions = {}) {
  const db = options.db ?? createTestDb();
  const clock = createManualClock();
  const log = createRecordedLog();
  const models = options.models ?? createHeldModels();
  const sequence = createSequence(db);
  const ends: { agent: number; durationMs: number }[] = [];
  const released: number[] = [];
  const deps: PoolDeps = {
    db,
    clock,
    log,
    writer: createWriter({ db, clock, log }),
    versions: createCompiledVersions({ db }),
    freshInputs: createFreshInputs(),
    turn: createLoopTurn({ clock }),
    slots: 10,
    bootSeq: 0,
    maxConcurrentOf: () => 1_000,
    fenceKey: "a key of this server",
    allowedCallsOf: () => ({ toolIds: null, agentIds: null }),
    executionTimeoutMs: 60_000,
    caps: CAPS,
    callModel: (call) => models.callModel(call),
    callTool: async ({ params }) => ({ output: params, status: 200 }),
    isRepeatableTool: () => false,
    describeTool: () => null,
    isPureProvider: (id) => models.isPureProvider(id),
    runCode: evaluateCode,
    checkSchema: async () => [],
    sequence,
    findAgent: (id) => findAgentFacts({ db }, id),
    releasePlace: (agent) => void released.push(agent),
    onFinished: (end) => void ends.push(end),
    ...options,
  };
  const pool = createPool(deps);
  const addDelivered = (agent: number): number => {
    const seq = sequence.next();
    addExecution(db, { seq, agent, trigger: "webhook", delivery: seq, createdAt: clock.now() });
    pool.offer({ ...waitingRow(seq, agent), trigger: "webhook", delivery: seq });
    return seq;
  };
  return {
    /** As `add`, for one that came from a delivery; its body is gone. */
    addDelivered,
    deps,
    db,
    clock,
    log,
    models,
    pool,
    ends,
    released,
    writer: deps.writer,
    /** Puts a waiting execution into the table and offers it to the pool. */
    add(agent: number, input: Json = "hello"): number {
      const seq = addExecution(db, { seq: sequence.next(), agent, input, createdAt: clock.now() });
      pool.offer(waitingRow(seq, agent));
      return seq;
    },
    /** Its steps on disk; references to its input read as null. */
    steps: (seq: number): StepRecord[] =>
      foldSteps({ entries: readJournal({ db }, seq).entries, input: null }),
    /** The row as it is on disk. */
    row: (seq: number): ExecutionRow => {
      const row = findExecution({ db }, uidOf(seq));
      if (row === null) throw new Error(`there is no execution ${seq}`);
      return row;
    },
  };
}

export type Slots = ReturnType<typeof createSlots>;
