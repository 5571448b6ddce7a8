// Counts of failed credentials: by address and by webhook, in windows of a minute, bounded in memory.

import { describe, expect, test } from "bun:test";
import type { Failure } from "../../src/auth/failures";
import { createFailures } from "../../src/auth/failures";
import { createManualClock } from "../../src/lib/clock";

/** A counter and its clock; `count` says which failure of a run was the first too many. */
function prepare() {
  const clock = createManualClock();
  const failures = createFailures({ clock });
  const failTimes = (times: number, data: Failure) => {
    let last = { tooMany: false, retrySeconds: 0 };
    for (let count = 0; count < times; count += 1) last = failures.count(data);
    return last;
  };
  return { clock, failures, failTimes };
}

const FROM = { address: "192.0.2.1", agentId: "agt_1" };

describe("failures from one address", () => {
  test("are too many from the 61st on", () => {
    const { failTimes } = prepare();
    expect(failTimes(60, FROM).tooMany).toBe(false);
    expect(failTimes(1, FROM).tooMany).toBe(true);
    expect(failTimes(1, FROM).tooMany).toBe(true);
  });

  test("add up over webhooks", () => {
    const { failTimes } = prepare();
    failTimes(30, FROM);
    failTimes(30, { ...FROM, agentId: "agt_2" });
    expect(failTimes(1, { ...FROM, agentId: "agt_3" }).tooMany).toBe(true);
  });

  test("add up over webhooks and the API", () => {
    const { failTimes } = prepare();
    failTimes(60, { ...FROM, agentId: null });
    expect(failTimes(1, FROM).tooMany).toBe(true);
  });

  test("do not count for other addresses", () => {
    const { failTimes } = prepare();
    failTimes(60, FROM);
    expect(failTimes(60, { ...FROM, address: "192.0.2.2" }).tooMany).toBe(false);
  });

  test("of IPv6 add up over its /64, which is one host's to choose from", () => {
    const { failTimes } = prepare();
    for (let host = 1; host <= 60; host += 1) {
      failTimes(1, { ...FROM, address: `2001:db8:0:1::${host.toString(16)}` });
    }
    const failFrom = (address: string) => failTimes(1, { ...FROM, address }).tooMany;
    expect(failFrom("2001:db8::1:ffff:0:0:1")).toBe(true);
    expect(failFrom("2001:db8:0:2::1")).toBe(false);
  });

  test("that is not known are one", () => {
    const { failTimes } = prepare();
    failTimes(60, { ...FROM, address: null });
    expect(failTimes(1, { ...FROM, address: null }).tooMany).toBe(true);
  });
});

describe("failures on one webhook", () => {
  test("are too many from the 601st on, from wherever", () => {
    const { failures, failTimes } = prepare();
    for (let count = 0; count < 600; count += 1) {
      expect(failures.count({ ...FROM, address: `address ${count}` }).tooMany).toBe(false);
    }
    expect(failTimes(1, { ...FROM, address: "a new one" }).tooMany).toBe(true);
    expect(failTimes(1, { address: "a new one", agentId: "agt_2" }).tooMany).toBe(false);
  });
});

test("failures on the API are no webhook's", () => {
  const { failures } = prepare();
  for (let count = 0; count < 601; count += 1) {
    expect(failures.count({ address: `address ${count}`, agentId: null }).tooMany).toBe(false);
  }
});

describe("the minute", () => {
  test("is over after 60 s to the millisecond, and tells how long it still lasts", () => {
    const { clock, failTimes } = prepare();
    failTimes(60, FROM);
    clock.advance(10_001);
    expect(failTimes(1, FROM)).toEqual({ tooMany: true, retrySeconds: 50 });
    clock.advance(49_998);
    expect(failTimes(1, FROM)).toEqual({ tooMany: true, retrySeconds: 1 });
    clock.advance(1);
    expect(failTimes(1, FROM)).toEqual({ tooMany: false, retrySeconds: 60 });
    expect(failTimes(60, FROM).tooMany).toBe(true);
  });

  test("does not follow the wall clock", () => {
    const { clock, failTimes } = prepare();
    failTimes(60, FROM);
    clock.jumpWall(3_600_000);
    expect(failTimes(1, FROM).tooMany).toBe(true);
    clock.jumpWall(-7_200_000);
    expect(failTimes(1, FROM)).toEqual({ tooMany: true, retrySeconds: 60 });
  });
});

describe("a flood from more addresses than are remembered", () => {
  test("does not hide the failures on a webhook that is attacked next", () => {
    const { failures } = prepare();
    for (let count = 0; count < 25_000; count += 1) {
      failures.count({ address: `flood ${count}`, agentId: "agt_1" });
    }
    let last = false;
    for (let count = 0; count < 601; count += 1) {
      last = failures.count({ address: `other ${count}`, agentId: "agt_2" }).tooMany;
    }
    expect(last).toBe(true);
  });
});
