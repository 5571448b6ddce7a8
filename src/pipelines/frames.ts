// The state of an execution: one frame for each run of a region, the pipeline's own first.
// The order in which nodes run is `schedule.ts`'s.

import { AppError } from "../errors";
import { addUsd } from "../providers/prices/usd";
import type { EffectKind } from "../vocabulary";
import type {
  CompiledNode,
  CompiledPipeline,
  CompiledRegion,
  NodeHost,
  NodeOutcome,
  RegionStart,
  RunDeps,
} from "./program";
import type {
  ExecutionCounts,
  Failure,
  Json,
  Recorded,
  StepRecord,
  TriggerInfo,
  Usage,
} from "./record";
import { MAX_RENDERED_LENGTH, type Outputs, type TemplateScope } from "./templates/template";
import type { Totals } from "./totals";

export type RunStatus = "completed" | "failed" | "cancelled" | "interrupted";

export interface RunData {
  pipeline: CompiledPipeline;
  agent: number;
  executionId: string;
  /** ISO 8601, as templates read it. */
  startedAt: string;
  attempt: number;
  /** Has passed `pipeline.checkInput`. */
  input: Json;
  trigger: TriggerInfo;
  recorded: Recorded;
  /** Where it adds to what its caller uses; without it, it counts for itself. */
  counts?: ExecutionCounts;
  /** Aborting it cancels the execution at once. */
  signal: AbortSignal;
  /** Told when a step starts and when it ends, with the same object both times. */
  onStep?(step: StepRecord): void;
}

export interface RunResult {
  status: RunStatus;
  /** Of the output node; null where it was skipped or the execution did not complete. */
  output: Json;
  error: (Failure & { nodeId: string | null }) | null;
  /** Steps that have ended and were neither committed through `startEffect` nor recorded before. */
  steps: StepRecord[];
  /** Sum over model steps, those of earlier attempts included; null where none reported any. */
  usage: Usage | null;
  /** USD; null where there was no priced call, or one of unknown price. */
  cost: number | null;
}

/** A node whose turn has come. */
export interface Ready {
  frame: Frame;
  node: CompiledNode;
}

/** One execution while it runs. */
export interface Running {
  readonly deps: RunDeps;
  readonly data: RunData;
  /** In the order of their turns; those before `next` have started. */
  readonly ready: Ready[];
  next: number;
  isPausing: boolean;
  /** Ended steps that are not committed. */
  steps: StepRecord[];
  readonly totals: Totals;
  /** So far, against the caps. */
  readonly counts: ExecutionCounts;
  /** Bytes that the steps to come may hold. */
  traceRoom: number;
  /** Set once the result is known; what comes later is ignored. */
  hasEnded: boolean;
  /** Listens to `data.signal` until the end. */
  readonly cancel: () => void;
  readonly resolve: (result: RunResult) => void;
  /** Ends the execution without a result: it could not be recorded. */
  readonly abandon: (error: unknown) => void;
}

/** One run of a region. Arrays go by the node's index in the region. */
export interface Frame {
  readonly run: Running;
  readonly region: CompiledRegion;
  readonly parent: Frame | null;
  /** Iteration path, such as `2.0`; empty outside of loops. */
  readonly iteration: string;
  readonly host: NodeHost;
  readonly controller: AbortController;
  readonly outputs: Map<string, Json>;
  readonly skipped: Set<string>;
  /** Incoming edges that have not settled. */
  readonly unsettled: number[];
  readonly isLive: boolean[];
  readonly active: Map<CompiledNode, StepRecord>;
  /** Runs of regions of its nodes that have not ended. */
  readonly children: Set<Frame>;
  /** Nodes that have not ended. */
  left: number;
  hasEnded: boolean;
  readonly onEnd: (outcome: NodeOutcome) => void;
}

/** What a frame is made of. */
interface FrameStart {
  run: Running;
  region: CompiledRegion;
  parent: Frame | null;
  loop: RegionStart["loop"];
  onEnd: (outcome: NodeOutcome) => void;
}

