// Every operation of the OpenAPI document is called, and its answers are those of the document.

import { describe, expect, test } from "bun:test";
import { addProvider } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp } from "../../support/app";
import { createContract } from "../../support/contract";
import type { Call, Name } from "./operations";
import { addExecution, executionIdOf } from "../../support/rows";
import { OPERATIONS } from "./operations";

interface World {
  app: TestApp;
  names: Record<Name, string>;
}

async function createWorld(): Promise<World> {
  const app = await createTestApp();
  const agent = await app.agent();
  const taken = await app.deliver(agent.id, '{"message":"hello"}');
  await app.deliver(agent.id, "no JSON");
  await app.pool.idle();
  await app.ledger.flush();
  const refused = await app.api("GET /deliveries?verdict=refused");
  const url = "https://tools.test/status";
  const tool = await app.api("POST /tools", { type: "http", name: "t", method: "GET", url });
  const amounts = { provider: "google", model: "m", input: 1, output: 2 };
  const price = await app.api("POST /prices", amounts);
  await app.api("PUT /secrets/SPARE", { value: "spare" });
  const token = await app.api("POST /tokens", { name: "t", scope: "read" });
  const execution: string = taken.data.executionId;
  const interrupted = addExecution(app.db, { seq: 999, agent: 1 });
  app.db.raw.run(
    "update executions set state = 'interrupted', finished_at = created_at where seq = 999",
  );
  const names: World["names"] = {
    ":agent": agent.id,
    ":execution": execution,
    ":delivery": execution.replace("exec_", "dlv_"),
    ":refused": refused.data[0].id,
    ":provider": await addProvider(app),
    ":price": price.data.id,
    ":tool": tool.data.id,
    ":token": token.data.id,
    ":interrupted": executionIdOf(interrupted),
    ":waiting": executionIdOf(addExecution(app.db, { seq: 1_000, agent: 1 })),
  };
  return { app, names };
}

const isName = (world: World, text: string): text is Name => Object.hasOwn(world.names, text);

async function send(world: World, { call, body }: Call) {
  const [method = "", named = ""] = call.split(" ");
  const path = named.replaceAll(/:\w+/g, (name) =>
    isName(world, name) ? world.names[name] : name,
  );
  const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, "Content-Type": "application/json" };
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  return { method, path, response: await world.app.request(path, { method, headers, ...init }) };
}

// The same for every app.
const contract = createContract((await createTestApp()).app);

test("every operation has a row, and every row an operation", () => {
  const ids = Object.values(contract.document.paths)
    .flatMap((methods) => Object.values(methods))
    .map(({ operationId }) => operationId);
  expect(Object.keys(OPERATIONS).toSorted()).toEqual(ids.toSorted());
});

describe.each(Object.entries(OPERATIONS))("%s", (id, { good, bad }) => {
  test.each([
    ["a success", good, [200, 299]],
    ["a failure", bad, [400, 499]],
  ] as const)("answers %s as documented", async (_name, call, [least, most]) => {
    const world = await createWorld();
    const exchange = await send(world, call);
    expect(contract.operationOf(exchange)).toBe(id);
    expect(exchange.response.status).toBeGreaterThanOrEqual(least);
    expect(exchange.response.status).toBeLessThanOrEqual(most);
    expect(await contract.faultOf(exchange)).toBeNull();
  });
});
