// Slots shared between agents: in turn, and the last one for another where one waits.

import { describe, expect, test } from "bun:test";
import { addAgent } from "../../support/rows";
import type { Slots } from "../../support/slots";
import { createSlots, heldPipeline } from "../../support/slots";
import { passTurns } from "../../support/turns";

/** An agent whose inputs tell its name: the prompts of the calls tell who runs. */
function createAgent(slots: Slots, name: string): (count: number) => void {
  const agent = addAgent(slots.db, heldPipeline());
  return (count) => {
    for (let made = 0; made < count; made += 1) slots.add(agent, name);
  };
}

/** The names of all calls so far, in their order. */
const namesOf = (slots: Slots): string =>
  slots.models.calls.map(({ call }) => call.prompt).join("");

/** Lets the oldest call of that name that is not answered end, and all that follows from it happen. */
async function endOne(slots: Slots, name: string, answered: Set<number>): Promise<void> {
  const index = slots.models.calls.findIndex(
    ({ call }, at) => call.prompt === name && !answered.has(at),
  );
  answered.add(index);
  await slots.models.echo(index);
  await passTurns(20);
}

async function endAll(slots: Slots, answered: Set<number>): Promise<void> {
  for (let index = 0; slots.pool.size() > 0; index += 1) {
    if (!answered.has(index)) await slots.models.echo(index);
    await passTurns(2);
  }
  await slots.pool.idle();
}

describe("agents", () => {
  test("take slots in turn, however many of one wait before", async () => {
    const slots = createSlots({ slots: 6 });
    createAgent(slots, "a")(50);
    createAgent(slots, "b")(2);
    createAgent(slots, "c")(1);
    await slots.models.untilCalls(6);
    expect(namesOf(slots)).toBe("abcaba");
  });

  test("keep their turn from end to end", async () => {
    const slots = createSlots({ slots: 1 });
    createAgent(slots, "a")(3);
    createAgent(slots, "b")(3);
    const answered = new Set<number>();
    await slots.models.untilCalls(1);
    await endAll(slots, answered);
    expect(namesOf(slots)).toBe("ababab");
  });

  test("run in the order in which their executions were accepted", async () => {
    const slots = createSlots({ slots: 1 });
    const agent = addAgent(slots.db, heldPipeline());
    for (const input of ["1", "2", "3", "4"]) slots.add(agent, input);
    await slots.models.untilCalls(1);
    await endAll(slots, new Set());
    expect(namesOf(slots)).toBe("1234");
  });
});

describe("an agent", () => {
  test("holds all slots while no other waits", async () => {
    const slots = createSlots({ slots: 3 });
    createAgent(slots, "a")(5);
    await slots.models.untilCalls(3);
    expect(namesOf(slots)).toBe("aaa");
  });

  test("that holds all gives the first slot that becomes free to another that waits", async () => {
    const slots = createSlots({ slots: 3 });
    const answered = new Set<number>();
    createAgent(slots, "a")(9);
    await slots.models.untilCalls(3);
    createAgent(slots, "b")(1);
    await passTurns(3);
    expect(namesOf(slots)).toBe("aaa");
    await endOne(slots, "a", answered);
    expect(namesOf(slots)).toBe("aaab");
  });

  test("never holds the last slot while another waits, although it is its turn", async () => {
    const slots = createSlots({ slots: 3 });
    const answered = new Set<number>();
    createAgent(slots, "a")(9);
    await slots.models.untilCalls(3);
    createAgent(slots, "b")(3);
    await endOne(slots, "a", answered);
    expect(namesOf(slots)).toBe("aaab");
    await endOne(slots, "b", answered);
    expect(namesOf(slots)).toBe("aaabb");
    await endOne(slots, "b", answered);
    expect(namesOf(slots)).toBe("aaabbb");
  });

  test("takes the last slot again when the other has nothing left that waits", async () => {
    const slots = createSlots({ slots: 3 });
    const answered = new Set<number>();
    createAgent(slots, "a")(9);
    await slots.models.untilCalls(3);
    createAgent(slots, "b")(1);
    await endOne(slots, "a", answered);
    await endOne(slots, "b", answered);
    expect(namesOf(slots)).toBe("aaaba");
    await endAll(slots, answered);
    expect(namesOf(slots).replaceAll("b", "")).toBe("aaaaaaaaa");
  });

  test("shares the only slot there is", async () => {
    const slots = createSlots({ slots: 1 });
    createAgent(slots, "a")(2);
    createAgent(slots, "b")(2);
    await slots.models.untilCalls(1);
    await endAll(slots, new Set());
    expect(namesOf(slots)).toBe("abab");
  });
});
