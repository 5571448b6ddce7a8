// What a compiled pipeline is made of, and what a node is given while it runs.
// Built by `validate.ts`, run by `run.ts`; shared by all executions, so nothing here changes.

import type { ErrorDetail } from "../errors";
import type { Clock } from "../lib/clock";
import type { EffectKind, NodeTypeName } from "../vocabulary";
import type { FieldScope } from "./fields";
import type {
  AgentAnswer,
  AgentCall,
  ExecutionCounts,
  Failure,
  Json,
  JournalWriter,
  ModelAnswer,
  ModelCall,
  ModelTool,
  Recorded,
  RunCode,
  StepRecord,
  ToolAnswer,
  ToolCall,
  Usage,
} from "./record";
import type { CheckInput } from "./schemas/compile";
import type { TemplateScope } from "./templates/template";

/** How a node run ended; `nodeId` is the node inside it that failed, where it is not itself. */
export type NodeOutcome =
  { ok: true; output: Json } | { ok: false; failure: Failure; nodeId?: string };

/** What one execution may use; one that asks for more fails. */
export type ExecutionCaps = Readonly<ExecutionCounts>;

/** One run of a region of a node. */
export interface RegionStart {
  /** Index among the node's regions. */
  region: number;
  /** What `loop` reads inside; null leaves it as it is around the node. */
  loop: { item: Json; index: number } | null;
  /** Called once, unless it is cancelled before; never before `openRegion` has returned. */
  onEnd(outcome: NodeOutcome): void;
}

/** A tool, or another agent, by its id. */
export interface CallTarget {
  kind: "tool" | "agent";
  id: string;
}

/** What the host brings. */
export interface RunDeps {
  clock: Clock;
  /** Makes the marks of fences, which nobody outside may foresee. */
  fenceKey: string;
  /** Whether this execution may call that: who started it may have been given less. */
  mayCall(target: CallTarget): boolean;
  /** Rejects with an `AppError`, which may carry `httpStatus` and `partialText`. */
  callModel(call: ModelCall): Promise<ModelAnswer>;
  /** Runs another agent; rejects with an `AppError`, or with the signal's reason. */
  callAgent(call: AgentCall): Promise<AgentAnswer>;
  /** Calls a tool; rejects with an `AppError`, which may carry `httpStatus`, or the signal's reason. */
  callTool(call: ToolCall): Promise<ToolAnswer>;
  /** A tool as a model may use it; null where it is gone, switched off, or not for models. */
  describeTool(toolId: string): ModelTool | null;
  /** Checks a value against a schema, given as JSON text, that may block. */
  checkInSandbox(data: { schema: string; value: Json; agent: number }): Promise<ErrorDetail[]>;
  /** Whether a call of that tool may be made again where it is not known whether it was made. */
  isRepeatableTool(toolId: string): boolean;
  /** Whether calls of this provider have no outside effect and may be made again. */
  isPureProvider(providerId: string): boolean;
  /** Rejects with an `AppError`, which may carry `logs`, or with the signal's reason. */
  runCode: RunCode;
  journal: JournalWriter;
  caps: ExecutionCaps;
  /** Called before each node but the first, and awaited where it gives a promise. */
  pause(): Promise<void> | undefined;
  /** Told of errors that are no `AppError`: steps hide them. */
  onUnexpected(error: unknown): void;
}

/** What a node run may use; one for each run of a region. */
export interface NodeHost {
  readonly deps: RunDeps;
  readonly scope: TemplateScope;
  /** Aborted when the region's run ends early; what comes after that is ignored. */
  readonly signal: AbortSignal;
  /** Whose execution it is. */
  readonly agent: number;
  readonly executionId: string;
  readonly attempt: number;
  readonly recorded: Recorded;
  readonly counts: ExecutionCounts;
  /** Takes the ended steps that are not committed; the start of an effect takes them along. */
  takeSteps(): StepRecord[];
  /** Counts a call against the execution's caps; throws where it is one too many. */
  countCall(kind: EffectKind): void;
  /** Counts what a model's answer used against the execution's caps. */
  countUse(use: { usage: Usage | null; cost: number | null }): void;
  /** Starts a region of the node whose step this is; gives what cancels it. */
  openRegion(step: StepRecord, start: RegionStart): () => void;
  /** Ends the execution without a result: it could not be recorded. */
  readonly abandon: (error: unknown) => void;
}

/** A node with its fields checked and its templates parsed. */
export interface NodeProgram {
  /** The provider that a model node calls. */
  readonly providerId: string | null;
  /** Whether the output is bound to `MAX_OUTPUT_BYTES`. */
  readonly isBounded: boolean;
  /** Runs the node and notes on its step what there is to record; a thrown error fails the node. */
  run(host: NodeHost, step: StepRecord): NodeOutcome | Promise<NodeOutcome>;
  /** The handle whose edges are live after this output; null, or left out, is all of them. */
  readHandle?(output: Json): string | null;
  /** Of a `merge` node: the nodes of which one must have run for it to run. */
  readonly sources?: readonly string[];
  /** Of an `input` node: what of a value does not fit the schema. */
  checkInput?: CheckInput;
}

/** Everything that is known of one node type. */
export interface NodeType {
  /** Names of the fields of `data`. */
  readonly fields: readonly string[];
  /** The field that holds JavaScript. */
  readonly codeField?: string;
  /** The values that `sourceHandle` of its edges may have; empty where it may have none. */
  readonly handles: readonly string[];
  /** Other words for handles. */
  readonly handleAliases?: ReadonlyMap<string, string>;
  /** Whether each edge must name a handle, and each handle must have an edge. */
  readonly needsHandles?: boolean;
  /** Checks the fields and makes the program, which is of use only where no fault was added. */
  compile(scope: FieldScope): NodeProgram;
}

export interface CompiledEdge {
  /** Index, within the region, of the node it leads to. */
  readonly target: number;
  readonly handle: string | null;
}

export interface CompiledNode {
  readonly id: string;
  readonly type: NodeTypeName;
  readonly program: NodeProgram;
  /** Whether the execution goes on where the node fails, with null as its output. */
  readonly continuesOnError: boolean;
  /** Number of edges that lead here within its region. */
  readonly incoming: number;
  readonly outgoing: readonly CompiledEdge[];
  /** What a loop (one) or a parallel (one for each branch) runs. */
  readonly regions: readonly CompiledRegion[];
}

/** Nodes that run together: the pipeline itself, the body of a loop, or a branch of a parallel. */
export interface CompiledRegion {
  /** In topological order, without those of regions inside it. */
  readonly nodes: readonly CompiledNode[];
  /** Ids of those that no other follows: what the region gives. */
  readonly lastIds: readonly string[];
}

/** A valid pipeline, ready to run any number of times at once. */
export interface CompiledPipeline extends CompiledRegion {
  readonly inputNodeId: string;
  readonly outputNodeId: string;
  /** Providers that its nodes call, each once. */
  readonly providerIds: readonly string[];
  readonly checkInput: CheckInput;
  /** By node id: the expressions that read the input or the trigger, or what was made of them. */
  readonly untrustedReads: ReadonlyMap<string, readonly string[]>;
}
