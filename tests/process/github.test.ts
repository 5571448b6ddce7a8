// Real deliveries of GitHub against a server that calls a model: signed over the raw bytes, run
// once, and followed by whoever sent them.

import { describe, expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { readDelivery } from "../support/process-files";
import type { GithubAgent } from "../support/process-github";
import { makeGithubAgent, signed } from "../support/process-github";
import type { ModelScene } from "../support/process-models";
import { modelPipeline, openModelScene } from "../support/process-models";
import {
  askData,
  ask,
  deliver,
  githubHeaders,
  listExecutions,
  readEnded,
  sign,
} from "../support/server-calls";

guardProcesses();

const PROMPT =
  "{{trigger.event}} to {{input.repository.full_name}} by {{input.sender.login}}: {{input.ref}}";

/** An agent of one model call. */
const githubAgent = (scene: ModelScene): Promise<GithubAgent> =>
  makeGithubAgent(
    scene.server,
    modelPipeline({ providerId: scene.provider, userPromptTemplate: PROMPT }),
  );

describe("a push", () => {
  test("runs the pipeline against the model, and the poll shows output, steps and tokens", async () => {
    await using scene = await openModelScene();
    const { server, stub } = scene;
    const agent = await githubAgent(scene);
    const body = readDelivery("github-push");
    const accepted = await deliver(server, signed(agent, { event: "push", body }));
    expect(accepted.status).toBe(200);

    const { executionId } = accepted.data;
    const execution = await readEnded(server, { agentId: agent.agentId, executionId });
    const prompt = "push to Codertocat/Hello-World by Codertocat: refs/tags/simple-tag";
    const usage = {
      inputTokens: prompt.length,
      outputTokens: prompt.length + "echo:".length,
      cachedTokens: 2,
    };
    expect(execution).toMatchObject({
      trigger: "webhook",
      status: "completed",
      output: `echo:${prompt}`,
      input: JSON.parse(body.toString()),
      usage,
      steps: [
        { nodeId: "input", status: "completed" },
        { nodeId: "llm", status: "completed", output: `echo:${prompt}`, usage, attempt: 1 },
        { nodeId: "output", status: "completed", output: `echo:${prompt}` },
      ],
    });
    expect(stub.calls.map((call) => call.prompt)).toEqual([prompt]);
    expect(stub.calls[0]?.headers["idempotency-key"]).toStartWith(`${executionId}/llm/`);
  });

  test("is stored byte for byte and told of in the ledger", async () => {
    await using scene = await openModelScene();
    const { server } = scene;
    const agent = await githubAgent(scene);
    const body = readDelivery("github-push");
    await deliver(server, signed(agent, { event: "push", body }));
    const path = `/agents/${agent.agentId}/deliveries`;
    const [row] = await askData(server, `GET ${path}`);
    expect(row).toMatchObject({
      verdict: "accepted",
      verified: true,
      preset: "github",
      event: "push",
      deliveryKey: "0b989ba4-242f-11e5-81e1-c7b6966d2516",
      size: body.length,
    });
    const raw = await fetch(`${server.url}${path}/${row.id}/raw`, {
      headers: { Authorization: `Bearer ${server.token}` },
    });
    expect(Buffer.from(await raw.arrayBuffer()).equals(body)).toBe(true);
  });

  test("can be followed by its Location alone, which reads nothing but the result", async () => {
    await using scene = await openModelScene();
    const { server } = scene;
    const agent = await githubAgent(scene);
    const request = signed(agent, { event: "push", body: readDelivery("github-push") });
    const accepted = await deliver(server, request);
    const { executionId } = accepted.data;
    await readEnded(server, { agentId: agent.agentId, executionId });

    const location = accepted.headers.get("location") ?? "";
    expect(location).toStartWith(`/agents/${agent.agentId}/executions/${executionId}?token=`);
    const followed = await ask(server, { call: `GET ${location}`, token: null });
    expect(followed.status).toBe(200);
    expect(followed.data).toEqual({
      id: executionId,
      status: "completed",
      output: expect.stringContaining("Codertocat/Hello-World"),
      error: null,
    });

    const other = (
      await deliver(server, {
        ...request,
        headers: { ...request.headers, "X-GitHub-Delivery": "other" },
      })
    ).data.executionId;
    const denied = [
      location.replace(executionId, other),
      `${location.slice(0, -1)}${location.endsWith("A") ? "B" : "A"}`,
      location.slice(0, location.indexOf("=") + 1),
      location.slice(0, location.indexOf("?")),
    ];
    for (const path of denied) {
      const answer = await ask(server, { call: `GET ${path}`, token: null });
      expect([answer.status, answer.error.code]).toEqual([401, "UNAUTHORIZED"]);
    }
  });

  test("sent twice with one delivery id runs once, also when fields have changed", async () => {
    await using scene = await openModelScene();
    const { server, stub } = scene;
    const agent = await githubAgent(scene);
    const body = readDelivery("github-push");
    const first = await deliver(server, signed(agent, { event: "push", body }));
    const { executionId } = first.data;
    const changed = Buffer.from(body.toString().replace("simple-tag", "another-tag"));
    for (const again of [body, changed]) {
      const answer = await deliver(server, signed(agent, { event: "push", body: again }));
      expect(answer.status).toBe(200);
      expect(answer.data.executionId).toBe(executionId);
      expect(answer.headers.get("idempotent-replayed")).toBe("true");
    }
    await readEnded(server, { agentId: agent.agentId, executionId });
    expect(stub.calls).toHaveLength(1);
    expect(await listExecutions(server, agent.agentId)).toHaveLength(1);
  });

  test("with a wrong, missing or SHA-1 signature is refused with 401 and runs nothing", async () => {
    await using scene = await openModelScene();
    const { server } = scene;
    const agent = await githubAgent(scene);
    const body = readDelivery("github-push");
    const { headers = {}, ...request } = signed(agent, { event: "push", body });
    const good = headers["X-Hub-Signature-256"] ?? "";
    const signatures: Record<string, string>[] = [
      { "X-Hub-Signature-256": `sha256=${sign("wrong", body)}` },
      { "X-Hub-Signature-256": good.slice("sha256=".length) },
      { "X-Hub-Signature-256": `${good.slice(0, -1)}${good.endsWith("0") ? "1" : "0"}` },
      { "X-Hub-Signature-256": "" },
      { "X-Hub-Signature": good.replace("sha256", "sha1") },
      { "X-Webhook-Signature": good },
      { Authorization: `Bearer ${agent.secret}` },
    ];
    for (const signature of signatures) {
      const { "X-Hub-Signature-256": _, ...others } = headers;
      const answer = await deliver(server, { ...request, headers: { ...others, ...signature } });
      expect([answer.status, answer.error.code]).toEqual([401, "UNAUTHORIZED"]);
      expect(answer.headers.get("x-ratelimit-limit")).toBeNull();
    }
    const spaced = Buffer.concat([body, Buffer.from("\n")]);
    expect((await deliver(server, { ...request, headers, body: spaced })).status).toBe(401);
    expect(await listExecutions(server, agent.agentId)).toEqual([]);
  });
});

test("a ping is answered 200 and makes no execution", async () => {
  await using scene = await openModelScene();
  const agent = await githubAgent(scene);
  const body = readDelivery("github-ping");
  const answer = await deliver(scene.server, signed(agent, { event: "ping", body }));
  expect(answer.status).toBe(200);
  expect(answer.body.success).toBe(true);
  expect(answer.data.executionId).toBeNull();
  expect(answer.headers.get("x-ratelimit-remaining")).toBe("100");
  expect(await listExecutions(scene.server, agent.agentId)).toEqual([]);
});

test("an event with an action is named by both", async () => {
  await using scene = await openModelScene();
  const agent = await githubAgent(scene);
  const body = readDelivery("github-issues");
  const { data } = await deliver(scene.server, signed(agent, { event: "issues", body }));
  const { output } = await readEnded(scene.server, { ...agent, executionId: data.executionId });
  expect(output).toStartWith("echo:issues.edited to Codertocat/Hello-World");
});

test("a form is signed over its raw bytes and read by its field payload", async () => {
  await using scene = await openModelScene();
  const agent = await githubAgent(scene);
  const payload = readDelivery("github-push");
  const body = Buffer.from(`payload=${encodeURIComponent(payload.toString())}`);
  const request = signed(agent, { event: "push", body });
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  const headers = { ...request.headers, ...form };
  const { status, data } = await deliver(scene.server, { ...request, headers });
  expect(status).toBe(200);
  const execution = await readEnded(scene.server, { ...agent, executionId: data.executionId });
  expect(execution.input).toEqual(JSON.parse(payload.toString()));
  expect(execution.output).toStartWith("echo:push to Codertocat/Hello-World");

  // Signed over what the form holds, as some receivers do by mistake.
  const inner = githubHeaders({ ...agent, body: payload, event: "push", delivery: "x" });
  const refused = await deliver(scene.server, { ...request, headers: { ...inner, ...form } });
  expect(refused.status).toBe(401);
});
