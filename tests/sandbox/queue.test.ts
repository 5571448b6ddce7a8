// Who is next among those that wait, as a table: letters are agents, each asks in this order.

import { expect, test } from "bun:test";
import { Queue } from "../../src/sandbox/queue";

interface Asking {
  name: string;
  agent: number;
}

const ask = (name: string): Asking => ({ name, agent: name.charCodeAt(0) });

/** Names such as `a1`, of agent a; `-a` gives one child of agent a back before the next is taken. */
function takeAll(waiting: string, steps: string): string {
  const queue = new Queue<Asking>();
  for (const name of waiting.split(" ")) queue.add(ask(name));
  return steps
    .split(" ")
    .flatMap((step) => {
      if (step !== "take") return queue.release(ask(step.slice(1)).agent) ?? [];
      return queue.take()?.name ?? "nobody";
    })
    .join(" ");
}

test.each([
  ["the oldest first", "a1 b1", "take", "a1"],
  ["agents in turn", "a1 a2 a3 b1 c1", "take take take", "a1 b1 c1"],
  ["in turn as well where each is given back", "a1 a2 a3 b1", "take -a take -b take", "a1 b1 a2"],
  ["of one agent the oldest", "a1 a2 a3", "take take take", "a1 a2 a3"],
  ["no fourth of one agent", "a1 a2 a3 a4", "take take take take", "a1 a2 a3 nobody"],
  ["a fourth once one is given back", "a1 a2 a3 a4", "take take take -a take", "a1 a2 a3 a4"],
  ["the fewest children first", "a1 a2 b1 b2", "take take -b take", "a1 b1 b2"],
  ["nobody where nobody waits", "a1", "take take", "a1 nobody"],
])("%s", (_what, waiting, steps, taken) => {
  expect(takeAll(waiting, steps)).toBe(taken);
});

test("one that waits no longer is not taken, and its agent loses no turn", () => {
  const queue = new Queue<Asking>();
  const asking = ["a1", "a2", "b1"].map(ask);
  for (const one of asking) queue.add(one);
  for (const one of asking.slice(0, 1)) {
    queue.remove(one);
    queue.remove(one);
  }
  expect([queue.size, [...queue].map((one) => one.name)]).toEqual([2, ["a2", "b1"]]);
  expect([queue.take()?.name, queue.take()?.name, queue.hasNext()]).toEqual(["a2", "b1", false]);
});

test("there is room for so many, of which agents that wait have equal shares", () => {
  const queue = new Queue<Asking>();
  const fill = (agent: string): number => {
    let count = 0;
    for (; queue.hasRoom(ask(agent).agent, 12); count += 1) queue.add(ask(agent));
    return count;
  };
  expect([fill("a"), fill("b"), fill("c"), fill("a")]).toEqual([12, 6, 4, 0]);
});
