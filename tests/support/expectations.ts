// What a row of a scenario table expects of an answer, checked in one place.

import { expect } from "bun:test";
import type { ApiAnswer } from "./app";

export interface Expected {
  status: number;
  /** `error.code`; absent where the answer is a success. */
  code?: string;
  /** Texts that must stand in the body. */
  shows?: readonly string[];
  /** Texts that must stand neither in the body nor in a header. */
  hides?: readonly string[];
}

/** Names of the headers in which a sender may read the limits' state. */
export const LIMIT_HEADERS = [
  "ratelimit-policy",
  "ratelimit",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
];

const headerText = (headers: Headers): string =>
  [...headers].map(([name, value]) => `${name}: ${value}`).join("\n");

/** Checks status, code, shape and texts. */
export function expectAnswer(answer: ApiAnswer, expected: Expected): void {
  const { code = null, shows = [], hides = [] } = expected;
  expect({ status: answer.status, code: answer.error?.code ?? null }).toEqual({
    status: expected.status,
    code,
  });
  if (code !== null) expectFailureShape(answer);
  for (const text of shows) expect(answer.text).toContain(text);
  const all = `${headerText(answer.headers)}\n${answer.text}`;
  for (const text of hides) expect(all).not.toContain(text);
}

/** The one failure shape: nothing beside it, and the request id of the header. */
export function expectFailureShape(answer: ApiAnswer): void {
  const { error } = answer;
  expect(Object.keys(answer.body)).toEqual(["success", "error"]);
  expect(answer.body.success).toBe(false);
  const known = ["code", "message", "hint", "details", "requestId"];
  expect(Object.keys(error).filter((key) => !known.includes(key))).toEqual([]);
  expect(error.message).toBeString();
  expect(error.message).not.toBe("");
  expect(error.requestId).toBe(answer.headers.get("x-request-id"));
  expect(error.requestId).not.toBe("");
  expect(answer.headers.get("content-type")).toMatch(/^application\/json; ?charset=utf-8$/);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
}
