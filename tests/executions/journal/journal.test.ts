// Steps and effects as they are recorded: any JSON comes back, what is shared is stored once.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  decodeSteps,
  encodeSteps,
  foldSteps,
  loadRecorded,
} from "../../../src/executions/journal/journal";
import { appendEntry, toEntry } from "../../../src/executions/journal/journal.store";
import type { EffectEnd, Json, StepRecord } from "../../../src/pipelines/record";
import { effectName } from "../../../src/pipelines/record";
import { STEP_STATUSES } from "../../../src/vocabulary";
import { createTestDb } from "../../support/app";

const step = (more: Partial<StepRecord> = {}): StepRecord => ({
  nodeId: "llm",
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
  logs: [],
  ...more,
});

const roundTrip = (data: { steps: StepRecord[]; input: Json }): StepRecord[] =>
  decodeSteps({ record: JSON.parse(encodeSteps(data)), input: data.input });

/** JSON without a negative zero, which has no text of its own. */
const json: fc.Arbitrary<Json> = fc
  .oneof(fc.jsonValue({ maxDepth: 3 }), fc.string({ minLength: 30, maxLength: 40 }))
  .map((value) => JSON.parse(JSON.stringify(value)));

/** Where a step's output comes from: the input, its own prompt, an earlier step, or nowhere. */
const source = fc.oneof(
  fc.constantFrom("input" as const, "prompt" as const, "own" as const, "copy" as const),
  fc.nat(4),
);

const model = { provider: "echo", model: "echo", finishReason: "stop", requestId: null };
const usage = { inputTokens: 1, outputTokens: 2, cachedTokens: 0 };

const drawn = fc.record({
  nodeId: fc.stringMatching(/^[a-z]{1,6}$/),
  iteration: fc.constantFrom("", "0", "2.0"),
  status: fc.constantFrom(...STEP_STATUSES),
  prompt: json,
  hasPrompt: fc.boolean(),
  own: json,
  source,
  error: fc.constantFrom(null, { code: "PROVIDER_ERROR", message: "No.", status: 500 }),
  startedAt: fc.option(fc.nat()),
  finishedAt: fc.option(fc.nat()),
  attempt: fc.integer({ min: 1, max: 3 }),
  usage: fc.constantFrom(null, usage),
  cost: fc.constantFrom(null, 0, 0.25),
  logs: fc.array(fc.string(), { maxLength: 2 }),
  named: fc.boolean(),
});

/** The steps of one execution, which hand values on by reference as the runner does. */
function toSteps(all: (typeof drawn extends fc.Arbitrary<infer T> ? T : never)[], input: Json) {
  const steps: StepRecord[] = [];
  for (const { prompt, hasPrompt, own, source: from, named, ...rest } of all) {
    const made = step({ ...rest, input: hasPrompt ? { model: "", prompt } : own });
    if (named) made.model = model;
    if (from === "input") made.output = input;
    else if (from === "prompt") made.output = hasPrompt ? prompt : null;
    else if (from === "own") made.output = own;
    else if (from === "copy") made.output = structuredClone(input);
    else made.output = steps[from]?.output ?? null;
    steps.push(made);
  }
  return steps;
}

describe("recorded steps", () => {
  test("come back identical, whatever JSON they hold and share", () => {
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 6 }), json, (all, input) => {
        const steps = toSteps(all, input);
        const before = JSON.stringify(steps);
        expect(roundTrip({ steps, input })).toEqual(steps);
        expect(JSON.stringify(steps)).toBe(before);
      }),
      { numRuns: 1_000 },
    );
  });

  test("keep keys that objects inherit and lone surrogates", () => {
    const odd: Json = JSON.parse('{"__proto__":{"a":1},"constructor":2,"x":"\\ud800"}');
    const [back] = roundTrip({ steps: [step({ input: odd, output: odd })], input: null });
    expect(JSON.stringify([back?.input, back?.output])).toBe(JSON.stringify([odd, odd]));
  });

  test("do not repeat what is usual", () => {
    const [stored] = JSON.parse(encodeSteps({ steps: [step()], input: null }));
    expect(stored).toEqual({ nodeId: "llm" });
  });
});

