// One execution in a slot: reads its input, runs the pipeline, records effects and the end.

import type { CompiledVersions } from "../../agents/versions";
import type { Writer } from "../../db/writer";
import { ERRORS } from "../../errors";
import type { Clock } from "../../lib/clock";
import { toIso } from "../../lib/clock";
import { formatId } from "../../lib/ids";
import type { Log } from "../../lib/log";
import { describeError } from "../../lib/log";
import type { LoopTurn } from "../../lib/loop-turn";
import type {
  AgentAnswer,
  AgentCall,
  ExecutionCounts,
  JournalWriter,
  ModelAnswer,
  ModelCall,
  ModelTool,
  Recorded,
  RunCode,
  StepRecord,
  ToolAnswer,
  ToolCall,
} from "../../pipelines/record";
import { stepName } from "../../pipelines/record";
import type { ExecutionCaps } from "../../pipelines/program";
import type { RunResult } from "../../pipelines/run";
import { runPipeline } from "../../pipelines/run";
import type { ExecutionRow, Finish, WaitingRow } from "../executions.store";
import { endCalled } from "./called.store";
import {
  endWithoutSlot,
  findExecution,
  markFinished,
  markStarted,
  requeueCut,
} from "../executions.store";
import { checkInSandbox } from "../check-input";
import type { CheckSchema } from "../../sandbox/schema-check";
import type { ExecutionInput, FreshInputs } from "../input";
import { readInputInTurns } from "../input";
import { loadRecorded, NOTHING_RECORDED } from "../journal/journal";
import type { NewEntry } from "../journal/journal.store";
import { appendEntry } from "../journal/journal.store";
import type { ExecutionJournal } from "../journal/journal-writer";
import { createJournal } from "../journal/journal-writer";
import { persist, Stopped } from "../persist";
import type { PermitDeps } from "./permit";
import { createPermit } from "./permit";

export interface ExecuteDeps extends PermitDeps {
  writer: Writer;
  clock: Clock;
  log: Log;
  versions: CompiledVersions;
  freshInputs: FreshInputs;
  turn: LoopTurn;
  executionTimeoutMs: number;
  caps: ExecutionCaps;
  /** Secret; the same at every start. */
  fenceKey: string;
  callModel(call: ModelCall): Promise<ModelAnswer>;
  callTool(call: ToolCall): Promise<ToolAnswer>;
  isRepeatableTool(id: string): boolean;
  describeTool(id: string): ModelTool | null;
  checkSchema: CheckSchema;
  /** Runs another agent for a step of `caller`. */
  callAgent(data: { caller: Run; call: AgentCall; stopping: AbortSignal }): Promise<AgentAnswer>;
  isPureProvider(id: string): boolean;
  runCode: RunCode;
  /** Frees the place of a delivery's execution in its webhook's limit; runs inside a write. */
  releasePlace(agent: number): void;
  /** Called when an end is on disk. */
  onFinished(end: { agent: number; durationMs: number }): void;
}

/** One execution between its start and the commit of its end. */
export interface Run {
  row: WaitingRow;
  startedAt: number;
  attempt: number;
  /** Earlier processes may have died of it: its start must be on disk before it runs. */
  strict: boolean;
  steps: Map<string, StepRecord>;
  abort: AbortController;
  /** Its result is on the way to the disk. */
  hasEnded: boolean;
  /** The executions that led here by their calls, the one in the slot first, this one last. */
  lineage: readonly { seq: number; agent: number }[];
  /** Those of its caller, which it adds to. */
  counts?: ExecutionCounts;
}

interface Running {
  run: Run;
  /** Aborted when the process stops without waiting any longer. */
  stopping: AbortSignal;
}

interface Task extends Running {
  /** Gives the slot back. */
  release(): void;
}

interface Loaded extends ExecutionInput {
  recorded: Recorded;
  /** Number of the next journal entry. */
  next: number;
}

async function load(deps: ExecuteDeps, run: Run): Promise<Loaded> {
  const { row } = run;
  const { seq } = row;
  const value = deps.freshInputs.take(seq) ?? (await readInputInTurns(deps, row));
  if (!run.strict) return { ...value, recorded: NOTHING_RECORDED, next: 0 };
  return { ...value, ...loadRecorded(deps, { execution: seq, input: value.input }) };
}

/** Marks the execution as running, unless its end has overtaken the mark. */
async function recordStart(deps: ExecuteDeps, task: Running): Promise<void> {
  const { run } = task;
  const { startedAt, attempt } = run;
  const mark = (): void => {
    if (!run.hasEnded) markStarted(deps, { seq: run.row.seq, startedAt, attempt });
  };
  const writing = persist({ writer: deps.writer, stopping: task.stopping }, mark);
  if (run.strict) return writing;
  // Nothing waits for it: an effect's own start, or the end, follows in the same or a later group.
  writing.catch(() => undefined);
}

const failureOf = (code: keyof typeof ERRORS) => ({
  code,
  message: ERRORS[code].message,
  nodeId: null,
});

const failedResult = (code: keyof typeof ERRORS): RunResult => ({
  status: "failed",
  output: null,
  error: failureOf(code),
  steps: [],
  usage: null,
  cost: null,
});

