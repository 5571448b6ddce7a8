// H17: texts that stand nowhere else are given to a server as its secrets, and sent to it wherever
// something can be sent. Afterwards they are looked for in its log, its files and its answers.

import { randomBytes } from "node:crypto";
import type { ModelStub } from "../support/model-stub";
import { makeFolder } from "../support/process-files";
import { modelPipeline, startStub } from "../support/process-models";
import { within } from "../support/process-waiting";
import { startInVain } from "../support/server";
import {
  deliverInAllWays,
  makeReceiver,
  METHODS,
  runIntoFaults,
  type Receiver,
} from "./canary-deliveries";
import { askInVain, changeInVain, readEverything } from "./canary-routes";
import { CanaryScene } from "./canary-scene";
import { awaitRecovery } from "./recovery";

export interface CanaryFigures {
  /** Texts that were looked for, each in all its forms. */
  canaries: number;
  /** Routes of the document that were asked with what is wrong. */
  routes: number;
  /** Executions that a model or code failed. */
  faults: number;
  /** Answers that were kept and searched. */
  answers: number;
  /** Files, tables, logs and lists of answers. */
  places: number;
  /** Where a secret stands, or a content in a log or in a failure's answer. */
  found: string[];
  /** Contents that are not even where they belong: nothing was put to the test by them. */
  unseen: string[];
}

/** Tokens that were made: one that is used, asked for twice under one key, and one that is deleted. */
async function useTokens(scene: CanaryScene): Promise<void> {
  const { transcript } = scene;
  const headers = { "Idempotency-Key": "one-token" };
  const body = { name: "a token", scope: "read" };
  const first = await transcript.make({ call: "POST /tokens", body, headers });
  await transcript.send({ call: "POST /tokens", body, headers });
  const second = await transcript.make({ call: "POST /tokens", body });
  scene.keepSecret("a token", first.token);
  scene.keepSecret("a deleted token", second.token);
  await transcript.send({ call: `DELETE /tokens/${second.id}` });
  for (const { token } of [first, second]) {
    await transcript.send({ call: "GET /agents", token });
    await transcript.send({ call: "POST /agents", body: { name: "a" }, token });
  }
}

/** A provider at the stub, whose key was changed to `apiKey`. */
async function addProvider(
  scene: CanaryScene,
  data: { baseUrl: string; apiKey: string },
): Promise<string> {
  const { transcript } = scene;
  const first = scene.keepSecret("a provider's first key");
  const body = { type: "openai-compatible", name: "stub", ...data, apiKey: first };
  const { id } = await transcript.make({ call: "POST /providers", body });
  await transcript.make({ call: `PATCH /providers/${id}`, body: { apiKey: data.apiKey } });
  return id;
}

/** An agent of every method of authentication, with deliveries that are right and wrong. */
async function deliverByAllMethods(scene: CanaryScene, credential: string): Promise<Receiver[]> {
  const { transcript } = scene;
  const receivers: Receiver[] = [];
  for (const method of METHODS) {
    const password = scene.keepSecret(`the secret of ${method.name}`);
    const { receiver, made } = await makeReceiver(transcript, { method, password });
    scene.keepSecret(`the first secret of ${method.name}`, made);
    const content = scene.keepContent(`delivery-by-${method.name}`);
    await deliverInAllWays(transcript, { receiver, content, credential });
    await transcript.send({ call: "GET /agents", token: password });
    receivers.push(receiver);
  }
  return receivers;
}

/** Reads a result by the link that an accepted delivery was answered, and by one that is wrong. */
async function followLink(scene: CanaryScene, agentId: string): Promise<void> {
  const { transcript } = scene;
  const body = { text: scene.keepContent("delivery-with-link") };
  const { headers } = await transcript.deliver({ agentId, body });
  const link = headers.get("location") ?? "";
  scene.keepSecret("a link's token", link.slice(link.indexOf("=") + 1));
  await transcript.send({ call: `GET ${link}`, token: null });
  await transcript.send({ call: `GET ${link}x`, token: null });
}

