// Headers that change what a write means: taken where they mean something, refused by name elsewhere.

import { describe, expect, test } from "bun:test";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import type { RouteRow } from "./routes";
import { ROUTES } from "./routes";

const app = await createTestApp();

/** The headers that a route says it takes. */
function takenBy(name: string): readonly string[] {
  const route = app.app.routes.find((one) => `${one.method} ${one.path}` === name);
  const parameters: { name: string }[] = route?.hooks?.detail?.parameters ?? [];
  return parameters.map((parameter) => parameter.name.toLowerCase());
}

const WRITES = Object.entries(ROUTES).filter(
  ([name, row]) => !name.startsWith("GET ") && row.needs !== "nobody" && row.needs !== "webhook",
);

const HEADERS: Record<string, string> = { "if-match": '"1"', "idempotency-key": "a" };

const sendTo = (own: TestApp, data: { name: string; row: RouteRow; header: string }) =>
  own.send({
    call: data.name.replaceAll(/:\w+/g, "unknown"),
    body: data.row.body,
    headers: { [data.header]: HEADERS[data.header] ?? "" },
  });

describe.each(Object.keys(HEADERS))("%s is refused by name, or means something, at", (header) => {
  test.each(WRITES)("%s", async (name, row) => {
    const answer = await sendTo(app, { name, row, header });
    const refused = (answer.error?.details ?? []).some(
      (detail: { code: string }) => detail.code === "HEADER_UNAVAILABLE",
    );
    expect(refused).toBe(!takenBy(name).includes(header));
    if (!refused) return;
    expectAnswer(answer, { status: 422, code: "VALIDATION_ERROR", shows: [`leave ${header} out`] });
  });
});

test("every POST takes idempotency-key", () => {
  const posts = Object.keys(ROUTES).filter((name) => name.startsWith("POST "));
  expect(posts.filter((name) => !takenBy(name).includes("idempotency-key"))).toEqual([]);
});

test("both are named at once where neither is taken", async () => {
  const call = "PATCH /providers/echo";
  const refused = await app.send({ call, body: { name: "x" }, headers: HEADERS });
  const fields = refused.error.details.map((detail: { field: string }) => detail.field);
  expect(fields).toEqual(Object.keys(HEADERS));
});

test("reads let them pass", async () => {
  expect((await app.send({ call: "GET /agents", headers: HEADERS })).status).toBe(200);
});
