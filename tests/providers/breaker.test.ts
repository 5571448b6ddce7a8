import { describe, expect, test } from "bun:test";
import { createManualClock } from "../../src/lib/clock";
import { createBreaker } from "../../src/providers/breaker";
import { ProviderError } from "../../src/providers/model";
import { rejection } from "../support/rejection";

function createScene() {
  const clock = createManualClock();
  const breaker = createBreaker({ clock });
  let calls = 0;
  const call = async (error?: unknown, id = "prv_1") =>
    breaker.run(id, async () => {
      calls += 1;
      if (error !== undefined) throw error;
      return "answer";
    });
  const fail = async (times: number, error: unknown = DOWN) => {
    for (let count = 0; count < times; count += 1) await rejection(call(error));
  };
  return { clock, call, fail, calls: () => calls };
}

const DOWN = new ProviderError("PROVIDER_UNREACHABLE");

const codeOf = async (pending: Promise<unknown>): Promise<unknown> =>
  Reflect.get((await rejection(pending)) as object, "code");

describe("a provider that failed five times in a row", () => {
  test("is not asked, and the refusal says how long", async () => {
    const { call, fail, calls, clock } = createScene();
    await fail(5);
    clock.advance(10_000);
    const refused = await rejection(call());
    expect(refused).toMatchObject({
      code: "PROVIDER_CIRCUIT_OPEN",
      message: "The provider failed 5 times in a row and is not asked for 20 s more.",
    });
    expect(calls()).toBe(5);
  });

  test("is asked once after half a minute, and again only when that has answered", async () => {
    const { call, fail, calls, clock } = createScene();
    await fail(5);
    clock.advance(30_000);
    await fail(1);
    expect(await codeOf(call())).toBe("PROVIDER_CIRCUIT_OPEN");
    clock.advance(30_000);
    expect(await call()).toBe("answer");
    expect(await call()).toBe("answer");
    expect(calls()).toBe(8);
  });

  test("lets one call through at a time while it is looked at", async () => {
    const { clock, fail } = createScene();
    const breaker = createBreaker({ clock });
    await fail(0);
    for (let count = 0; count < 5; count += 1) {
      await rejection(breaker.run("prv_1", () => Promise.reject(DOWN)));
    }
    clock.advance(30_000);
    const probe = Promise.withResolvers<string>();
    const probing = breaker.run("prv_1", () => probe.promise);
    expect(await codeOf(breaker.run("prv_1", async () => "x"))).toBe("PROVIDER_CIRCUIT_OPEN");
    probe.resolve("back");
    expect(await probing).toBe("back");
    expect(await breaker.run("prv_1", async () => "x")).toBe("x");
  });

  test("holds back no other provider", async () => {
    const { call, fail } = createScene();
    await fail(5);
    expect(await call(undefined, "prv_2")).toBe("answer");
  });
});

test.each<[string, unknown]>([
  ["an answer", undefined],
  ["a refusal of the call", new ProviderError("PROVIDER_ERROR", { httpStatus: 401 })],
])("%s ends the row of failures", async (_, error) => {
  const { call, fail } = createScene();
  await fail(4);
  await call(error).catch(() => undefined);
  await fail(4);
  expect(await call()).toBe("answer");
});

test.each([
  new ProviderError("PROVIDER_TIMEOUT"),
  new ProviderError("PROVIDER_STREAM_CUT"),
  new ProviderError("PROVIDER_ERROR", { httpStatus: 503 }),
  new ProviderError("PROVIDER_ERROR", { httpStatus: 429 }),
])("%o counts as down", async (error) => {
  const { call, fail } = createScene();
  await fail(5, error);
  expect(await codeOf(call())).toBe("PROVIDER_CIRCUIT_OPEN");
});

test("a call that was broken off neither counts nor ends the row", async () => {
  const { call, fail } = createScene();
  await fail(4);
  await rejection(call("cancelled"));
  await fail(1);
  expect(await codeOf(call())).toBe("PROVIDER_CIRCUIT_OPEN");
});