describe("a value that is shared", () => {
  const MARK = "a text of more than thirty-two characters";
  const count = (text: string): number => text.split(MARK).length - 1;

  test("with the input is stored with neither step", () => {
    const input: Json = { text: MARK };
    const steps = [step({ nodeId: "in", output: input }), step({ nodeId: "out", output: input })];
    expect(count(encodeSteps({ steps, input }))).toBe(0);
    expect(roundTrip({ steps, input })).toEqual(steps);
  });

  test("with an earlier step is stored with that one alone", () => {
    const output: Json = { text: MARK };
    const steps = [step({ output }), step({ nodeId: "out", output })];
    expect(count(encodeSteps({ steps, input: null }))).toBe(1);
    expect(roundTrip({ steps, input: null })).toEqual(steps);
  });

  test("with the step's own prompt is stored once", () => {
    const steps = [step({ input: { model: "", prompt: MARK }, output: MARK })];
    const record = encodeSteps({ steps, input: null });
    expect(count(record)).toBe(1);
    expect(record).toContain('"outputRef":"0.prompt"');
    expect(roundTrip({ steps, input: null })).toEqual(steps);
  });

  test("as text is recognised by its letters, as an object only where it is the same one", () => {
    const texts = [step({ output: MARK }), step({ nodeId: "b", output: MARK.slice() })];
    const objects = [step({ output: [MARK] }), step({ nodeId: "b", output: [MARK] })];
    expect(count(encodeSteps({ steps: texts, input: null }))).toBe(1);
    expect(count(encodeSteps({ steps: objects, input: null }))).toBe(2);
    expect(roundTrip({ steps: objects, input: null })).toEqual(objects);
  });

  test("is written out where it is a short text, as a reference would cost more", () => {
    const steps = [step({ output: "short" }), step({ nodeId: "b", output: "short" })];
    expect(encodeSteps({ steps, input: "short" })).not.toContain("outputRef");
  });
});

const end = (more: Partial<EffectEnd> = {}): EffectEnd => ({
  nodeId: "llm",
  iteration: "",
  call: 0,
  kind: "model",
  attempt: 1,
  startedAt: 10,
  finishedAt: 20,
  result: { text: "hello" },
  error: null,
  ...more,
});

describe("what a new attempt is given", () => {
  const append = (
    db: ReturnType<typeof createTestDb>,
    entry: number,
    value: EffectEnd | StepRecord[],
  ): void => {
    const record = Array.isArray(value)
      ? { kind: "steps" as const, effect: null, record: encodeSteps({ steps: value, input: "in" }) }
      : { kind: "effect_ended" as const, effect: effectName(value), record: JSON.stringify(value) };
    appendEntry({ db }, toEntry({ execution: 3, entry, ...record }));
  };

  test("is nothing where nothing was recorded", () => {
    const { recorded, next } = loadRecorded({ db: createTestDb() }, { execution: 3, input: null });
    expect([recorded.steps.size, recorded.effects.size, next]).toEqual([0, 0, 0]);
  });

  test("are completed steps and ended effects by their names, and the next entry's number", () => {
    const db = createTestDb();
    append(db, 0, [step({ nodeId: "in", output: "in" }), step({ iteration: "2.0", output: "x" })]);
    append(db, 1, end());
    append(
      db,
      2,
      end({ call: 1, result: null, error: { code: "PROVIDER_ERROR", message: "No." } }),
    );
    append(db, 7, [
      step({ nodeId: "cut", status: "cancelled" }),
      step({ nodeId: "no", status: "failed" }),
    ]);
    const { recorded, next } = loadRecorded({ db }, { execution: 3, input: "in" });
    expect([...recorded.steps.keys()]).toEqual(["in/", "llm/2.0"]);
    expect(recorded.steps.get("in/")).toEqual(step({ nodeId: "in", output: "in" }));
    expect([...recorded.effects.keys()]).toEqual(["llm//0", "llm//1"]);
    expect(recorded.effects.get("llm//0")).toEqual(end());
    expect(next).toBe(8);
  });

  test("has of a step that was recorded twice the later one", () => {
    const db = createTestDb();
    append(db, 0, [step({ output: "first" })]);
    append(db, 1, [step({ output: "second", attempt: 2 })]);
    const { recorded } = loadRecorded({ db }, { execution: 3, input: null });
    expect(recorded.steps.get("llm/")).toMatchObject({ output: "second", attempt: 2 });
  });
});

test("all recorded steps are put together in the order of their entries", () => {
  const record = (nodeId: string): unknown =>
    JSON.parse(encodeSteps({ steps: [step({ nodeId })], input: null }));
  const entries = [
    { kind: "steps" as const, record: record("a") },
    { kind: "effect_started" as const, record: {} },
    { kind: "steps" as const, record: record("b") },
  ];
  expect(foldSteps({ entries, input: null }).map(({ nodeId }) => nodeId)).toEqual(["a", "b"]);
});
