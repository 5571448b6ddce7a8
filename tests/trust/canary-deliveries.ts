// Deliveries by every method, with credentials and bodies that are right and wrong, and executions
// whose model or code fails in every way.

import { chain, inputNode, modelPipeline, outputNode } from "../support/process-models";
import { sign } from "../support/server-calls";
import type { Transcript } from "./canary-transcript";

/** A method of authentication, and where its credential stands. */
interface Method {
  name: string;
  auth: Record<string, string>;
  /** What is set as the secret; `password` is the canary. */
  secretOf(password: string): string;
  headersOf(secret: string, body: string | Uint8Array): Record<string, string>;
}

const itself = (password: string): string => password;
const signatureOf = (secret: string, body: string | Uint8Array): string =>
  `sha256=${sign(secret, body)}`;

export const METHODS: Method[] = [
  {
    name: "bearer",
    auth: { type: "bearer" },
    secretOf: itself,
    headersOf: (secret) => ({ Authorization: `Bearer ${secret}` }),
  },
  {
    name: "basic",
    auth: { type: "basic" },
    secretOf: (password) => `sender:${password}`,
    headersOf: (secret) => ({
      Authorization: `Basic ${Buffer.from(secret).toString("base64")}`,
    }),
  },
  {
    name: "hmac",
    auth: { type: "hmac" },
    secretOf: itself,
    headersOf: (secret, body) => ({ "X-Webhook-Signature": signatureOf(secret, body) }),
  },
  {
    name: "github",
    auth: { type: "hmac", preset: "github" },
    secretOf: itself,
    headersOf: (secret, body) => ({
      "X-Hub-Signature-256": signatureOf(secret, body),
      "X-GitHub-Event": "push",
    }),
  },
];

/** An agent whose webhook takes that method with that password alone. */
export interface Receiver {
  method: Method;
  agentId: string;
  secret: string;
}

const LIMITS = { perMinute: 1_000, maxConcurrent: 1_000 };

/** Makes an agent; the secret that the server makes first stays valid and is returned as `made`. */
export async function makeReceiver(
  transcript: Transcript,
  data: { method: Method; password: string },
): Promise<{ receiver: Receiver; made: string }> {
  const { method, password } = data;
  const webhook = { auth: method.auth, limits: LIMITS };
  const body = { name: method.name, webhookEnabled: true, webhook };
  const agent = await transcript.make({ call: "POST /agents", body });
  const secret = method.secretOf(password);
  await transcript.make({ call: `POST /agents/${agent.id}/webhook/secrets`, body: { secret } });
  return { receiver: { method, agentId: agent.id, secret }, made: agent.webhookSecret };
}

/** What is sent to each receiver. */
export interface Contents {
  /** In bodies, queries and headers. */
  content: string;
  /** In place of the credential, and in headers that hold others' credentials. */
  credential: string;
}

const NOT_UTF8 = Buffer.from([0xff, 0xfe]);

/** Bodies that are refused behind the credential, with their headers. */
const badBodies = (content: string): [Uint8Array | string, Record<string, string>][] => [
  [`{"text":"${content}"`, {}],
  [Buffer.concat([Buffer.from(`"${content}`), NOT_UTF8, Buffer.from('"')]), {}],
  [`${"[".repeat(100)}"${content}"${"]".repeat(100)}`, {}],
  [`"${content.padEnd(2 * 2 ** 20)}"`, {}],
  [`"${content}"`, { "Content-Type": `text/${content}` }],
  [`"${content}"`, { "Content-Encoding": "gzip" }],
  ["", { "X-Note": content }],
];

/** One delivery that is accepted, one under the same key with another body, and all that is refused. */
export async function deliverInAllWays(
  transcript: Transcript,
  data: { receiver: Receiver } & Contents,
): Promise<void> {
  const { receiver, content, credential } = data;
  const { agentId, method, secret } = receiver;
  const query = `?note=${encodeURIComponent(content)}`;
  const others = {
    Cookie: `a=${credential}`,
    "Proxy-Authorization": `Basic ${credential}`,
    "X-Gitlab-Token": credential,
    "X-Api-Key": credential,
  };
  const good = JSON.stringify({ text: content });
  const notes = { ...others, "X-Note": content, "Idempotency-Key": "once" };
  const headers = { ...notes, ...method.headersOf(secret, good) };
  const { status } = await transcript.deliver({ agentId, query, body: good, headers });
  if (status !== 200) throw new Error(`${method.name} was answered ${status}`);
  const other = JSON.stringify({ text: content, other: 1 });
  const again = { ...notes, ...method.headersOf(secret, other) };
  await transcript.deliver({ agentId, query, body: other, headers: again });
  for (const wrong of [method.secretOf(credential), credential]) {
    const forged = { ...notes, ...method.headersOf(wrong, good) };
    await transcript.deliver({ agentId, query, body: good, headers: forged });
  }
  const asSignature = { "X-Webhook-Signature": content, Authorization: credential };
  await transcript.deliver({ agentId, body: good, headers: asSignature });
  await transcript.deliver({ agentId, body: good });
  for (const [body, extra] of badBodies(content)) {
    const signed = { ...extra, ...method.headersOf(secret, body) };
    await transcript.deliver({ agentId, query, body, headers: signed });
  }
}

/** Behaviours of the model stub that repeat the key or the prompt, or break off. */
const FAULTS = `status-400 status-401 status-403 status-404 status-422 status-429 status-500
  status-503 error-event error-text html garbage wrong-shape json empty gzip cut cut-clean reset
  reset-late bad-utf8 redirect:http://127.0.0.1:1/`.split(/\s+/);

/** An open agent whose deliveries are answered when they have ended. */
async function makeWaiting(transcript: Transcript, pipeline: unknown): Promise<string> {
  const webhook = { respond: { waitSeconds: 30 }, limits: LIMITS };
  const body = { name: "waiting", webhookEnabled: true, pipeline, webhook };
  return (await transcript.make({ call: "POST /agents", body })).id;
}

/** Runs an execution against every fault of a model, and one whose code fails; returns how many. */
export async function runIntoFaults(
  transcript: Transcript,
  data: { providerId: string; content: string },
): Promise<number> {
  const { providerId, content } = data;
  const prompts = { systemPrompt: content, userPromptTemplate: `${content} {{input.text}}` };
  const models = FAULTS.map((model) => modelPipeline({ providerId, model, ...prompts }));
  const code = `console.log(input.text); if (input.text) throw new Error(input.text); return 1;`;
  const failing = { id: "code", type: "transform", data: { code } };
  const pipelines = [...models, chain([inputNode, failing, outputNode("{{nodes.code.output}}")])];
  for (const pipeline of pipelines) {
    const agentId = await makeWaiting(transcript, pipeline);
    const { data: end } = await transcript.deliver({ agentId, body: { text: content } });
    if (end?.status === "running") throw new Error("an execution did not end");
  }
  return pipelines.length;
}
