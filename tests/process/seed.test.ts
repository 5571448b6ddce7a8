// The lines of the product's first description as a user runs them, with curl and openssl: only
// host, ids, token and secret are filled in.

import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { guardProcesses } from "../support/process-cleanup";
import { testWith } from "../support/tools";
import { eventually } from "../support/process-waiting";
import { makeFolder } from "../support/process-files";
import { askData, listExecutions } from "../support/server-calls";
import type { Server } from "../support/server";
import { startServer } from "../support/server";

guardProcesses();

const seedTest = testWith(["curl", "openssl"]);

const ENABLE = `curl -X PATCH /agents/{id} \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{ "webhookEnabled": true }'`;

const TRIGGER = `curl -X POST /agents/{id}/webhook \\
  -H "Content-Type: application/json" \\
  -d '{ "message": "Process this incoming data", "payload": { "key": "value" } }'`;

const POLL = `curl /agents/{id}/executions/{executionId} \\
  -H "Authorization: Bearer $TOKEN"`;

const BEARER = `curl -X POST /agents/{id}/webhook \\
  -H "Authorization: Bearer {webhook-secret}" \\
  -H "Content-Type: application/json" \\
  -d '{ "message": "Hello" }'`;

const HMAC = `SIGNATURE=$(echo -n '{"message":"Hello"}' | \\
  openssl dgst -sha256 -hmac "$SECRET" | cut -d' ' -f2)

curl -X POST /agents/{id}/webhook \\
  -H "X-Webhook-Signature: sha256=$SIGNATURE" \\
  -H "Content-Type: application/json" \\
  -d '{"message":"Hello"}'`;

const UNSIGNED = HMAC.replace('  -H "X-Webhook-Signature: sha256=$SIGNATURE" \\\n', "");

const ACCEPTED =
  /^\{"success":true,"data":\{"executionId":"(exec_[0-9a-f-]{36})","status":"running"\}\}$/;

interface Shell {
  /** Runs a line with its placeholders filled in; resolves with status and body. */
  run(line: string, values?: Record<string, string>): Promise<{ status: number; text: string }>;
}