/** Reads what this region's nodes gave, else what those around it did. */
function chainOutputs(own: ReadonlyMap<string, Json>, around: Outputs | undefined): Outputs {
  if (around === undefined) return own;
  return { get: (id) => (own.has(id) ? own.get(id) : around.get(id)) };
}

function createScope(start: FrameStart, own: ReadonlyMap<string, Json>): TemplateScope {
  const { data } = start.run;
  const around = start.parent?.host.scope;
  const { type, headers, query, event, deliveryId } = data.trigger;
  return {
    input: data.input,
    outputs: chainOutputs(own, around?.outputs),
    loop: start.loop === null ? (around?.loop ?? null) : { ...start.loop },
    trigger: around?.trigger ?? { type, headers, query, event, deliveryId },
    execution: around?.execution ?? { id: data.executionId, startedAt: data.startedAt },
    room: MAX_RENDERED_LENGTH,
  };
}

/** Adds what was used to what counts against the caps. */
export function countUse(
  { counts }: Running,
  { usage, cost }: { usage: Usage | null; cost: number | null },
): void {
  counts.tokens += (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
  counts.cost = addUsd(counts.cost, cost ?? 0);
}

/** Caps of calls refuse the call; those of tokens and money stop what would use more. */
function countCall({ counts, deps }: Running, kind: EffectKind): void {
  if (counts.tokens > deps.caps.tokens) throw new AppError("TOKEN_LIMIT");
  if (counts.cost > deps.caps.cost) throw new AppError("COST_LIMIT");
  if (kind === "model" && ++counts.modelCalls > deps.caps.modelCalls) {
    throw new AppError("MODEL_CALL_LIMIT");
  }
  if (kind === "tool" && ++counts.toolCalls > deps.caps.toolCalls) {
    throw new AppError("TOOL_CALL_LIMIT");
  }
}

function takeSteps(run: Running): StepRecord[] {
  const { steps } = run;
  run.steps = [];
  return steps;
}

const joinPath = (around: string, loop: RegionStart["loop"]): string =>
  loop === null ? around : [around, loop.index].filter((part) => part !== "").join(".");

/** The frame of one run of a region; `openRegion` is how its nodes start regions of their own. */
export function createFrame(start: FrameStart, openRegion: OpenRegion): Frame {
  const { run, region, parent, onEnd } = start;
  const { deps, data } = run;
  const outputs = new Map<string, Json>();
  const controller = new AbortController();
  const host: NodeHost = {
    deps,
    scope: createScope(start, outputs),
    signal: controller.signal,
    agent: data.agent,
    executionId: data.executionId,
    attempt: data.attempt,
    recorded: data.recorded,
    counts: run.counts,
    takeSteps: () => takeSteps(run),
    countCall: (kind) => countCall(run, kind),
    countUse: (use) => countUse(run, use),
    openRegion: (step, data) => openRegion(frame, { step, start: data }),
    abandon: run.abandon,
  };
  const frame: Frame = {
    run,
    region,
    parent,
    iteration: joinPath(parent?.iteration ?? "", start.loop),
    host,
    controller,
    outputs,
    skipped: new Set(),
    unsettled: region.nodes.map((node) => node.incoming),
    isLive: region.nodes.map(() => false),
    active: new Map(),
    children: new Set(),
    left: region.nodes.length,
    hasEnded: false,
    onEnd,
  };
  return frame;
}

/** Starts a region of one of the frame's active nodes; gives what cancels it. */
export type OpenRegion = (
  frame: Frame,
  data: { step: StepRecord; start: RegionStart },
) => () => void;

/** Whether a node that could be read from the frame was skipped. */
export function wasSkipped(frame: Frame, nodeId: string): boolean {
  return frame.skipped.has(nodeId) || (frame.parent !== null && wasSkipped(frame.parent, nodeId));
}

/** What a region gives: the output of its last node, by node id where there are several. */
export function readResult({ region, outputs }: Frame): Json {
  const read = (id: string): Json => outputs.get(id) ?? null;
  const [first = "", ...more] = region.lastIds;
  if (more.length === 0) return read(first);
  return Object.fromEntries(region.lastIds.map((id) => [id, read(id)]));
}
