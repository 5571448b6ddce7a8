import { expect, test } from "bun:test";
import { AppError } from "../../src/errors";
import { readLogs, readPartialText, toFailure } from "../../src/pipelines/failures";
import { CodeError } from "../../src/sandbox/code";

function failureOf(error: unknown) {
  const unexpected: unknown[] = [];
  const failure = toFailure({ onUnexpected: (thrown) => void unexpected.push(thrown) }, error);
  return { failure, unexpected };
}

test("a known error keeps its code and sentence and is not reported", () => {
  const error = new AppError("PROVIDER_STREAM_CUT", { cause: new Error("socket") });
  expect(failureOf(error)).toEqual({
    failure: {
      code: "PROVIDER_STREAM_CUT",
      message: "The provider's answer broke off before its end.",
    },
    unexpected: [],
  });
});

test("the peer's status comes along where the error has one", () => {
  const error = Object.assign(new AppError("PROVIDER_ERROR"), { httpStatus: 429 });
  expect(failureOf(error).failure.status).toBe(429);
  expect(failureOf(new AppError("PROVIDER_ERROR")).failure).not.toHaveProperty("status");
});

const UNKNOWN: [string, unknown][] = [
  ["an Error", new Error("secret")],
  ["a string", "secret"],
  ["null", null],
  ["nothing", undefined],
  ["an object that looks like an AppError", { code: "PROVIDER_ERROR" }],
];

test.each(UNKNOWN)("%s is hidden and reported", (_, error) => {
  const { failure, unexpected } = failureOf(error);
  expect(failure).toEqual({
    code: "EXECUTION_FAILED",
    message: "The execution ended by an error of ours.",
  });
  expect(unexpected).toEqual([error]);
});

test("partial text is read where there is some", () => {
  expect(readPartialText(Object.assign(new Error(), { partialText: "Hel" }))).toBe("Hel");
  expect(readPartialText(Object.assign(new Error(), { partialText: "" }))).toBeNull();
  expect([readPartialText(null), readPartialText("x"), readPartialText(new Error())]).toEqual([
    null,
    null,
    null,
  ]);
});

test("logged lines are read where there are some", () => {
  expect(readLogs(new CodeError("CODE_FAILED", { logs: ["one", "two"] }))).toEqual(["one", "two"]);
  expect(readLogs(Object.assign(new Error(), { logs: ["a", 1, null] }))).toEqual(["a"]);
  expect([readLogs(null), readLogs(new Error()), readLogs({ logs: "a" })]).toEqual([[], [], []]);
});
