// Every route of a server's own document: read with what is there, and asked with what is wrong.

import type { Transcript } from "./canary-transcript";

/** What strangers try, and what nobody may be told again. */
export interface Wrongs {
  /** In place of a token, a password or a signature. */
  credential: string;
  /** In place of an id, a number or a word. */
  input: string;
  /** As `input` at a webhook, whose ledger keeps what it was sent. */
  content: string;
}

const METHODS = ["get", "post", "put", "patch", "delete"];

/** `GET /agents/{id}` and all others. */
async function listOperations(transcript: Transcript): Promise<string[]> {
  const { text } = await transcript.send({ call: "GET /swagger/json" });
  const { paths }: { paths: Record<string, object> } = JSON.parse(text);
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((key) => METHODS.includes(key))
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** The ids by which a list names what stands below its path. */
async function listIds(transcript: Transcript, path: string): Promise<string[]> {
  const { data } = await transcript.send({ call: `GET ${path}` });
  const ids: string[] = data.map((item: { id?: string; version?: number }) =>
    String(item.id ?? item.version),
  );
  return ids;
}

/** All paths of a template; what it names is taken from the list above it. */
async function expand(transcript: Transcript, template: string): Promise<string[]> {
  const at = template.indexOf("{");
  if (at === -1) return [template];
  const ids = await listIds(transcript, template.slice(0, at - 1));
  const rest = template.slice(template.indexOf("}") + 1);
  const paths = ids.map((id) => expand(transcript, `${template.slice(0, at)}${id}${rest}`));
  return (await Promise.all(paths)).flat();
}

/** Reads all that the API tells of what is there; returns how many paths that were. */
export async function readEverything(transcript: Transcript): Promise<number> {
  const operations = await listOperations(transcript);
  const templates = operations.filter((operation) => operation.startsWith("GET "));
  let count = 0;
  for (const template of templates) {
    for (const path of await expand(transcript, template.slice(4))) {
      await transcript.send({ call: `GET ${path}` });
      count += 1;
    }
  }
  return count;
}

/** Asks every route with wrong tokens, ids, queries and bodies; returns how many routes that were. */
export async function askInVain(transcript: Transcript, wrongs: Wrongs): Promise<number> {
  const operations = await listOperations(transcript);
  for (const operation of operations) {
    const canary = operation.endsWith("/webhook") ? wrongs.content : wrongs.input;
    const call = operation.replaceAll(/\{\w+\}/g, encodeURIComponent(canary));
    const body = operation.startsWith("GET ") ? {} : { body: [canary] };
    await transcript.send({ call, token: wrongs.credential, ...body });
    await transcript.send({ call, token: null, ...body });
    await transcript.send({ call: `${call}?limit=${encodeURIComponent(canary)}`, ...body });
    const headers = { "Idempotency-Key": `${canary} with a space`, "If-Match": canary };
    await transcript.send({ call, headers, ...body });
  }
  return operations.length;
}

/** Asks for changes that look right and hold one value that is not. */
export async function changeInVain(
  transcript: Transcript,
  data: { agentId: string; input: string },
): Promise<void> {
  const { agentId, input } = data;
  const agent = `/agents/${agentId}`;
  const escaped = encodeURIComponent(input);
  const provider = { type: "openai-compatible", name: "p" };
  const changes: [call: string, body: unknown][] = [
    ["POST /agents", `{"name":"${input}"`],
    ["POST /agents", JSON.stringify({ name: "a", description: input.repeat(50_000) })],
    ["POST /agents", { name: { a: input } }],
    [`PATCH ${agent}`, { webhook: { auth: { type: input } } }],
    [`PATCH ${agent}`, { webhook: { limits: { perMinute: input } } }],
    [`PATCH ${agent}`, { pipeline: { nodes: [{ id: "a", type: input, data: {} }], edges: [] } }],
    [`POST ${agent}/webhook/secrets`, { secret: `${input} ` }],
    [`POST ${agent}/webhook/secrets`, { secret: input, graceSeconds: "soon" }],
    [`POST ${agent}/invoke`, { input: 1, waitSeconds: input }],
    ["POST /providers", { ...provider, apiKey: input, baseUrl: "ftp://x.test" }],
    ["POST /providers", { ...provider, apiKey: [input], baseUrl: "https://x.test" }],
    ["POST /providers", { ...provider, apiKey: input, baseUrl: `https://u:${escaped}@x.test` }],
    ["POST /tokens", { name: "t", scope: "read", token: input }],
    ["POST /tokens", { name: "t", scope: input }],
  ];
  for (const [call, body] of changes) {
    const { status } = await transcript.send({ call, body });
    if (status < 400) throw new Error(`${call} was answered ${status}`);
  }
}
