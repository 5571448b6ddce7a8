// One execution in a slot: reads its input, runs the pipeline, records effects and the end.

import type { CompiledVersions } from "../agents/versions";
import type { Db } from "../db/open";
import type { Writer } from "../db/writer";
import { ERRORS } from "../errors";
import type { Clock } from "../lib/clock";
import { toIso } from "../lib/clock";
import { formatId } from "../lib/ids";
import type { Log } from "../lib/log";
import { describeError } from "../lib/log";
import type {
  Json,
  JournalWriter,
  ModelAnswer,
  ModelCall,
  Recorded,
  StepRecord,
} from "../pipelines/record";
import { effectName } from "../pipelines/record";
import type { RunResult } from "../pipelines/run";
import { runPipeline } from "../pipelines/run";
import type { Finish, WaitingRow } from "./executions.store";
import { clearRecoveries, markFinished, markStarted } from "./executions.store";
import type { ExecutionInput, FreshInputs } from "./input";
import { readInput } from "./input";
import { encodeSteps, loadRecorded, NOTHING_RECORDED } from "./journal";
import { appendEntry } from "./journal.store";
import { persist, Stopped } from "./persist";

export interface ExecuteDeps {
  db: Db;
  writer: Writer;
  clock: Clock;
  log: Log;
  versions: CompiledVersions;
  freshInputs: FreshInputs;
  executionTimeoutMs: number;
  callModel(call: ModelCall): Promise<ModelAnswer>;
  isPureProvider(id: string): boolean;
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
}

interface Task {
  run: Run;
  /** Aborted when the process stops without waiting any longer. */
  stopping: AbortSignal;
  /** Gives the slot back. */
  release(): void;
}

interface Loaded extends ExecutionInput {
  recorded: Recorded;
  /** Number of the next journal entry. */
  next: number;
}

function load(deps: ExecuteDeps, run: Run): Loaded {
  const { seq, delivery, trigger } = run.row;
  const value = deps.freshInputs.take(seq) ?? readInput(deps, { seq, delivery, trigger });
  if (!run.strict) return { ...value, recorded: NOTHING_RECORDED, next: 0 };
  return { ...value, ...loadRecorded(deps, { execution: seq, input: value.input }) };
}

async function recordStart(
  deps: ExecuteDeps,
  data: Task & { ended: () => boolean },
): Promise<void> {
  const { run } = data;
  const { startedAt, attempt } = run;
  const mark = (): void => {
    if (!data.ended()) markStarted(deps, { seq: run.row.seq, startedAt, attempt });
  };
  const writing = persist({ writer: deps.writer, stopping: data.stopping }, mark);
  if (run.strict) return writing;
  // Nothing waits for it: an effect's own start, or the end, follows in the same or a later group.
  writing.catch(() => undefined);
}

function createJournal(
  deps: ExecuteDeps,
  data: Task & { loaded: Loaded },
): JournalWriter & {
  takeEntry(): number;
} {
  const execution = data.run.row.seq;
  const writing = { writer: deps.writer, stopping: data.stopping };
  let entry = data.loaded.next;
  let recoveries = data.run.row.recoveries;
  const takeEntry = (): number => entry++;
  return {
    takeEntry,
    async startEffect(start, finishedSteps) {
      const steps = finishedSteps.length === 0 ? null : takeEntry();
      const own = takeEntry();
      const input = data.loaded.input;
      await persist(writing, () => {
        if (steps !== null) {
          const record = encodeSteps({ steps: finishedSteps, input });
          appendEntry(deps, { execution, entry: steps, kind: "steps", effect: null, record });
        }
        const record = JSON.stringify(start);
        const effect = effectName(start);
        appendEntry(deps, { execution, entry: own, kind: "effect_started", effect, record });
      });
    },
    async endEffect(end) {
      const own = takeEntry();
      await persist(writing, () => {
        const record = JSON.stringify(end);
        const effect = effectName(end);
        appendEntry(deps, { execution, entry: own, kind: "effect_ended", effect, record });
        if (recoveries > 0) clearRecoveries(deps, execution);
      });
      recoveries = 0;
    },
  };
}