/** A shell whose curl says nothing but the body and, on a line of its own, the status. */
function openShell(data: { server: Server; home: string; agentId: string }): Shell {
  writeFileSync(join(data.home, ".curlrc"), 'silent\nshow-error\nwrite-out = "\\n%{http_code}"\n');
  return {
    async run(line, values = {}) {
      const script = line
        .replaceAll("{id}", data.agentId)
        .replaceAll("{executionId}", values["executionId"] ?? "")
        .replaceAll("{webhook-secret}", values["secret"] ?? "")
        .replaceAll(" /agents/", ` ${data.server.url}/agents/`);
      const shell = Bun.spawn(["bash", "-euo", "pipefail", "-c", script], {
        env: {
          PATH: process.env["PATH"],
          CURL_HOME: data.home,
          TOKEN: data.server.token,
          SECRET: values["secret"],
        },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const [out, problem] = await Promise.all([shell.stdout.text(), shell.stderr.text()]);
      if ((await shell.exited) !== 0) throw new Error(`${script}\n${problem}`);
      const [, text = "", status = ""] = /^([\s\S]*)\n(\d{3})$/.exec(out) ?? [];
      return { status: Number(status), text };
    },
  };
}

const newAgent = (server: Server): Promise<{ id: string }> =>
  askData(server, { call: "POST /agents", body: { name: "seed" } });

/** The secret that the choice of a method made, or undefined where there was one. */
async function choose(
  server: Server,
  data: { agentId: string; auth: Record<string, string> },
): Promise<string | undefined> {
  const body = { webhook: { auth: data.auth } };
  return (await askData(server, { call: `PATCH /agents/${data.agentId}`, body })).webhookSecret;
}

/** Runs the seed's poll until the execution has ended. */
const pollEnd = (shell: Shell, executionId: string) =>
  eventually("the end of the execution", async () => {
    const { status, text } = await shell.run(POLL, { executionId });
    expect(status).toBe(200);
    const { data } = JSON.parse(text);
    return data.status === "running" ? null : data;
  });

seedTest(
  "the lines that enable, trigger and poll do on a new agent what the seed says",
  async () => {
    await using server = await startServer();
    using home = makeFolder();
    const { id } = await newAgent(server);
    const shell = openShell({ server, home: home.path, agentId: id });

    const enabled = await shell.run(ENABLE);
    expect(enabled.status).toBe(200);
    expect(JSON.parse(enabled.text)).toMatchObject({
      success: true,
      data: { id, webhookEnabled: true, webhookUrl: `${server.url}/agents/${id}/webhook` },
    });

    const triggered = await shell.run(TRIGGER);
    expect(triggered.status).toBe(200);
    expect(triggered.text).toMatch(ACCEPTED);

    const executionId = ACCEPTED.exec(triggered.text)?.[1] ?? "";
    const execution = await pollEnd(shell, executionId);
    const input = { message: "Process this incoming data", payload: { key: "value" } };
    expect(execution).toMatchObject({
      id: executionId,
      agentId: id,
      trigger: "webhook",
      status: "completed",
      input,
      output: JSON.stringify(input),
      error: null,
    });

    await askData(server, { call: `POST /agents/${id}/invoke`, body: { input: "by hand" } });
    expect(await listExecutions(server, id)).toHaveLength(2);
    const filtered = await askData(server, `GET /agents/${id}/executions?trigger=webhook`);
    expect(filtered.map((row: { id: string }) => row.id)).toEqual([executionId]);
  },
);

seedTest("the line with the bearer secret is accepted, and without it refused", async () => {
  await using server = await startServer();
  using home = makeFolder();
  const { id } = await newAgent(server);
  const shell = openShell({ server, home: home.path, agentId: id });
  await shell.run(ENABLE);
  const secret = await choose(server, { agentId: id, auth: { type: "bearer" } });

  const accepted = await shell.run(BEARER, { secret: secret ?? "" });
  expect(accepted.status).toBe(200);
  expect(accepted.text).toMatch(ACCEPTED);
  const executionId = ACCEPTED.exec(accepted.text)?.[1] ?? "";
  expect((await pollEnd(shell, executionId)).input).toEqual({ message: "Hello" });

  for (const line of [TRIGGER, BEARER.replace("{webhook-secret}", "$TOKEN"), HMAC]) {
    const refused = await shell.run(line, { secret: secret ?? "" });
    expect(refused.status).toBe(401);
    expect(JSON.parse(refused.text)).toEqual({
      success: false,
      error: {
        code: "UNAUTHORIZED",
        message: "A valid credential is required.",
        requestId: expect.any(String),
      },
    });
  }
});

seedTest(
  "the lines with the openssl signature are accepted with and without sha256=, and without a signature refused",
  async () => {
    await using server = await startServer();
    using home = makeFolder();
    const { id } = await newAgent(server);
    const shell = openShell({ server, home: home.path, agentId: id });
    await shell.run(ENABLE);
    const secret = (await choose(server, { agentId: id, auth: { type: "bearer" } })) ?? "";
    // The secret stays when the method changes.
    expect(await choose(server, { agentId: id, auth: { type: "hmac" } })).toBeUndefined();

    for (const line of [HMAC, HMAC.replace("sha256=$", "$")]) {
      const accepted = await shell.run(line, { secret });
      expect(accepted.status).toBe(200);
      expect(accepted.text).toMatch(ACCEPTED);
      const executionId = ACCEPTED.exec(accepted.text)?.[1] ?? "";
      expect(await pollEnd(shell, executionId)).toMatchObject({
        status: "completed",
        output: '{"message":"Hello"}',
      });
    }
    for (const line of [UNSIGNED, BEARER]) {
      expect((await shell.run(line, { secret })).status).toBe(401);
    }
    expect((await shell.run(HMAC, { secret: `${secret}\n` })).status).toBe(401);
  },
);

seedTest("a minute takes 100 requests, and the next is answered 429 with Retry-After", async () => {
  await using server = await startServer();
  using home = makeFolder();
  const { id } = await newAgent(server);
  const shell = openShell({ server, home: home.path, agentId: id });
  await shell.run(ENABLE);
  const body = { webhook: { limits: { maxConcurrent: 1000 } } };
  await askData(server, { call: `PATCH /agents/${id}`, body });
  const repeated = TRIGGER.replace("/webhook ", '"/webhook?number=[1-100]" ').replace(
    "curl ",
    "curl -o /dev/null ",
  );
  const statuses = (await shell.run(repeated)).text.split("\n").concat("200");
  expect(statuses.filter((status) => status === "200")).toHaveLength(100);

  const refused = await shell.run(TRIGGER.replace("curl ", "curl -i "));
  expect(refused.status).toBe(429);
  expect(refused.text).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\n/);
  expect(refused.text).toMatch(/\r\nRetry-After: ([1-9]|[1-5][0-9]|60)\r\n/);
});
