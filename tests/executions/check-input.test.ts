// Inputs whose schema is checked in the sandbox: what each end of the check means for the caller.

import type { ErrorDetail } from "../../src/errors";
import { describe, expect, test } from "bun:test";
import { checkInput } from "../../src/executions/check-input";
import type { Json } from "../../src/lib/json-value";
import type { CheckSchema, SchemaCall } from "../../src/sandbox/schema-check";
import { CodeError } from "../../src/sandbox/code";
import { rejection } from "../support/rejection";
import { compile, pipelineOf } from "../pipelines/fixtures";

const piped = (schema: Json) => compile(pipelineOf({ edges: ["in>out"], schema }));

const failWith =
  (code: CodeError["code"]): CheckSchema =>
  () =>
    Promise.reject(new CodeError(code));

test("a schema that cannot block is checked at once, without the sandbox", () => {
  const deps = { checkSchema: failWith("SANDBOX_UNAVAILABLE") };
  const pipeline = piped({ type: "number" });
  expect(checkInput(deps, { pipeline, agent: 1, input: 1 })).toEqual([]);
  expect(checkInput(deps, { pipeline, agent: 1, input: "x" })).toMatchObject([{ code: "TYPE" }]);
});

test("one that may block is checked in the sandbox for its agent, with a deadline", async () => {
  const calls: SchemaCall[] = [];
  const details: ErrorDetail[] = [
    { path: "", code: "PATTERN", message: "Send text that matches ^a." },
  ];
  const checkSchema: CheckSchema = (call) => (calls.push(call), Promise.resolve(details));
  const data = { pipeline: piped({ pattern: "^a" }), agent: 7, input: "b" };
  expect(await checkInput({ checkSchema }, data)).toEqual(details);
  expect(calls).toEqual([{ agent: 7, schema: '{"pattern":"^a"}', value: "b", deadlineMs: 250 }]);
});

describe("a check that gives nothing", () => {
  const data = { pipeline: piped({ pattern: "^a" }), agent: 7, input: "b" };

  test.each(["CODE_TIMEOUT", "CODE_OUT_OF_MEMORY", "CODE_VALUES_TOO_LARGE"] as const)(
    "by %s is the input's fault",
    async (code) => {
      expect(await checkInput({ checkSchema: failWith(code) }, data)).toMatchObject([
        { path: "", code: "CHECK_LIMIT" },
      ]);
    },
  );

  test.each(["SANDBOX_BUSY", "SANDBOX_UNAVAILABLE"] as const)(
    "by %s is to be tried again later",
    async (code) => {
      const refused = await rejection(
        Promise.resolve(checkInput({ checkSchema: failWith(code) }, data)),
      );
      expect(refused).toMatchObject({ code, status: 503, headers: { "Retry-After": "5" } });
    },
  );

  test("by an error of ours stays that error", async () => {
    const error = new TypeError("ours");
    const checkSchema = (): Promise<never> => Promise.reject(error);
    expect(await rejection(Promise.resolve(checkInput({ checkSchema }, data)))).toBe(error);
  });
});
