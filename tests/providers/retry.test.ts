// When a model call is tried again, after how long, and what of it stays the same.

import { describe, expect, test } from "bun:test";
import { AppError } from "../../src/errors";
import { createManualClock } from "../../src/lib/clock";
import { callProvider } from "../../src/providers/call";
import { callWithRetries, type FailedAttempt, readRetryAfter } from "../../src/lib/network/retry";
import { ProviderError, type ModelCall } from "../../src/providers/model";
import { judgeFailure } from "../../src/providers/retry";
import { startModelStub } from "../support/model-stub";
import type { StubFormatName } from "../support/model-stub-formats";
import { localOutbound, modelCall } from "../support/provider-calls";
import { rejection } from "../support/rejection";

/** Doors whose waits take no time but move the clock. */
function createDoors(random = 0.5) {
  const clock = createManualClock();
  const waits: number[] = [];
  const wait = async (ms: number): Promise<void> => {
    waits.push(ms);
    clock.advance(ms);
  };
  return { clock, waits, deps: { outbound: localOutbound, clock, wait, random: () => random } };
}

const GOOD = {
  text: "x",
  finishReason: "stop",
  usage: null,
  cost: null,
  requestId: null,
  provider: "openai",
  model: "m",
};

/** Runs attempts that fail with these errors in turn, then answers. */
async function runAttempts(
  errors: unknown[],
  data: { call?: Partial<ModelCall>; random?: number; attemptMs?: number } = {},
) {
  const { clock, waits, deps } = createDoors(data.random);
  const told: FailedAttempt[] = [];
  const timeouts: number[] = [];
  const call = modelCall({
    retries: 2,
    timeoutMs: 120_000,
    onRetry: (failed) => void told.push(failed),
    ...data.call,
  });
  const result = callWithRetries(deps, {
    call,
    judge: judgeFailure,
    async attempt({ timeoutMs }) {
      timeouts.push(timeoutMs);
      clock.advance(data.attemptMs ?? 0);
      const error = errors[timeouts.length - 1];
      if (error !== undefined) throw error;
      return GOOD;
    },
  });
  const end = await result.then(
    (answer) => answer.text,
    (error: unknown) => error,
  );
  return { end, waits, told, timeouts, attempts: timeouts.length };
}

const status = (httpStatus: number, retryAfter: string | null = null) =>
  new ProviderError("PROVIDER_ERROR", { httpStatus, retryAfter });

describe("a call is tried again after", () => {
  test.each<[what: string, error: unknown]>([
    ["408", status(408)],
    ["425", status(425)],
    ["429", status(429)],
    ["500", status(500)],
    ["503", status(503)],
    ["529", status(529)],
    ["a connection that could not be made", new ProviderError("PROVIDER_UNREACHABLE")],
    ["a name that could not be resolved", new AppError("ADDRESS_UNRESOLVED")],
  ])("%s, up to two times", async (_what, error) => {
    expect(await runAttempts([error])).toMatchObject({ end: "x", attempts: 2 });
    expect(await runAttempts([error, error])).toMatchObject({ end: "x", attempts: 3 });
    const failed = await runAttempts([error, error, error]);
    expect(failed).toMatchObject({ attempts: 3, waits: [500, 2000] });
    expect(failed.end).toBe(error);
  });
});

describe("a call is not tried again after", () => {
  test.each<[what: string, error: unknown]>([
    ...[302, 400, 401, 403, 404, 409, 413, 422].map((code): [string, unknown] => [
      String(code),
      status(code),
    ]),
    ["a time limit", new ProviderError("PROVIDER_TIMEOUT")],
    ["a stream that was cut", new ProviderError("PROVIDER_STREAM_CUT")],
    ["an answer of another format", new ProviderError("PROVIDER_RESPONSE_INVALID")],
    ["an error within the stream", new ProviderError("PROVIDER_ERROR")],
    ["a certificate that is not trusted", new ProviderError("PROVIDER_TLS_FAILED")],
    ["an address that is forbidden", new AppError("ADDRESS_FORBIDDEN")],
    ["a part of the text", new ProviderError("PROVIDER_UNREACHABLE", { partialText: "x" })],
    [
      "a part of the text and 503",
      new ProviderError("PROVIDER_ERROR", { httpStatus: 503, partialText: "x" }),
    ],
    ["an error of ours", new TypeError("x is undefined")],
  ])("%s", async (_what, error) => {
    const { end, attempts, waits, told } = await runAttempts([error]);
    expect({ attempts, waits, told }).toEqual({ attempts: 1, waits: [], told: [] });
    expect(end).toBe(error);
  });
});

test("`retries` is how many attempts follow the first one", async () => {
  const errors = [status(500), status(500), status(500)];
  for (const retries of [0, 1, 2]) {
    const { attempts } = await runAttempts(errors, { call: { retries } });
    expect(attempts).toBe(retries + 1);
  }
});

test("pauses lie between nothing and 1 s, then 4 s", async () => {
  const errors = [status(500), status(500)];
  expect((await runAttempts(errors, { random: 0 })).waits).toEqual([0, 0]);
  expect((await runAttempts(errors, { random: 0.999_99 })).waits).toEqual([1000, 4000]);
});

test("each attempt that is made again is told, with its code, its status and the pause", async () => {
  const { told } = await runAttempts([status(503), new AppError("ADDRESS_UNRESOLVED")]);
  expect(told).toEqual([
    { attempt: 1, code: "PROVIDER_ERROR", httpStatus: 503, delayMs: 500 },
    { attempt: 2, code: "ADDRESS_UNRESOLVED", httpStatus: undefined, delayMs: 2000 },
  ]);
});

