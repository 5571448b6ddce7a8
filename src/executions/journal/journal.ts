// Reading and writing one execution's journal. A value that stands in the record already, such as
// the input that an `input` node passes on, is stored as a reference.

import type { Db } from "../../db/open";
import type { EffectEnd, EffectStart, Json, Recorded, StepRecord } from "../../pipelines/record";
import { effectName, stepName } from "../../pipelines/record";
import { readOwn } from "../../pipelines/values";
import type { JournalEntry } from "./journal.store";
import { readJournal } from "./journal.store";

/**
 * A step as stored, without what is as in `USUAL`; `outputRef` is `input`, or
 * `<index in the entry>[.prompt]`.
 */
type StoredStep = Partial<StepRecord> & Pick<StepRecord, "nodeId"> & { outputRef?: string };

/** What most steps have, and no record repeats. */
const USUAL = {
  iteration: "",
  status: "completed",
  input: null,
  output: null,
  error: null,
  startedAt: null,
  finishedAt: null,
  attempt: 1,
  usage: null,
  cost: null,
} as const;

function withoutUsual(step: StepRecord, outputRef: string | undefined): StoredStep {
  const stored: Record<string, unknown> = {};
  const usual: Record<string, unknown> = USUAL;
  for (const [name, value] of Object.entries(step)) {
    const isUsual = name === "logs" ? step.logs.length === 0 : usual[name] === value;
    if (!isUsual && (name !== "output" || outputRef === undefined)) stored[name] = value;
  }
  return { nodeId: step.nodeId, ...stored, ...(outputRef === undefined ? {} : { outputRef }) };
}

/** Shorter texts cost less than a reference. */
const MIN_SHARED_CHARS = 32;

const isShareable = (value: Json): boolean =>
  typeof value === "string"
    ? value.length >= MIN_SHARED_CHARS
    : typeof value === "object" && value !== null;

const promptOf = (step: StepRecord): Json => readOwn(step.input, "prompt") ?? null;

/** The record of finished steps, without what `input` or an earlier step of it holds. */
export function encodeSteps(data: { steps: StepRecord[]; input: Json }): string {
  const seen = new Map<Json, string>();
  if (isShareable(data.input)) seen.set(data.input, "input");
  const stored = data.steps.map((step, index): StoredStep => {
    const prompt = promptOf(step);
    if (isShareable(prompt) && !seen.has(prompt)) seen.set(prompt, `${index}.prompt`);
    const outputRef = seen.get(step.output);
    if (outputRef === undefined && isShareable(step.output)) seen.set(step.output, `${index}`);
    return withoutUsual(step, outputRef);
  });
  return JSON.stringify(stored);
}

function resolve(data: { ref: string; steps: StepRecord[]; input: Json }): Json {
  if (data.ref === "input") return data.input;
  const [index, part] = data.ref.split(".");
  const step = data.steps[Number(index)];
  if (step === undefined) return null;
  return part === "prompt" ? promptOf(step) : step.output;
}

/** Reverses `encodeSteps`. */
export function decodeSteps(data: { record: unknown; input: Json }): StepRecord[] {
  const steps: StepRecord[] = [];
  for (const { outputRef, ...stored } of data.record as StoredStep[]) {
    const step: StepRecord = { ...USUAL, logs: [], ...stored };
    steps.push(step);
    // A step may refer to its own prompt: it is among `steps` by now.
    if (outputRef !== undefined) {
      step.output = resolve({ ref: outputRef, steps, input: data.input });
    }
  }
  return steps;
}

/** All steps that are on disk, in the order in which they were recorded. */
export function foldSteps(data: { entries: JournalEntry[]; input: Json }): StepRecord[] {
  return data.entries
    .filter((entry) => entry.kind === "steps")
    .flatMap((entry) => decodeSteps({ record: entry.record, input: data.input }));
}

/** What a new attempt must not repeat, and the number of its first entry. */
export function loadRecorded(
  deps: { db: Db },
  data: { execution: number; input: Json },
): { recorded: Recorded; next: number } {
  const { entries, next } = readJournal(deps, data.execution);
  const steps = foldSteps({ entries, input: data.input }).filter(
    (step) => step.status === "completed" || step.status === "skipped",
  );
  const ends = entries
    .filter((entry) => entry.kind === "effect_ended")
    .map((entry) => entry.record as EffectEnd);
  const starts = entries
    .filter((entry) => entry.kind === "effect_started")
    .map((entry) => entry.record as EffectStart);
  return {
    recorded: {
      steps: new Map(steps.map((step) => [stepName(step), step])),
      effects: new Map(ends.map((end) => [effectName(end), end])),
      started: new Set(starts.map(effectName)),
    },
    next,
  };
}

/** What an execution that never ran has on disk. */
export const NOTHING_RECORDED: Recorded = {
  steps: new Map(),
  effects: new Map(),
  started: new Set(),
};
