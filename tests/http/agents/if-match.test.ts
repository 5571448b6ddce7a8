// If-Match: a change is made to the agent that its caller has read, or not at all.

import { describe, expect, test } from "bun:test";
import type { ApiAnswer, TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";

const FAILED = { status: 412, code: "PRECONDITION_FAILED", shows: ["read it again"] };

/** Every change of an agent; `ID` stands for its id. */
const CHANGES: [call: string, body: unknown, status: number][] = [
  ["PATCH /agents/ID", { name: "new" }, 200],
  ["DELETE /agents/ID", undefined, 204],
  ["POST /agents/ID/activate", undefined, 200],
  ["POST /agents/ID/deactivate", undefined, 200],
  ["POST /agents/ID/webhook/secrets", {}, 201],
];

const tagIn = (answer: ApiAnswer): string => answer.headers.get("etag") ?? "";

const readTag = async (app: TestApp, id: string): Promise<string> =>
  tagIn(await app.api(`GET /agents/${id}`));

interface Change {
  id: string;
  call: string;
  body: unknown;
  ifMatch: string;
}

const change = (app: TestApp, { id, call, body, ifMatch }: Change): Promise<ApiAnswer> =>
  app.send({ call: call.replace("ID", id), body, headers: { "If-Match": ifMatch } });

describe("the ETag of an agent", () => {
  test("is strong, and on every answer that shows it", async () => {
    const app = await createTestApp();
    const made = await app.api("POST /agents", { name: "a" });
    const path = `/agents/${made.data.id}`;
    const answers = [
      made,
      await app.api(`GET ${path}`),
      await app.api(`PATCH ${path}`, { name: "b" }),
      await app.api(`POST ${path}/activate`),
      await app.api(`POST ${path}/deactivate`),
    ];
    for (const answer of answers) expect(tagIn(answer)).toMatch(/^"[0-9]+"$/);
    expect(tagIn(answers[0] ?? made)).toBe(tagIn(answers[1] ?? made));
  });

  test.each(CHANGES.filter(([call]) => !call.startsWith("DELETE")))(
    "is another after %s",
    async (call, body) => {
      const app = await createTestApp();
      const { id } = await app.agent();
      const before = await readTag(app, id);
      const answer = await app.api(call.replace("ID", id), body);
      const after = await readTag(app, id);
      expect(after).not.toBe(before);
      if (tagIn(answer) !== "") expect(tagIn(answer)).toBe(after);
    },
  );

  test("stays where nothing is changed: by reads, deliveries and refusals", async () => {
    const app = await createTestApp();
    const { id } = await app.agent({ webhook: { auth: { type: "bearer" } } });
    const before = await readTag(app, id);
    await app.deliver(id, "1");
    await app.api(`PATCH /agents/${id}`, { name: "" });
    await app.api(`POST /agents/${id}/webhook/secrets`, { secret: " x" });
    expect(await readTag(app, id)).toBe(before);
  });
});

describe.each(CHANGES)("%s", (call, body, status) => {
  const prepare = async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    return { app, id, tag: await readTag(app, id) };
  };

  test("is made where the tag is the current one", async () => {
    const { app, id, tag } = await prepare();
    const ifMatch = `"other", ${tag}`;
    expect((await change(app, { id, call, body, ifMatch })).status).toBe(status);
  });

  test("is made where any is taken", async () => {
    const { app, id } = await prepare();
    expect((await change(app, { id, call, body, ifMatch: "*" })).status).toBe(status);
  });

  test("is refused with 412 where the tag is another, and changes nothing", async () => {
    const { app, id, tag } = await prepare();
    const before = (await app.api(`GET /agents/${id}`)).text;
    for (const ifMatch of ['"0"', `W/${tag}`, '"1", "2x"', '""']) {
      expectAnswer(await change(app, { id, call, body, ifMatch }), FAILED);
    }
    expect((await app.api(`GET /agents/${id}`)).text).toBe(before);
  });

  test("is refused with 422 where the header is malformed", async () => {
    const { app, id, tag } = await prepare();
    for (const ifMatch of [tag.slice(1), "", "1", `${tag} *`]) {
      const refused = await change(app, { id, call, body, ifMatch });
      expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
      expect(refused.error.details).toMatchObject([
        { field: "if-match", code: "HEADER_MALFORMED" },
      ]);
    }
    expect(await readTag(app, id)).toBe(tag);
  });

  test("is made once where it is asked for twice at once with one tag", async () => {
    const { app, id, tag } = await prepare();
    const both = [0, 1].map(() => change(app, { id, call, body, ifMatch: tag }));
    const statuses = (await Promise.all(both)).map((answer) => answer.status);
    expect(statuses).toEqual([status, call.startsWith("DELETE") ? 404 : 412]);
  });

  test("of an unknown agent is 404 whatever the tag", async () => {
    const { app } = await prepare();
    const refused = await change(app, { id: "agt_unknown", call, body, ifMatch: '"1"' });
    expectAnswer(refused, { status: 404, code: "NOT_FOUND" });
  });
});