describe("Retry-After", () => {
  const now = Date.UTC(2026, 0, 1);
  test.each<[text: string | null, ms: number | null]>([
    [null, null],
    ["1", 1000],
    ["0", 0],
    ["3600", 3_600_000],
    ["-1", null],
    ["1.5", null],
    ["1e3", null],
    ["soon", null],
    ["", null],
    ["99999999999999999999", null],
    ["Thu, 01 Jan 2026 00:00:07 GMT", 7000],
    ["Wed, 31 Dec 2025 23:59:59 GMT", 0],
    ["Xxx, 99 Xxx 2026 00:00:07 GMT", null],
    ["2026-01-01T00:00:07Z", null],
  ])("%j is read as %p ms", (text, ms) => {
    expect(readRetryAfter(text, now)).toBe(ms);
  });

  test.each<[text: string, waits: number[]]>([
    ["1", [1000]],
    ["60", [60_000]],
    ["0", [500]],
    ["-1", [500]],
    ["soon", [500]],
    ["Thu, 01 Jan 2026 00:00:07 GMT", [7000]],
  ])("%s makes the pause %p", async (text, waits) => {
    expect(await runAttempts([status(429, text)])).toMatchObject({ end: "x", waits });
  });

  test.each(["61", "3600", "Thu, 01 Jan 2026 01:00:00 GMT"])(
    "of more than a minute, %s, is not waited for",
    async (text) => {
      expect(await runAttempts([status(429, text)])).toMatchObject({ attempts: 1, waits: [] });
    },
  );
});

describe("timeoutMs is the time of all attempts", () => {
  test("so that each has what the ones before it and the pauses left", async () => {
    const { timeouts } = await runAttempts([status(500), status(500)], { attemptMs: 10_000 });
    expect(timeouts).toEqual([120_000, 109_500, 97_500]);
  });

  test("and a pause that would use it up is not made: the failure stands", async () => {
    const error = status(503, "30");
    const failed = await runAttempts([error], { call: { timeoutMs: 30_000 } });
    expect(failed).toMatchObject({ attempts: 1, waits: [] });
    expect(failed.end).toBe(error);
  });
});

test("an abort ends the pause with its reason, and no attempt follows", async () => {
  const reason = new Error("cancelled by the user");
  const controller = new AbortController();
  const { clock } = createDoors();
  let attempts = 0;
  const call = modelCall({ retries: 2, signal: controller.signal });
  const wait = (_ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((_done, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      controller.abort(reason);
    });
  const attempt = async () => {
    attempts += 1;
    throw status(500);
  };
  const ended = callWithRetries(
    { clock, wait, random: () => 0 },
    { call, attempt, judge: judgeFailure },
  );
  expect(await rejection(ended)).toBe(reason);
  expect(attempts).toBe(1);
});

const TYPES: StubFormatName[] = ["openai", "anthropic", "google", "openai-compatible"];

describe("over the wire", () => {
  test.each(TYPES)("%s: the same request and key come again, until an answer", async (type) => {
    const behaviours = ["status-503", "reset", "ok"];
    await using stub = await openStub((number) => behaviours[number - 1] ?? "ok");
    const { deps, waits } = createDoors();
    const call = modelCall({ retries: 2, idempotencyKey: "exec_1/n//0" });
    const provider = { type, baseUrl: stub.baseUrl, apiKey: () => "k", script: null };
    expect((await callProvider(deps, { provider, call })).text).toStartWith("echo:");
    expect(waits).toEqual([500, 2000]);
    const [first, ...others] = stub.calls;
    expect(others).toHaveLength(2);
    for (const other of others) {
      expect(other.body).toEqual(first?.body ?? {});
      expect(other.headers["idempotency-key"]).toBe("exec_1/n//0");
    }
  });

  const ENDS: [behaviour: string, attempts: number, waits: number[]][] = [
    ["status-500", 3, [500, 2000]],
    ["status-429", 3, [500, 2000]],
    ["status-429:1", 3, [1000, 2000]],
    ["status-429:-1", 3, [500, 2000]],
    ["status-429:3600", 1, []],
    ["status-400", 1, []],
    ["status-401", 1, []],
    ["status-404", 1, []],
    ["status-422", 1, []],
    ["reset", 3, [500, 2000]],
    ["reset-head", 3, [500, 2000]],
    ["hang-up", 3, [500, 2000]],
    ["reset-late", 1, []],
    ["cut", 1, []],
    ["empty", 1, []],
    ["html", 1, []],
  ];
  test.each(ENDS)("%s is tried %i times", async (behaviour, attempts, waits) => {
    await using stub = await openStub(() => behaviour);
    const doors = createDoors();
    const call = modelCall({ retries: 2, timeoutMs: 60_000 });
    const provider = {
      type: "openai",
      baseUrl: stub.baseUrl,
      apiKey: () => "k",
      script: null,
    } as const;
    await rejection(callProvider(doors.deps, { provider, call }));
    expect({ attempts: stub.calls.length, waits: doors.waits }).toEqual({ attempts, waits });
  });
});

async function openStub(behaviour: (number: number) => string) {
  const stub = await startModelStub({ behaviour: ({ number }) => behaviour(number) });
  return { ...stub, [Symbol.asyncDispose]: () => stub.close() };
}
