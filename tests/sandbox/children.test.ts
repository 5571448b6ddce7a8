// Who gets a child and when: four at most, agents in turn, waits bounded, two kept, and ends by
// abort and by stop.

import { describe, expect, test } from "bun:test";
import { childrenOf, isAlive, onlyChild, processorTicks } from "../support/process-children";
import { eventually, within } from "../support/process-waiting";
import { rejection } from "../support/rejection";
import { callOf, openSandbox, runToEnd } from "../support/sandboxes";

/** Holds its child until it is aborted. */
const HOLD = "for (;;);";
const HOLD_MS = 30_000;

type Opened = ReturnType<typeof openSandbox>;

/** Runs that hold children, and their end. */
function hold(sandbox: Opened, agents: number[]) {
  const runs = agents.map((agent) => {
    const abort = new AbortController();
    const call = callOf(HOLD, { agent, deadlineMs: HOLD_MS, signal: abort.signal });
    const ended = rejection(sandbox.runCode(call));
    return { ended, end: () => (abort.abort("enough"), ended) };
  });
  return runs;
}

/** Resolves when that many children run code, which those of this file never end by themselves. */
const started = (sandbox: Opened, count: number): Promise<true> =>
  eventually(`${count} children`, () => (sandbox.size() === count ? true : null));

/** Runs of these agents, in the order of asking; gives the agents in the order of their ends. */
async function orderOf(sandbox: Opened, agents: string[]): Promise<string[]> {
  const ends: string[] = [];
  await Promise.all(
    agents.map(async (name) => {
      await runToEnd(sandbox, callOf("return 1", { agent: Number(name.charCodeAt(0)) }));
      ends.push(name);
    }),
  );
  return ends;
}

describe("children", () => {
  test("are started on first use, and one serves run after run", async () => {
    using sandbox = openSandbox();
    expect(sandbox.size()).toBe(0);
    for (let n = 0; n < 5; n += 1) {
      const { value } = await runToEnd(sandbox, callOf("return n", { bindings: { n } }));
      expect([value, sandbox.size()]).toEqual([n, 1]);
    }
  });

  test("are four at most, whatever waits", async () => {
    using sandbox = openSandbox();
    const runs = hold(sandbox, [1, 2, 3, 4, 5, 6]);
    await started(sandbox, 4);
    const waiting = runToEnd(sandbox, callOf("return 1", { agent: 7 }));
    expect(sandbox.size()).toBe(4);
    await Promise.all(runs.map((run) => run.end()));
    expect((await waiting).value).toBe(1);
  });

  test("run side by side", async () => {
    using sandbox = openSandbox();
    const [first] = hold(sandbox, [1]);
    expect((await runToEnd(sandbox, callOf("return 1", { agent: 2 }))).value).toBe(1);
    expect(await first?.end()).toBe("enough");
  });

  test("beyond two end when they have been idle for a while", async () => {
    using sandbox = openSandbox({ idleMs: 20 });
    const runs = hold(sandbox, [1, 2]);
    const body = "const end = Date.now() + 200; while (Date.now() < end); return 1";
    await Promise.all([3, 4].map((agent) => runToEnd(sandbox, callOf(body, { agent }))));
    expect(sandbox.size()).toBe(4);
    await Promise.all(runs.map((run) => run.end()));
    await started(sandbox, 2);
    expect((await runToEnd(sandbox, callOf("return 1"))).value).toBe(1);
    expect(sandbox.size()).toBe(2);
  });

  test("that are killed are replaced before the next run asks", async () => {
    using sandbox = openSandbox();
    const call = callOf(HOLD, { deadlineMs: 50 });
    expect((await runToEnd(sandbox, call)).code).toBe("CODE_TIMEOUT");
    expect(sandbox.size()).toBe(1);
  });
});