function runLoaded(
  deps: ExecuteDeps,
  data: Running & { loaded: Loaded; journal: JournalWriter },
): Promise<RunResult> | RunResult {
  const { run, loaded, stopping } = data;
  const pipeline = deps.versions.find({ agent: run.row.agent, version: run.row.version });
  if (pipeline === null) return failedResult("PIPELINE_INVALID");
  return runPipeline(
    {
      clock: deps.clock,
      fenceKey: deps.fenceKey,
      mayCall: createPermit(deps, run.row),
      callModel: (call) => deps.callModel(call),
      callTool: (call) => deps.callTool(call),
      describeTool: (id) => deps.describeTool(id),
      checkInSandbox: (check) => checkInSandbox(deps, check),
      isRepeatableTool: (id) => deps.isRepeatableTool(id),
      callAgent: (call) => deps.callAgent({ caller: run, call, stopping }),
      isPureProvider: (id) => deps.isPureProvider(id),
      runCode: (call) => deps.runCode(call),
      journal: data.journal,
      caps: deps.caps,
      pause: () => deps.turn.pause(),
      onUnexpected: (error) => logBroken(deps, { run, error }),
    },
    {
      pipeline,
      agent: run.row.agent,
      executionId: formatId("exec", run.row.uid),
      startedAt: toIso(run.startedAt),
      attempt: run.attempt,
      input: loaded.input,
      trigger: loaded.trigger,
      recorded: loaded.recorded,
      ...(run.counts === undefined ? {} : { counts: run.counts }),
      signal: run.abort.signal,
      onStep: (step) => void run.steps.set(stepName(step), step),
    },
  );
}

function logBroken(deps: ExecuteDeps, data: { run: Run; error: unknown }): void {
  const executionId = formatId("exec", data.run.row.uid);
  deps.log.error("execution.broken", { executionId, ...describeError(data.error) });
}

/** How an execution that ran to that result is stored. */
export function toFinish(deps: ExecuteDeps, data: { run: Run; result: RunResult }): Finish {
  const { run, result } = data;
  const timedOut = result.status === "cancelled" && run.abort.signal.reason === "timeout";
  return {
    seq: run.row.seq,
    state: timedOut ? "timed_out" : result.status,
    startedAt: run.startedAt,
    finishedAt: Math.max(deps.clock.now(), run.startedAt),
    attempt: run.attempt,
    error: timedOut ? failureOf("EXECUTION_TIMEOUT") : result.error,
    usage: result.usage,
    cost: result.cost,
  };
}

/**
 * Writes an execution's end: state, remaining steps and the place it held, in one write; false where
 * another end came first.
 */
export function recordEnd(
  deps: ExecuteDeps,
  data: { run: Run; finish: Finish; steps: NewEntry | null },
): boolean {
  const { row } = data.run;
  if (!markFinished(deps, data.finish)) return false;
  if (data.steps !== null) appendEntry(deps, data.steps);
  // An earlier process may have called what this attempt did not come to.
  if (data.run.strict) endCalled(deps, { caller: row.seq, finishedAt: data.finish.finishedAt });
  if (row.delivery !== null) deps.releasePlace(row.agent);
  return true;
}

/**
 * Writes that an execution without a slot is cancelled, and frees the place it held; its row, or
 * null where it has ended. Runs inside a write.
 */
export function recordCancelled(
  deps: Pick<ExecuteDeps, "db" | "clock" | "releasePlace">,
  uid: Uint8Array,
): ExecutionRow | null {
  const row = findExecution(deps, uid);
  if (row === null) return null;
  const finishedAt = Math.max(deps.clock.now(), row.createdAt);
  const finish = endWithoutSlot(row, { state: "cancelled", finishedAt, error: null });
  if (!markFinished(deps, finish)) return null;
  endCalled(deps, { caller: row.seq, finishedAt });
  if (row.delivery !== null) deps.releasePlace(row.agent);
  return row;
}

interface Ended {
  result: RunResult;
  steps: NewEntry | null;
}

/** Loads, runs and encodes; an error of ours fails the execution and nothing else. */
export async function runToEnd(
  deps: ExecuteDeps,
  data: Running & { journal: ExecutionJournal },
): Promise<Ended> {
  try {
    await deps.turn.pause();
    const loaded = await load(deps, data.run);
    data.journal.goOn(loaded);
    await recordStart(deps, data);
    const result = await runLoaded(deps, { ...data, loaded });
    await deps.turn.pause();
    return { result, steps: data.journal.encode(result.steps) };
  } catch (error) {
    if (error instanceof Stopped) throw error;
    logBroken(deps, { run: data.run, error });
    return { result: failedResult("EXECUTION_FAILED"), steps: null };
  }
}

/** A cut by the stop is no crash: the row waits again, as if it had never had a slot. */
async function giveBack(deps: ExecuteDeps, run: Run): Promise<never> {
  const requeued = deps.writer.write(() => requeueCut(deps, run.row.seq));
  // Where that cannot be stored, the next start finds it in flight.
  await requeued.catch(() => undefined);
  throw new Stopped();
}

/** Runs one execution to its end; throws `Stopped` where the process ends first. */
export async function execute(deps: ExecuteDeps, task: Task): Promise<void> {
  const { run, stopping } = task;
  const { seq, recoveries, agent } = run.row;
  const journal = createJournal(deps, { seq, root: seq, recoveries, stopping });
  const timer = setTimeout(() => run.abort.abort("timeout"), deps.executionTimeoutMs);
  try {
    const { result, steps } = await runToEnd(deps, { ...task, journal });
    if (run.abort.signal.reason === "stopping") return await giveBack(deps, run);
    run.hasEnded = true;
    const finish = toFinish(deps, { run, result });
    task.release();
    const writing = { writer: deps.writer, stopping };
    await persist(writing, () => recordEnd(deps, { run, finish, steps }));
    deps.onFinished({ agent, durationMs: finish.finishedAt - run.startedAt });
  } finally {
    clearTimeout(timer);
  }
}
