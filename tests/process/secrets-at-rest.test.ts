// Canaries: secrets that the server was given or made stand neither in its files nor in its log,
// and no later answer tells them.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { guardProcesses } from "../support/process-cleanup";
import { readFiles } from "../support/process-files";
import { modelPipeline, openModelScene } from "../support/process-models";
import {
  ask,
  askData,
  deliver,
  deliverAccepted,
  listExecutions,
  makeAgent,
  makeProvider,
  NO_LIMITS,
  readEnded,
  sign,
} from "../support/server-calls";
import type { Server } from "../support/server";
import { startServer } from "../support/server";

guardProcesses();

const GIVEN_SECRET = "canary-webhook-secret-that-was-given";
const GIVEN_KEY = "sk-canary-provider-key-that-was-given";
const WRONG = "canary-credential-that-is-wrong";

/** A secret as it would stand in a file. */
const formsOf = (secret: string): Buffer[] => {
  const bytes = Buffer.from(secret);
  return [
    bytes,
    Buffer.from(bytes.toString("base64").replace(/=+$/, "").slice(0, -1)),
    Buffer.from(bytes.toString("hex")),
    Buffer.from(encodeURIComponent(secret)),
  ];
};

/** Where a secret stands: files of the data directory by name, and the log. */
function findSecret(server: Server, secret: string): string[] {
  const places = readFiles(server.dataDir);
  // The key is kept beside the data on purpose; that nothing else repeats it is checked apart.
  places.delete("secret.key");
  places.set("standard output", Buffer.from(server.stdout));
  places.set("standard error", Buffer.from(server.stderr));
  return [...places]
    .filter(([, bytes]) => formsOf(secret).some((form) => bytes.includes(form)))
    .map(([name]) => `${secret.slice(0, 12)}… in ${name}`);
}

/** Answers of all routes that tell of agents, providers, deliveries and executions. */
async function readAllAnswers(server: Server, agents: string[]): Promise<string> {
  const texts = [];
  for (const path of ["/agents", "/providers", "/deliveries"]) {
    const { body } = await ask(server, `GET ${path}`);
    texts.push(JSON.stringify(body));
    for (const { id } of body.data) {
      texts.push(JSON.stringify((await ask(server, `GET ${path}/${id}`)).body));
    }
  }
  for (const agentId of agents) {
    for (const { id } of await listExecutions(server, agentId)) {
      const path = `/agents/${agentId}/executions/${id}`;
      texts.push(JSON.stringify((await ask(server, `GET ${path}`)).body));
    }
  }
  return texts.join("\n");
}

test("no secret stands in a file, in the log or in a later answer", async () => {
  await using scene = await openModelScene();
  const { server, stub } = scene;
  const provider = await makeProvider(server, { baseUrl: stub.baseUrl, apiKey: GIVEN_KEY });
  const pipeline = modelPipeline({ providerId: provider, userPromptTemplate: "{{input}}" });
  const signed = await makeAgent(server, {
    pipeline,
    webhook: { auth: { type: "hmac" }, limits: NO_LIMITS },
  });
  const bearer = await makeAgent(server, { webhook: { auth: { type: "bearer" } } });
  const call = `POST /agents/${signed.id}/webhook/secrets`;
  const made = (await askData(server, { call, body: {} })).secret;
  await askData(server, { call, body: { secret: GIVEN_SECRET } });

  const body = JSON.stringify({ n: 1 });
  const headers = { "X-Webhook-Signature": sign(GIVEN_SECRET, body), Cookie: `a=${WRONG}` };
  const accepted = await deliver(server, { agentId: signed.id, body, headers });
  const { executionId } = accepted.data;
  await readEnded(server, { agentId: signed.id, executionId });
  expect(stub.calls[0]?.headers["authorization"]).toBe(`Bearer ${GIVEN_KEY}`);
  const location = accepted.headers.get("location") ?? "";
  const readToken = location.slice(location.indexOf("=") + 1);
  expect((await ask(server, { call: `GET ${location}`, token: null })).status).toBe(200);

  const withBearer = (secret: string, scheme = "Bearer") =>
    deliver(server, {
      agentId: bearer.id,
      body: { n: 2 },
      headers: { Authorization: `${scheme} ${secret}`, "Proxy-Authorization": `Basic ${WRONG}` },
    });
  const id = (await withBearer(bearer.webhookSecret)).data.executionId;
  await readEnded(server, { agentId: bearer.id, executionId: id });
  expect((await withBearer(WRONG)).status).toBe(401);
  expect((await withBearer(bearer.webhookSecret, "Basic")).status).toBe(401);
  expect((await ask(server, { call: "GET /agents", token: WRONG })).status).toBe(401);
  // The ledger writes what was refused behind the answer, and with the end at the latest.
  const answers = await readAllAnswers(server, [signed.id, bearer.id]);

  const secrets = [
    GIVEN_SECRET,
    GIVEN_KEY,
    WRONG,
    made,
    signed.webhookSecret,
    bearer.webhookSecret,
    readToken,
    server.token,
    readFileSync(join(server.dataDir, "secret.key"), "utf8").trim(),
  ];
  expect(secrets.every((secret) => secret.length > 20)).toBe(true);
  expect(secrets.filter((secret) => answers.includes(secret))).toEqual([]);
  // The log that is written ahead holds what the file does not hold yet.
  expect(secrets.flatMap((secret) => findSecret(server, secret))).toEqual([]);
  expect(await server.stop()).toBe(0);
  expect(secrets.flatMap((secret) => findSecret(server, secret))).toEqual([]);
  expect(
    readFiles(server.dataDir).get("hookline.db")?.includes("X-Webhook-Signature".toLowerCase()),
  ).toBe(true);
});

test("the admin token of a first start is kept as a digest alone", async () => {
  await using server = await startServer({ env: { HOOKLINE_ADMIN_TOKEN: undefined } });
  const token = /hk_live_[\w-]+/.exec(server.stderr)?.[0] ?? "";
  const agent = await askData(server, { call: "POST /agents", body: { name: "x" }, token });
  expect(token.length).toBeGreaterThan(40);
  const found = findSecret(server, token).filter((place) => !place.endsWith("standard error"));
  expect(found).toEqual([]);
  expect(await server.stop()).toBe(0);
  const digest = new Bun.CryptoHasher("sha256").update(token).digest();
  const file = readFiles(server.dataDir).get("hookline.db");
  expect(file?.includes(digest)).toBe(true);
  expect(file?.includes(agent.id)).toBe(true);
});

test("a webhook secret is no API token, and an API token no webhook secret", async () => {
  await using server = await startServer();
  const webhook = { auth: { type: "bearer" } };
  const { id: agentId, webhookSecret } = await makeAgent(server, { webhook });
  expect((await ask(server, { call: "GET /agents", token: webhookSecret })).status).toBe(401);
  const headers = { Authorization: `Bearer ${server.token}` };
  expect((await deliver(server, { agentId, body: {}, headers })).status).toBe(401);
  const own = { Authorization: `Bearer ${webhookSecret}` };
  expect(await deliverAccepted(server, { agentId, body: {}, headers: own })).toStartWith("exec_");
});
