// Executions whose nodes run code: what the sandbox is told, and what a crash leaves of it.

import { afterEach, expect, jest, test } from "bun:test";
import { foldSteps } from "../../../src/executions/journal/journal";
import { readJournal } from "../../../src/executions/journal/journal.store";
import { recover } from "../../../src/executions/slots/recover";
import type { Pipeline } from "../../../src/pipelines/pipelines.schema";
import type { CodeCall, RunCode } from "../../../src/sandbox/code";
import { condition, llm, pipelineOf, transform } from "../../pipelines/fixtures";
import { evaluateCode } from "../../support/evaluate-code";
import { addAgent } from "../../support/rows";
import type { Slots } from "../../support/slots";
import { createSlots } from "../../support/slots";
import { passTurns } from "../../support/turns";

afterEach(() => void jest.useRealTimers());

/** in → t (doubles) → if (more than 5) → a paid model or nothing → out. */
const codePipeline = (): Pipeline =>
  pipelineOf({
    nodes: [
      transform("t", "return {{input}} * 2"),
      condition("if", "{{nodes.t.output}} > 5"),
      llm("llm", { providerId: "paid", userPromptTemplate: "{{nodes.t.output}}" }),
    ],
    edges: ["in>t", "t>if", "if>llm:true", "if>out:false", "llm>out"],
    mapping: ["{{nodes.t.output}}", "{{nodes.llm.output}}"],
  });

/** Keeps the calls of a sandbox that answers at once. */
function recordCalls() {
  const calls: CodeCall[] = [];
  const runCode: RunCode = (call) => {
    calls.push(call);
    return evaluateCode(call);
  };
  return { calls, runCode };
}

const stepsOf = (slots: Slots, seq: number) =>
  foldSteps({ entries: readJournal({ db: slots.db }, seq).entries, input: 3 });

/** Another start on what `before` left; its code and calls never end. */
async function restart(before: Slots, runCode: RunCode): Promise<Slots> {
  const { db } = before;
  const { deps, models } = createSlots({ db, bootSeq: 1, runCode });
  await recover({ ...deps, recountPlaces: () => undefined });
  const slots = createSlots({ ...deps, models });
  slots.pool.wake();
  return slots;
}

test("code is run for the agent whose execution it is, and its steps are recorded", async () => {
  const { calls, runCode } = recordCalls();
  const slots = createSlots({ runCode });
  addAgent(slots.db);
  const agent = addAgent(slots.db, codePipeline());
  const seq = slots.add(agent, 2);
  await slots.pool.finished(seq);
  expect(slots.row(seq).state).toBe("completed");
  expect(calls.map((call) => [call.agent, call.bindings])).toEqual([
    [agent, { $0: 2 }],
    [agent, { $0: 4 }],
  ]);
  expect(
    stepsOf(slots, seq).map(({ nodeId, status, input, output }) => [nodeId, status, input, output]),
  ).toEqual([
    ["in", "completed", null, 2],
    ["t", "completed", { input: 2 }, 4],
    ["if", "completed", { "nodes.t.output": 4 }, false],
    ["llm", "skipped", null, null],
    ["out", "completed", null, [4, null]],
  ]);
});

test("after a crash code that was committed with an effect is not run again", async () => {
  const before = createSlots();
  const seq = before.add(addAgent(before.db, codePipeline()), 3);
  await before.models.untilCalls(1);
  const { calls, runCode } = recordCalls();
  const after = await restart(before, runCode);
  await after.models.echo(0);
  await after.pool.finished(seq);
  expect(calls).toEqual([]);
  expect(after.row(seq)).toMatchObject({ state: "completed", attempt: 2 });
  expect(stepsOf(after, seq).at(-1)?.output).toEqual([6, "6"]);
});

test("after a crash code that was not committed is run again", async () => {
  const held: RunCode = () => new Promise(() => undefined);
  const before = createSlots({ runCode: held });
  const seq = before.add(addAgent(before.db, codePipeline()), 2);
  await before.writer.write(() => undefined);
  await passTurns(3);
  const { calls, runCode } = recordCalls();
  const after = await restart(before, runCode);
  await after.pool.finished(seq);
  expect(calls).toHaveLength(2);
  expect(after.row(seq).state).toBe("completed");
});

test("the time limit of the execution kills the code", async () => {
  jest.useFakeTimers();
  const signals: AbortSignal[] = [];
  const runCode: RunCode = ({ signal }) => {
    signals.push(signal);
    return new Promise(() => undefined);
  };
  const slots = createSlots({ runCode, executionTimeoutMs: 5_000 });
  const seq = slots.add(addAgent(slots.db, codePipeline()), 2);
  await passTurns(3);
  jest.advanceTimersByTime(5_000);
  await slots.pool.finished(seq);
  expect(signals.map(({ aborted, reason }) => [aborted, reason])).toEqual([[true, "timeout"]]);
  expect(slots.row(seq).state).toBe("timed_out");
});
