// A push of GitHub through code and a model: which branch it takes, what comes out, and the whole
// trace of it, steps that were skipped included.

import { expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { readDelivery } from "../support/process-files";
import { makeGithubAgent, signed } from "../support/process-github";
import type { ModelScene } from "../support/process-models";
import { inputNode, modelNode, openModelScene, outputNode } from "../support/process-models";
import { deliverAccepted, readEnded } from "../support/server-calls";

guardProcesses();

const TAG = "refs/tags/simple-tag";
const BRANCH = "refs/heads/main";

const edge = (source: string, target: string, sourceHandle?: string) => ({
  id: `${source}-${target}`,
  source,
  target,
  ...(sourceHandle === undefined ? {} : { sourceHandle }),
});

const isTag = {
  id: "isTag",
  type: "condition",
  data: { expression: "{{input.ref}}.startsWith('refs/tags/')" },
};

const CODE = `const commit = {{input.head_commit}};
console.log("commit", commit.id.slice(0, 7), commit.added);
return {
  tag: {{input.ref}}.replace("refs/tags/", ""),
  list: "- " + commit.message + " (" + commit.author.username + ")",
};`;

const PROMPT = `Notes for {{input.repository.full_name}} {{nodes.list.output.tag}}:
{{nodes.list.output.list}}`;

/** input → condition → transform → llm_call → output; what is no tag goes straight to the output. */
const notesPipeline = (scene: ModelScene) => ({
  nodes: [
    inputNode,
    isTag,
    { id: "list", type: "transform", data: { code: CODE } },
    modelNode({ id: "notes", providerId: scene.provider, userPromptTemplate: PROMPT }),
    outputNode({ notes: "{{nodes.notes.output}}", tagged: "{{nodes.isTag.output}}" }),
  ],
  edges: [
    edge("input", "isTag"),
    edge("isTag", "list", "true"),
    edge("isTag", "output", "false"),
    edge("list", "notes"),
    edge("notes", "output"),
  ],
});

/** Nodes on either branch, which meet again at the output. */
const joinPipeline = (scene: ModelScene) => ({
  nodes: [
    inputNode,
    isTag,
    { id: "tag", type: "transform", data: { code: "return {{input.ref}}.split('/').at(-1);" } },
    modelNode({
      id: "tagged",
      providerId: scene.provider,
      userPromptTemplate: "{{nodes.tag.output}}",
    }),
    { id: "pushed", type: "transform", data: { code: "return {{input.commits}}.length;" } },
    outputNode({ tagged: "{{nodes.tagged.output}}", pushed: "{{nodes.pushed.output}}" }),
  ],
  edges: [
    edge("input", "isTag"),
    edge("isTag", "tag", "true"),
    edge("tag", "tagged"),
    edge("isTag", "pushed", "false"),
    edge("tagged", "output"),
    edge("pushed", "output"),
  ],
});

/** The real push, of a tag, to another ref. */
const pushTo = (ref: string): Buffer =>
  Buffer.from(readDelivery("github-push").toString().replace(`"ref":"${TAG}"`, `"ref":"${ref}"`));

/** The execution of one signed push to an agent of its own. */
async function runPush(scene: ModelScene, data: { pipeline: unknown; ref: string }) {
  const agent = await makeGithubAgent(scene.server, data.pipeline);
  const request = signed(agent, { event: "push", body: pushTo(data.ref) });
  const executionId = await deliverAccepted(scene.server, request);
  return readEnded(scene.server, { agentId: agent.agentId, executionId });
}

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

/** What each node of the pipeline reads of the push, or of what was made of it. */
const UNTRUSTED: Record<string, string[]> = {
  input: [],
  isTag: ["input.ref"],
  list: ["input.head_commit", "input.ref"],
  notes: ["input.repository.full_name", "nodes.list.output.tag", "nodes.list.output.list"],
  output: ["nodes.notes.output", "nodes.isTag.output"],
};

/** A whole step as the poll shows it: `nodeId`, and what is not as usual. */
const step = (nodeId: string, fields: Record<string, unknown> = {}) => ({
  nodeId,
  iteration: "",
  status: "completed",
  input: null,
  output: null,
  error: null,
  startedAt: TIME,
  finishedAt: TIME,
  attempt: 1,
  usage: null,
  cost: null,
  logs: [],
  untrusted: UNTRUSTED[nodeId],
  ...fields,
});

const skipped = (nodeId: string) => step(nodeId, { status: "skipped", startedAt: null });

const pushed = (ref: string) => JSON.parse(pushTo(ref).toString());
const input = (ref: string) => step("input", { output: pushed(ref) });

test("a push of a tag goes through condition, code and model, and each step tells what it did", async () => {
  await using scene = await openModelScene();
  const execution = await runPush(scene, { pipeline: notesPipeline(scene), ref: TAG });
  const prompt =
    "Notes for Codertocat/Hello-World simple-tag:\n- Adding a .gitignore file (Codertocat)";
  const usage = {
    inputTokens: prompt.length,
    outputTokens: `echo:${prompt}`.length,
    cachedTokens: 2,
  };
  const output = { notes: `echo:${prompt}`, tagged: true };
  expect(execution).toMatchObject({ status: "completed", error: null, attempt: 1, output, usage });
  expect(execution.steps).toEqual([
    input(TAG),
    step("isTag", { input: { "input.ref": TAG }, output: true }),
    step("list", {
      input: { "input.head_commit": pushed(TAG).head_commit, "input.ref": TAG },
      output: { tag: "simple-tag", list: "- Adding a .gitignore file (Codertocat)" },
      logs: ['commit 6113728 [".gitignore"]'],
    }),
    step("notes", {
      input: { model: "ok", system: null, prompt, temperature: 0.7, maxTokens: 1024 },
      output: `echo:${prompt}`,
      usage,
      model: {
        provider: "openai-compatible",
        model: "ok",
        finishReason: "stop",
        requestId: "req-1",
      },
    }),
    step("output", { output }),
  ]);
  expect(scene.stub.calls.map((call) => call.prompt)).toEqual([prompt]);
});

test("a push to a branch skips code and model, and ends with what is left", async () => {
  await using scene = await openModelScene();
  const execution = await runPush(scene, { pipeline: notesPipeline(scene), ref: BRANCH });
  const output = { notes: null, tagged: false };
  expect(execution).toMatchObject({ status: "completed", error: null, output, usage: null });
  expect(execution.steps).toEqual([
    input(BRANCH),
    step("isTag", { input: { "input.ref": BRANCH }, output: false }),
    skipped("list"),
    skipped("notes"),
    step("output", { output }),
  ]);
  expect(scene.stub.calls).toEqual([]);
});

test("branches with nodes of their own meet at the output, which waits for the one that is taken", async () => {
  await using scene = await openModelScene();
  const run = (ref: string) => runPush(scene, { pipeline: joinPipeline(scene), ref });
  const [tag, branch] = [await run(TAG), await run(BRANCH)];
  const trace = (execution: { steps: { nodeId: string; status: string }[] }) =>
    Object.fromEntries(execution.steps.map(({ nodeId, status }) => [nodeId, status]));
  const always = { input: "completed", isTag: "completed", output: "completed" };

  expect(tag.output).toEqual({ tagged: "echo:simple-tag", pushed: null });
  expect(trace(tag)).toEqual({
    ...always,
    tag: "completed",
    tagged: "completed",
    pushed: "skipped",
  });
  expect(branch.output).toEqual({ tagged: null, pushed: 0 });
  expect(trace(branch)).toEqual({
    ...always,
    tag: "skipped",
    tagged: "skipped",
    pushed: "completed",
  });
  expect(scene.stub.calls.map((call) => call.prompt)).toEqual(["simple-tag"]);
});
