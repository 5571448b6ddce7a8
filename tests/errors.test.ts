// The table of error codes, the error that carries one, and the one failure shape.

import { describe, expect, test } from "bun:test";
import type { ErrorCode, ErrorDetail } from "../src/errors";
import { AppError, ERRORS, toFailureBody } from "../src/errors";
import { REASONS } from "../src/vocabulary";

describe.each(Object.entries(ERRORS))("the code %s", (code, row) => {
  test("is written in capitals and has a public sentence and a line of documentation", () => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(row.message).toMatch(/^[A-Z].{8,}[^.]\.$/);
    expect(row.doc).toMatch(/^\S.{8,}[.?]$/);
    expect(row.doc).not.toBe(row.message);
    expect(row.message + row.doc).not.toMatch(/[\r\n\t]| {2}/);
  });

  test("has the status of a failed request, or none where it ends executions", () => {
    if (row.status === null) return expect(new AppError(codeOf(code)).status).toBe(500);
    expect([400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 421, 422, 429, 500, 503]).toContain(
      row.status,
    );
    expect(new AppError(codeOf(code)).status).toBe(row.status);
  });
});

function codeOf(name: string): ErrorCode {
  const code = Object.keys(ERRORS).find((key): key is ErrorCode => key === name);
  if (code === undefined) throw new Error(`${name} is no code`);
  return code;
}

test("a reason of the ledger that is also a code refuses requests", () => {
  const shared = REASONS.filter((reason) => Object.hasOwn(ERRORS, reason));
  expect(shared.length).toBeGreaterThan(5);
  for (const reason of shared) expect(ERRORS[codeOf(reason)].status).not.toBeNull();
});

describe("AppError", () => {
  test("carries the sentence of its code where none is given", () => {
    const error = new AppError("NOT_FOUND");
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.code, error.message]).toEqual([
      "AppError",
      "NOT_FOUND",
      "There is nothing at this address.",
    ]);
    expect([error.hint, error.details, error.headers]).toEqual([undefined, undefined, {}]);
  });

  test("keeps what it was given", () => {
    const cause = new Error("SQLITE_FULL");
    const details: ErrorDetail[] = [{ path: "/a", code: "INVALID", message: "Expected string." }];
    const headers = { "Retry-After": "5" };
    const given = { message: "Other.", hint: "Try.", details, headers, cause };
    expect(new AppError("STORAGE_UNAVAILABLE", given)).toMatchObject({ ...given, status: 503 });
  });
});

describe("the failure body", () => {
  test("is code, message and request id where there is no more to say", () => {
    expect(toFailureBody(new AppError("UNAUTHORIZED"), "req_1")).toStrictEqual({
      success: false,
      error: {
        code: "UNAUTHORIZED",
        message: "A valid credential is required.",
        requestId: "req_1",
      },
    });
  });

  test("adds hint and details, and never the cause or the headers", () => {
    const details: ErrorDetail[] = [
      { nodeId: "llm", field: "model", code: "FIELD_UNKNOWN", message: "No." },
    ];
    const error = new AppError("VALIDATION_ERROR", {
      hint: "Send less.",
      details,
      headers: { "X-Internal": "internal-header" },
      cause: new Error("internal-cause"),
    });
    const body = toFailureBody(error, "req_2");
    expect(body).toStrictEqual({
      success: false,
      error: {
        code: "VALIDATION_ERROR",
        message: "The request does not fit; details list what and where.",
        hint: "Send less.",
        details,
        requestId: "req_2",
      },
    });
    expect(JSON.stringify(body)).not.toContain("internal");
  });

  test("keeps an empty list of details", () => {
    const body = toFailureBody(new AppError("VALIDATION_ERROR", { details: [] }), "req_3");
    expect(body.error.details).toEqual([]);
  });
});