/** Lets other work of the process have a turn when this execution has held the loop too long. */
function createPause(clock: Clock): () => Promise<void> | undefined {
  let since = clock.monotonic();
  return () => {
    if (clock.monotonic() - since < MAX_TURN_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        since = clock.monotonic();
        resolve();
      });
    });
  };
}

const MAX_TURN_MS = 4;

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

async function runLoaded(
  deps: ExecuteDeps,
  data: Task & { loaded: Loaded; journal: JournalWriter },
): Promise<RunResult> {
  const { run, loaded } = data;
  const pipeline = deps.versions.find({ agent: run.row.agent, version: run.row.version });
  if (pipeline === null) return failedResult("PIPELINE_INVALID");
  const executionId = formatId("exec", run.row.uid);
  const onUnexpected = (error: unknown): void =>
    deps.log.error("execution.broken", { executionId, ...describeError(error) });
  return runPipeline(
    {
      clock: deps.clock,
      callModel: (call) => deps.callModel(call),
      isPureProvider: (id) => deps.isPureProvider(id),
      journal: data.journal,
      pause: createPause(deps.clock),
      onUnexpected,
    },
    {
      pipeline,
      executionId,
      startedAt: toIso(run.startedAt),
      attempt: run.attempt,
      input: loaded.input,
      trigger: loaded.trigger,
      recorded: loaded.recorded,
      signal: run.abort.signal,
      onStep: (step) => void run.steps.set(`${step.nodeId}/${step.iteration}`, step),
    },
  );
}

function toFinish(deps: ExecuteDeps, data: { run: Run; result: RunResult }): Finish {
  const { run, result } = data;
  const timedOut = run.abort.signal.reason === "timeout";
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

/** Writes an execution's end: state, remaining steps and the place it held, in one write. */
function recordEnd(
  deps: ExecuteDeps,
  data: { run: Run; finish: Finish; steps: { entry: number; record: string } | null },
): void {
  const { row } = data.run;
  if (!markFinished(deps, data.finish)) return;
  if (data.steps !== null) {
    const { entry, record } = data.steps;
    appendEntry(deps, { execution: row.seq, entry, kind: "steps", effect: null, record });
  }
  if (row.delivery !== null) deps.releasePlace(row.agent);
}

async function runToResult(
  deps: ExecuteDeps,
  data: Task & { loaded: Loaded; journal: JournalWriter; ended: () => boolean },
): Promise<RunResult> {
  try {
    await recordStart(deps, data);
    return await runLoaded(deps, data);
  } catch (error) {
    if (error instanceof Stopped) throw error;
    const executionId = formatId("exec", data.run.row.uid);
    deps.log.error("execution.broken", { executionId, ...describeError(error) });
    return failedResult("EXECUTION_FAILED");
  }
}

/** Runs one execution to its end; throws `Stopped` where the process ends first. */
export async function execute(deps: ExecuteDeps, task: Task): Promise<void> {
  const { run } = task;
  const loaded = load(deps, run);
  const journal = createJournal(deps, { ...task, loaded });
  let ended = false;
  const timer = setTimeout(() => run.abort.abort("timeout"), deps.executionTimeoutMs);
  try {
    const result = await runToResult(deps, { ...task, loaded, journal, ended: () => ended });
    if (run.abort.signal.reason === "stopping") throw new Stopped();
    ended = true;
    const finish = toFinish(deps, { run, result });
    const steps = stepsToRecord({ journal, result, input: loaded.input });
    task.release();
    const writing = { writer: deps.writer, stopping: task.stopping };
    await persist(writing, () => recordEnd(deps, { run, finish, steps }));
    deps.onFinished({ agent: run.row.agent, durationMs: finish.finishedAt - run.startedAt });
  } finally {
    clearTimeout(timer);
  }
}

function stepsToRecord(data: {
  journal: { takeEntry(): number };
  result: RunResult;
  input: Json;
}): { entry: number; record: string } | null {
  const { steps } = data.result;
  if (steps.length === 0) return null;
  return { entry: data.journal.takeEntry(), record: encodeSteps({ steps, input: data.input }) };
}