/** Kills the server during a model call; what stands in its files then is returned. */
async function killDuringCall(
  scene: CanaryScene,
  data: { stub: ModelStub; providerId: string },
): Promise<string[]> {
  const { transcript, server } = scene;
  const { stub, providerId } = data;
  const pipeline = modelPipeline({ providerId, model: "hold", userPromptTemplate: "{{input}}" });
  const body = { name: "held", webhookEnabled: true, pipeline };
  const { id: agentId } = await transcript.make({ call: "POST /agents", body });
  await followLink(scene, agentId);
  await within(
    "a call that is held",
    stub.until(() => stub.calls.some(({ model, open }) => model === "hold" && open)),
  );
  await scene.kill();
  const found = scene.findInFiles();
  stub.stopHolding();
  await server.start();
  await awaitRecovery(server.dataDir);
  return found;
}

/** Starts with a key that opens none of the secrets: all that needs one fails. */
async function runWithoutSecrets(
  scene: CanaryScene,
  data: { receivers: Receiver[]; providerId: string },
): Promise<void> {
  const { transcript } = scene;
  const key = randomBytes(32).toString("base64");
  await scene.startWithKey(scene.keepSecret("another encryption key", key));
  for (const receiver of data.receivers) {
    const headers = receiver.method.headersOf(receiver.secret, "1");
    await transcript.deliver({ agentId: receiver.agentId, body: "1", headers });
  }
  await runIntoFaults(transcript, {
    providerId: data.providerId,
    content: scene.keepContent("prompt-without-secrets"),
  });
  await readEverything(transcript);
}

/** Starts that must end at once, and name what is wrong without saying it. */
async function startBadly(scene: CanaryScene, credential: string): Promise<void> {
  using folder = makeFolder();
  const settings = ["HOOKLINE_ADMIN_TOKEN", "HOOKLINE_ENCRYPTION_KEY", "HOOKLINE_PUBLIC_URL"];
  for (const setting of settings) {
    const env = { [setting]: credential };
    const { stdout, stderr } = await startInVain({ dataDir: folder.path, env });
    scene.keepLog(stdout, stderr);
  }
}

/** Plants them, does everything that could bring them to light, and looks for them. */
export async function plantCanaries(data: { say(line: string): void }): Promise<CanaryFigures> {
  await using stub = await startStub();
  await using scene = new CanaryScene({ HOOKLINE_ALLOW_PRIVATE: `127.0.0.1:${stub.port}` });
  const { transcript, server } = scene;
  await server.start();
  const credential = scene.keepSecret("a wrong credential");
  const input = scene.keepSecret("a wrong input");
  await useTokens(scene);
  const apiKey = scene.keepSecret("a provider's key");
  const providerId = await addProvider(scene, { baseUrl: stub.baseUrl, apiKey });
  const receivers = await deliverByAllMethods(scene, credential);
  data.say("deliveries by all methods");
  const faults = await runIntoFaults(transcript, {
    providerId,
    content: scene.keepContent("prompt"),
  });
  data.say("faults of models and code");
  const [{ agentId } = { agentId: "" }] = receivers;
  await changeInVain(transcript, { agentId, input });
  const content = scene.keepContent("delivery-to-nobody");
  const routes = await askInVain(transcript, { credential, input, content });
  await readEverything(transcript);
  data.say("every route");
  const foundAtKill = await killDuringCall(scene, { stub, providerId });
  await readEverything(transcript);
  await scene.stop();
  await runWithoutSecrets(scene, { receivers, providerId });
  await scene.stop();
  await startBadly(scene, credential);
  data.say("a kill, another key and starts in vain");
  const { found, unseen, places } = scene.search();
  const used = stub.calls.some(({ headers }) => headers["authorization"] === `Bearer ${apiKey}`);
  return {
    canaries: scene.secrets.size + scene.contents.size,
    routes,
    faults,
    answers: transcript.size,
    places,
    found: [...foundAtKill, ...found],
    unseen: used ? unseen : [...unseen, "a provider's key"],
  };
}
