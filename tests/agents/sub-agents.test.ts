import { expect, test } from "bun:test";
import { findAgentFault } from "../../src/agents/sub-agents";
import { node, pipelineOf } from "../pipelines/fixtures";
import { createTestDb } from "../support/app";
import { addAgent, agentIdOf } from "../support/rows";

/** Agents from 1 on; each calls those of its list. */
function createAgents(lists: number[][]) {
  const db = createTestDb();
  for (const list of lists) {
    const nodes = list.map((called) =>
      node({ id: `n${called}`, type: "sub_agent", data: { agentId: agentIdOf(called) } }),
    );
    const ids = nodes.map(({ id }) => id);
    const edges = ["in>out", ...ids.map((id) => `in>${id}`)];
    addAgent(db, pipelineOf({ nodes, edges }));
  }
  return {
    db,
    fault: (caller: number, called: number) =>
      findAgentFault({ db }, { caller: agentIdOf(caller), called: agentIdOf(called) }),
  };
}

test("an agent that calls none, or others that do not lead back, can be called", () => {
  const { fault } = createAgents([[], [], [2, 4], []]);
  expect([fault(1, 2), fault(1, 3)]).toEqual([null, null]);
});

test("an agent that is not there, deleted or not active cannot", () => {
  const { db, fault } = createAgents([[], [], []]);
  db.raw.run("update agents set status = 'inactive' where seq = 2");
  db.raw.run("update agents set deleted_at = 1 where seq = 3");
  expect([fault(1, 9), fault(1, 2), fault(1, 3)]).toEqual(["unknown", "inactive", "unknown"]);
});

test("an agent that leads back to its caller cannot, by however many others", () => {
  const { fault } = createAgents([[], [3], [4], [1]]);
  expect([fault(1, 1), fault(1, 4), fault(1, 2)]).toEqual([
    "calls_back",
    "calls_back",
    "calls_back",
  ]);
});

test("calls go at most five deep", () => {
  const { fault } = createAgents([[], [3], [4], [5], [6], [7], []]);
  expect([fault(1, 3), fault(1, 2)]).toEqual([null, "too_deep"]);
});

test("a circle among others ends the look as well", () => {
  const { fault } = createAgents([[], [3], [2]]);
  expect(fault(1, 2)).toBe("too_deep");
});
