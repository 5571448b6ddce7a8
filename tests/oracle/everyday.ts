// The everyday calls of the API on the generated client: tokens, drafts, keys and tags of requests,
// answers that wait, cancelling. As `client.ts`, it compiles only where the document types them.

import createClient from "openapi-fetch";
import { dataOf, errorOf } from "./answers";
import type { paths } from "./generated/api";

interface Access {
  url: string;
  token: string;
}

const createApi = ({ url, token }: Access) =>
  createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });

/** Makes a token that reads, uses it, and deletes it. */
export async function useToken(access: Access) {
  const api = createApi(access);
  const body = { name: "dashboard", scope: "read", expiresAt: "2099-01-31T09:30:00Z" } as const;
  const { id, token, expiresAt } = dataOf(await api.POST("/tokens", { body }));
  const reader = createApi({ url: access.url, token });
  dataOf(await reader.GET("/agents"));
  const forbidden = errorOf(await reader.POST("/agents", { body: { name: "mine" } }));
  const names = dataOf(await api.GET("/tokens")).map(({ name }) => name);
  const deleted = await api.DELETE("/tokens/{id}", { params: { path: { id } } });
  const refused = errorOf(await reader.GET("/agents"));
  return {
    expiresAt: new Date(expiresAt ?? 0).toISOString(),
    names,
    codes: [forbidden.code, refused.code],
    deleted: deleted.response.status,
  };
}

/** Judges a draft, changes it by the tag it was read with, and copies the agent. */
export async function changeDraft(access: Access) {
  const api = createApi(access);
  const made = await api.POST("/agents", { body: { name: "drafts" } });
  const params = { path: { id: dataOf(made).id } };
  const judged = dataOf(await api.POST("/agents/{id}/validate", { params }));

  const ifMatch = { "If-Match": made.response.headers.get("etag") ?? "" };
  const tagged = { params: { ...params, header: ifMatch } };
  dataOf(await api.PATCH("/agents/{id}", { ...tagged, body: { description: "first" } }));
  const late = await api.PATCH("/agents/{id}", { ...tagged, body: { description: "second" } });

  const key = { params: { ...params, header: { "Idempotency-Key": "copy-1" } } };
  const copy = dataOf(await api.POST("/agents/{id}/duplicate", key));
  const again = await api.POST("/agents/{id}/duplicate", key);
  return {
    valid: judged.valid,
    late: errorOf(late).code,
    copy: copy.name,
    same: dataOf(again).id === copy.id,
    replayed: again.response.headers.get("idempotent-replayed"),
  };
}

/** Runs an agent to its end, and reads the run again only where it has changed. */
export async function runAndRead(access: Access) {
  const api = createApi(access);
  const { id } = dataOf(
    await api.POST("/agents", { body: { name: "runs", webhookEnabled: true } }),
  );
  const ended = dataOf(
    await api.POST("/agents/{id}/invoke", {
      params: { path: { id }, header: { "Idempotency-Key": "run-1" } },
      body: { input: { message: "Hello" }, waitSeconds: 30 },
    }),
  );
  // The two answers are told apart by whether there is an output yet.
  const output = "output" in ended ? ended.output : undefined;

  const path = { id, executionId: ended.executionId };
  const first = await api.GET("/agents/{id}/executions/{executionId}", {
    params: { path, query: { wait: 30 } },
  });
  const tag = first.response.headers.get("etag") ?? "";
  const unchanged = await api.GET("/agents/{id}/executions/{executionId}", {
    params: { path, header: { "If-None-Match": tag } },
  });
  const cancelled = await api.POST("/agents/{id}/executions/{executionId}/cancel", {
    params: { path },
  });
  return {
    output,
    status: dataOf(first).status,
    unchanged: unchanged.response.status,
    cancelled: errorOf(cancelled).code,
  };
}
