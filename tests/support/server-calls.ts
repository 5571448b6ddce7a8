// What tests ask of a running server: API calls, deliveries with their signatures, agents and
// providers, and executions once they have ended.

import { createHmac } from "node:crypto";
import { readAnswer, type ApiAnswer } from "./app";
import { eventually } from "./process-waiting";

/** Where a server is, and who asks. */
export interface Target {
  url: string;
  token: string;
}

export interface Call {
  /** `GET /agents`. */
  call: string;
  /** Sent as JSON. */
  body?: unknown;
  /** In place of the target's own; null sends none. */
  token?: string | null;
  /** Besides those of token and body. */
  headers?: Record<string, string>;
}

/** One API call. */
export async function ask(target: Target, data: Call | string): Promise<ApiAnswer> {
  const { call, body, token = target.token } = typeof data === "string" ? { call: data } : data;
  const [method = "GET", path = "/"] = call.split(" ");
  const headers = new Headers(typeof data === "string" ? {} : data.headers);
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${target.url}${path}`, {
    method,
    headers,
    redirect: "manual",
    keepalive: false,
    ...init,
  });
  return readAnswer(response);
}

/** The data of a call that must succeed. */
// oxlint-disable-next-line typescript/no-explicit-any
export async function askData(target: Target, data: Call | string): Promise<any> {
  const answer = await ask(target, data);
  if (answer.status < 300) return answer.data;
  throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
}

export interface DeliveryRequest {
  agentId: string;
  /** Text and bytes as they are, anything else as JSON. */
  body: unknown;
  headers?: Record<string, string>;
}

const toBytes = (body: unknown): string | Uint8Array<ArrayBuffer> => {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
};

/** One delivery, as JSON unless the headers say otherwise. */
export async function deliver(target: Target, data: DeliveryRequest): Promise<ApiAnswer> {
  const response = await fetch(`${target.url}/agents/${data.agentId}/webhook`, {
    method: "POST",
    body: toBytes(data.body),
    headers: { "Content-Type": "application/json", ...data.headers },
    keepalive: false,
  });
  return readAnswer(response);
}

/** The execution's id of a delivery that must be accepted. */
export async function deliverAccepted(target: Target, data: DeliveryRequest): Promise<string> {
  const answer = await deliver(target, data);
  if (answer.status === 200) return answer.data.executionId;
  throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
}

/** HMAC-SHA256 in hex. */
export const sign = (secret: string, body: string | Uint8Array): string =>
  createHmac("sha256", secret).update(body).digest("hex");

/** Headers of a delivery as GitHub sends them. */
export const githubHeaders = (data: {
  secret: string;
  body: string | Uint8Array;
  event: string;
  delivery: string;
}): Record<string, string> => ({
  "User-Agent": "GitHub-Hookshot/044aadd",
  "X-GitHub-Delivery": data.delivery,
  "X-GitHub-Event": data.event,
  "X-Hub-Signature-256": `sha256=${sign(data.secret, data.body)}`,
});

/** Limits that never stand in the way. */
export const NO_LIMITS = { perMinute: 1_000_000, maxConcurrent: 1_000_000 };

/** A new agent with its webhook on; `patch` as of PATCH /agents/{id}. */
export const makeAgent = (target: Target, patch: Record<string, unknown> = {}) =>
  askData(target, {
    call: "POST /agents",
    body: { name: "agent", webhookEnabled: true, ...patch },
  });

/** The id of a new provider at `baseUrl`, OpenAI-compatible unless `type` says otherwise. */
export async function makeProvider(
  target: Target,
  data: { baseUrl: string; apiKey?: string; type?: string },
): Promise<string> {
  const body = { type: "openai-compatible", name: "stub", ...data };
  return (await askData(target, { call: "POST /providers", body })).id;
}

export interface ExecutionId {
  agentId: string;
  executionId: string;
}

/** An execution as it is now. */
export const readExecution = (target: Target, data: ExecutionId) =>
  askData(target, `GET /agents/${data.agentId}/executions/${data.executionId}`);

/** An execution once it has ended. */
export const readEnded = (target: Target, data: ExecutionId) =>
  eventually(`the end of ${data.executionId}`, async () => {
    const execution = await readExecution(target, data);
    return execution.status === "running" ? null : execution;
  });

/** All executions of an agent, newest first. */
export async function listExecutions(
  target: Target,
  agentId: string,
): Promise<{ id: string; status: string; waiting: boolean }[]> {
  const found = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? "" : `&cursor=${cursor}`;
    const { body } = await ask(target, `GET /agents/${agentId}/executions?limit=200${after}`);
    found.push(...body.data);
    cursor = body.page.nextCursor;
  } while (cursor !== null);
  return found;
}