describe("a run that waits", () => {
  test("is refused as busy after its wait", async () => {
    using sandbox = openSandbox({ waitMs: 300 });
    const runs = hold(sandbox, [1, 2, 3, 4]);
    await started(sandbox, 4);
    const late = await runToEnd(sandbox, callOf("return 1", { agent: 5 }));
    expect([late.code, late.logs]).toEqual(["SANDBOX_BUSY", []]);
    for (const run of runs) await run.end();
  });

  test("has its whole deadline once it starts", async () => {
    using sandbox = openSandbox();
    const holding = [1, 2, 3, 4].map((agent) =>
      runToEnd(sandbox, callOf(HOLD, { agent, deadlineMs: 400 })),
    );
    await started(sandbox, 4);
    const waiting = runToEnd(sandbox, callOf("return 1", { agent: 5, deadlineMs: 200 }));
    expect((await waiting).value).toBe(1);
    await Promise.all(holding);
  });

  test("is refused at once where a thousand of its agent wait before it", async () => {
    using sandbox = openSandbox();
    const calls = Array.from({ length: 1_001 }, () => runToEnd(sandbox, callOf("return 1")));
    expect((await runToEnd(sandbox, callOf("return 1"))).code).toBe("SANDBOX_BUSY");
    sandbox.stop();
    await Promise.all(calls);
  });
});

describe("agents", () => {
  test("that fill the queue keep none out that waits for little", async () => {
    using sandbox = openSandbox();
    const flood = Array.from({ length: 1_001 }, () => runToEnd(sandbox, callOf("return 1")));
    const others = [2, 2, 2, 3].map((agent) => runToEnd(sandbox, callOf("return 2", { agent })));
    for (const { value } of await Promise.all(others)) expect(value).toBe(2);
    sandbox.stop();
    await Promise.all(flood);
  });

  test("take turns: one that asks for much does not keep another waiting", async () => {
    using sandbox = openSandbox();
    // One child is left.
    const runs = hold(sandbox, [1, 2, 3]);
    await started(sandbox, 3);
    const order = await orderOf(sandbox, ["a", "a", "a", "b", "a", "c"]);
    expect(order.slice(0, 3).toSorted()).toEqual(["a", "b", "c"]);
    for (const run of runs) await run.end();
  });

  test("hold three children at most, so that there is one for another", async () => {
    using sandbox = openSandbox();
    const runs = hold(sandbox, [1, 1, 1, 1, 1]);
    expect(
      (await within("the other agent", runToEnd(sandbox, callOf("return 1", { agent: 2 })))).value,
    ).toBe(1);
    for (const run of runs) await run.end();
  });
});

describe("an abort", () => {
  test("kills the run at once and rejects with its reason", async () => {
    using sandbox = openSandbox();
    await runToEnd(sandbox, callOf("return 1"));
    const pid = await onlyChild();
    const before = processorTicks(pid);
    const [run] = hold(sandbox, [1]);
    await eventually("the loop", () => (processorTicks(pid) > before + 10 ? true : null));
    expect(await run?.end()).toBe("enough");
    await eventually("the end of the child", () => (isAlive(pid) ? null : true));
  });

  test("takes back a run that waits", async () => {
    using sandbox = openSandbox();
    const runs = hold(sandbox, [1, 2, 3, 4]);
    await started(sandbox, 4);
    const [late] = hold(sandbox, [5]);
    expect(await late?.end()).toBe("enough");
    expect(sandbox.size()).toBe(4);
    for (const run of runs) await run.end();
  });

  test("that came before starts nothing", async () => {
    using sandbox = openSandbox();
    const call = callOf("return 1", { signal: AbortSignal.abort("before") });
    expect(await rejection(sandbox.runCode(call))).toBe("before");
    expect(sandbox.size()).toBe(0);
  });

  test("after the end does nothing", async () => {
    using sandbox = openSandbox();
    const abort = new AbortController();
    await runToEnd(sandbox, callOf("return 1", { signal: abort.signal }));
    abort.abort();
    expect((await runToEnd(sandbox, callOf("return 2"))).value).toBe(2);
    expect(sandbox.size()).toBe(1);
  });
});

test("a stop kills all children, refuses what runs and waits, and what comes later", async () => {
  using sandbox = openSandbox();
  const runs = hold(sandbox, [1, 2, 3, 4, 5]);
  await started(sandbox, 4);
  sandbox.stop();
  const reasons = await Promise.all(runs.map((run) => run.ended));
  expect(reasons).toEqual(Array(5).fill(expect.objectContaining({ code: "SANDBOX_UNAVAILABLE" })));
  expect((await runToEnd(sandbox, callOf("return 1"))).code).toBe("SANDBOX_UNAVAILABLE");
  await eventually("the end of all", () => (childrenOf(process.pid).length === 0 ? true : null));
});
