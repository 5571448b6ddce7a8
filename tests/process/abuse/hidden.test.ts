// Webhooks that take nothing: over a socket too nobody can tell which of them exist.

import { expect, test } from "bun:test";
import { guardProcesses } from "../../support/process-cleanup";
import { within } from "../../support/process-waiting";
import { startServer } from "../../support/server";
import { ask, makeAgent } from "../../support/server-calls";
import { deliveryBytes } from "../../support/server-load";
import { Connection } from "../../support/server-wire";
import { CANARY, MIB } from "./abuse-case";
import { faultsOf, nameOf } from "./exchange";

guardProcesses();

const UNKNOWN = "agt_00000000-0000-7000-8000-000000000000";

test("unknown, switched off and inactive webhooks answer alike", async () => {
  await using server = await startServer();
  const withSecret = { webhook: { auth: { type: "bearer" } } };
  const off = await makeAgent(server, { ...withSecret, webhookEnabled: false });
  const inactive = await makeAgent(server, withSecret);
  expect((await ask(server, `POST /agents/${inactive.id}/deactivate`)).status).toBe(200);
  using connection = await Connection.open(server.url);
  const answers = [];
  for (const agentId of [UNKNOWN, off.id, inactive.id, CANARY]) {
    for (const body of ["{}", "{broken", `"${"x".repeat(2 * MIB)}"`]) {
      const bytes = deliveryBytes({ agentId, body });
      const answer = await within("an answer", connection.exchange(bytes));
      if (answer === null) throw new Error("the connection was closed without an answer");
      expect([nameOf(answer), ...faultsOf(answer)]).toEqual(["404 NOT_FOUND"]);
      const names = [...answer.headers.keys()].toSorted().join();
      answers.push(`${names} ${answer.text.replace(/req_[0-9a-f-]+/, "req")}`);
    }
  }
  expect(new Set(answers).size).toBe(1);
});
