// Lists of deliveries: filters, pages, and those that named no agent.

import { describe, expect, test } from "bun:test";
import { agentWithSecret, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { githubHeaders } from "../../support/signing";

const MINUTE_MS = 60_000;

/** One delivery a minute: accepted push, repeat, issues.opened, ping, forged, broken. */
async function sixDeliveries() {
  const app = await createTestApp();
  const { id } = await agentWithSecret(app, { auth: { type: "hmac", preset: "github" } });
  const send = async (data: {
    body: string;
    event: string;
    delivery: string;
    forged?: boolean;
  }) => {
    const secret = data.forged === true ? "wrong" : SECRET;
    const { body, event, delivery } = data;
    await app.deliver(id, body, { headers: githubHeaders({ secret, body, event, id: delivery }) });
    await app.ledger.flush();
    app.clock.advance(MINUTE_MS);
  };
  await send({ body: "{}", event: "push", delivery: "a" });
  await send({ body: "{}", event: "push", delivery: "a" });
  await send({ body: '{"action":"opened"}', event: "issues", delivery: "b" });
  await send({ body: "{}", event: "ping", delivery: "c" });
  await send({ body: "{}", event: "push", delivery: "d", forged: true });
  await send({ body: "{", event: "push", delivery: "e" });
  return { app, id };
}

const FILTERS: [query: string, rows: string[]][] = [
  ["", ["e", "d", "c", "b", "a2", "a1"]],
  ["verdict=accepted", ["b", "a1"]],
  ["verdict=refused", ["e", "d"]],
  ["verdict=duplicate", ["a2"]],
  ["verdict=handshake", ["c"]],
  ["verdict=ignored", []],
  ["reason=SIGNATURE_MISMATCH", ["d"]],
  ["reason=INVALID_JSON", ["e"]],
  ["reason=PING", ["c"]],
  ["event=push", ["e", "a2", "a1"]],
  ["event=issues.opened", ["b"]],
  ["event=issues", []],
  ["from=2026-01-01T00:04:00Z", ["e", "d"]],
  ["to=2026-01-01T00:01:00Z", ["a1"]],
  ["from=2026-01-01T00:01:00.000Z&to=2026-01-01T00:03:00Z", ["b", "a2"]],
  ["from=2026-01-01T01:04:00%2B01:00", ["e", "d"]],
  ["verdict=accepted&event=push", ["a1"]],
  ["verdict=refused&reason=PING", []],
];

/** Names of the rows: the delivery id, or for `a` whether it was the first. */
const nameOf = (row: { headers?: unknown; receivedAt: string; verdict: string }): string => {
  const minute = Number(row.receivedAt.slice(14, 16));
  return ["a1", "a2", "b", "c", "d", "e"][minute] ?? "";
};

describe("deliveries of an agent", () => {
  test("are filtered by verdict, reason, event and time, newest first", async () => {
    const { app, id } = await sixDeliveries();
    for (const [query, rows] of FILTERS) {
      const { data } = await app.api(`GET /agents/${id}/deliveries?${query}`);
      expect([query, data.map(nameOf)]).toEqual([query, rows]);
      const all = await app.api(`GET /deliveries?${query}`);
      expect([query, all.data.map(nameOf)]).toEqual([query, rows]);
    }
  });

  test.each([
    [1, 6],
    [4, 2],
    [6, 1],
  ])("come by pages of %i, each once, in %i pages", async (limit, pages) => {
    const { app, id } = await sixDeliveries();
    const found: string[] = [];
    let seen = 0;
    for (let cursor: string | null = ""; cursor !== null; seen += 1) {
      const after: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const { data, body } = await app.api(`GET /agents/${id}/deliveries?limit=${limit}${after}`);
      found.push(...data.map(nameOf));
      cursor = body.page.nextCursor;
    }
    expect({ found, seen }).toEqual({ found: ["e", "d", "c", "b", "a2", "a1"], seen: pages });
  });

  test("come by pages under a filter as well", async () => {
    const { app, id } = await sixDeliveries();
    const path = `GET /agents/${id}/deliveries?event=push&limit=2`;
    const first = await app.api(path);
    const second = await app.api(`${path}&cursor=${first.body.page.nextCursor}`);
    expect([...first.data, ...second.data].map(nameOf)).toEqual(["e", "a2", "a1"]);
  });

  test("are its own alone", async () => {
    const app = await createTestApp();
    const [one, two] = [await app.agent(), await app.agent()];
    await app.deliver(one.id, "1");
    await app.deliver(one.id, "{");
    await app.ledger.flush();
    expect((await app.api(`GET /agents/${two.id}/deliveries`)).data).toEqual([]);
    expect((await app.api(`GET /agents/${one.id}/deliveries`)).data).toHaveLength(2);
    expect((await app.api("GET /deliveries")).data).toHaveLength(2);
  });
});

describe("deliveries to nobody", () => {
  const toNobody = async (app: TestApp): Promise<void> => {
    await app.deliver("agt_unknown", '{"a":1}');
    await app.ledger.flush();
  };

  test("are listed among all, without an agent", async () => {
    const app = await createTestApp();
    await toNobody(app);
    const { data } = await app.api("GET /deliveries");
    expect(data).toMatchObject([
      { agentId: null, gate: "agent", reason: "UNKNOWN_AGENT", status: 404, preset: "none" },
    ]);
    expect((await app.api(`GET /deliveries/${data[0].id}`)).data.storedBytes).toBe(7);
  });

  test("are listed for no agent", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await toNobody(app);
    expect((await app.api(`GET /agents/${id}/deliveries`)).data).toEqual([]);
    const [row] = (await app.api("GET /deliveries")).data;
    expect((await app.api(`GET /agents/${id}/deliveries/${row.id}`)).status).toBe(404);
  });
});

describe("a query is refused:", () => {
  test.each([
    "verdict=x",
    "verdict=",
    "reason=NOPE",
    "reason=ping",
    "from=yesterday",
    "from=",
    "to=2026-13-01",
    "limit=0",
    "limit=201",
    "cursor=x",
    "gate=rate",
    "q=text",
    `event=${"x".repeat(201)}`,
  ])("?%s", async (query) => {
    const app = await createTestApp();
    const { id } = await app.agent();
    for (const path of ["/deliveries", `/agents/${id}/deliveries`]) {
      const refused = await app.api(`GET ${path}?${query}`);
      expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    }
  });
});
