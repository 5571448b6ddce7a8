// Lists of executions: status words for states, filters, pages, and what a slot knows before the disk.

import { describe, expect, test } from "bun:test";
import { createReadTokens } from "../../src/auth/read-token";
import type { ViewDeps } from "../../src/executions/view";
import { viewExecutions } from "../../src/executions/view";
import type { ExecutionState, ExecutionStatus } from "../../src/vocabulary";
import { EXECUTION_STATES, FINAL_STATES } from "../../src/vocabulary";
import { addAgent, addExecution, executionIdOf } from "../support/rows";
import type { Slots } from "../support/slots";
import { createSlots, heldPipeline } from "../support/slots";

const START = "2026-01-01T00:00:00.000Z";

const viewDepsOf = (slots: Slots): ViewDeps => ({
  ...slots.deps,
  pool: slots.pool,
  readTokens: createReadTokens("server-key"),
  readLinks: true,
});

/** One execution in each state, numbered from 1 in the order of the list. */
function createStates(): Slots {
  const slots = createSlots();
  const agent = addAgent(slots.db);
  for (const [at, state] of EXECUTION_STATES.entries()) {
    addExecution(slots.db, { seq: at + 1, agent });
    const final = FINAL_STATES.some((word) => word === state);
    slots.db.raw
      .query("update executions set state = ?, started_at = ?, finished_at = ? where seq = ?")
      .run(state, state === "waiting" ? null : 5, final ? 9 : null, at + 1);
  }
  return slots;
}

const list = (slots: Slots, more: object = {}) =>
  viewExecutions(viewDepsOf(slots), {
    agent: 1,
    trigger: null,
    statuses: [],
    before: Number.MAX_SAFE_INTEGER,
    limit: 50,
    ...more,
  });

describe("a list", () => {
  test("says running for what waits and what runs, and the state's word for the rest", () => {
    const words = list(createStates())
      .items.toReversed()
      .map((item) => [item.status, item.waiting]);
    expect(words).toEqual([
      ["running", true],
      ["running", false],
      ["completed", false],
      ["failed", false],
      ["cancelled", false],
      ["timed_out", false],
      ["interrupted", false],
    ]);
  });

  test.each<[ExecutionStatus[], ExecutionState[]]>([
    [["running"], ["running", "waiting"]],
    [["completed"], ["completed"]],
    [
      ["failed", "timed_out"],
      ["timed_out", "failed"],
    ],
    [
      ["running", "interrupted"],
      ["interrupted", "running", "waiting"],
    ],
    [[], EXECUTION_STATES.toReversed()],
  ])("by the statuses %p holds those states alone", (statuses, states) => {
    const slots = createStates();
    const seqs = list(slots, { statuses }).items.map((item) => item.id);
    expect(seqs).toEqual(states.map((state) => executionIdOf(EXECUTION_STATES.indexOf(state) + 1)));
  });

  test("leads page by page over all, newest first", () => {
    const slots = createStates();
    const first = list(slots, { limit: 3 });
    expect(first.items.map((item) => item.id)).toEqual([7, 6, 5].map(executionIdOf));
    expect(first.nextCursor).toBe("5");
    const second = list(slots, { limit: 4, before: Number(first.nextCursor) });
    expect(second.items.map((item) => item.id)).toEqual([4, 3, 2, 1].map(executionIdOf));
    expect(second.nextCursor).toBeNull();
  });

  test("shows the start of what is in a slot, although the disk has it not yet", () => {
    const slots = createSlots();
    const agent = addAgent(slots.db, heldPipeline());
    addExecution(slots.db, { seq: 1, agent });
    const live = { startedAt: slots.clock.now(), attempt: 1, steps: [] };
    const pool = { ...slots.pool, liveOf: (seq: number) => (seq === 1 ? live : undefined) };
    const query = { agent, trigger: null, statuses: [], before: 99, limit: 5 };
    const { items } = viewExecutions({ ...viewDepsOf(slots), pool }, query);
    expect(items).toMatchObject([
      { status: "running", waiting: false, startedAt: START, attempt: 1 },
    ]);
  });
});
