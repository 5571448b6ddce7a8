// Who may call which route, and what a call that is let in is answered. One row for every route of
// the app: `matrix.test.ts` fails for a route without one.

import { documentOf, pipelineOf } from "../../support/agents";

/** What a route asks of its caller; `webhook` asks for the webhook's own credential. */
export type Needs = "nobody" | "read" | "operate" | "admin" | "webhook";

export interface RouteRow {
  needs: Needs;
  /** Status for those who are let in. */
  status: number;
  body?: unknown;
  /** What has to stand behind the path. */
  query?: string;
  /** Covered by no token that is bound to an agent. */
  beyondAgent?: boolean;
  /** Also read by the token of a `Location`. */
  readLink?: boolean;
}

const open = (status = 200): RouteRow => ({ needs: "nobody", status });
const read: RouteRow = { needs: "read", status: 200 };
const operate: RouteRow = { needs: "operate", status: 200 };
const admin = (status: number, body?: unknown): RouteRow => ({ needs: "admin", status, body });
/** Answered 405 to everybody: only POST is taken. */
const wrongMethod: RouteRow = open(405);

const PROVIDER = { type: "openai-compatible", name: "p", baseUrl: "https://x.test/v1" };

const TOOL = { type: "http", name: "t", method: "GET", url: "https://x.test/" };

/** By method and path, as the app names them. */
export const ROUTES: Record<string, RouteRow> = {
  "GET /healthz": open(),
  "GET /readyz": open(),
  "GET /swagger": open(),
  "GET /swagger/json": open(),
  "GET /swagger/:asset": open(),
  "GET /agents": read,
  "POST /agents": admin(201, { name: "a", pipeline: pipelineOf() }),
  "GET /agents/templates": { ...read, beyondAgent: true },
  "POST /agents/import": admin(201, documentOf()),
  "GET /agents/:id/export": read,
  "GET /agents/:id": read,
  "PATCH /agents/:id": admin(200, { name: "b" }),
  "DELETE /agents/:id": admin(204),
  "POST /agents/:id/validate": admin(200, {}),
  "POST /agents/:id/duplicate": { ...admin(201, {}), beyondAgent: true },
  "POST /agents/:id/activate": admin(200),
  "POST /agents/:id/deactivate": admin(200),
  "GET /agents/:id/versions": read,
  "GET /agents/:id/versions/:version": read,
  "GET /agents/:id/versions/:version/diff": { ...read, query: "from=1" },
  "POST /agents/:id/versions/:version/rollback": admin(200, {}),
  "POST /agents/:id/webhook/secrets": admin(201, {}),
  "GET /providers": read,
  "POST /providers": admin(201, PROVIDER),
  "GET /providers/:id": read,
  "PATCH /providers/:id": admin(200, { name: "q" }),
  // Without a model: the matrix's provider is not to be called.
  "POST /providers/:id/test": { needs: "operate", status: 422, body: {} },
  "DELETE /providers/:id": admin(204),
  "GET /prices": read,
  "POST /prices": admin(201, { provider: "openai", model: "n", input: 1, output: 2 }),
  "GET /prices/:id": read,
  "PATCH /prices/:id": admin(200, { input: 3 }),
  "DELETE /prices/:id": admin(204),
  "GET /tools": read,
  "POST /tools": admin(201, TOOL),
  "POST /tools/discover": admin(200, { url: "http://127.0.0.1:1/mcp" }),
  "GET /tools/:id": read,
  "PATCH /tools/:id": admin(200, { name: "q" }),
  "POST /tools/:id/test": { ...operate, body: { params: {} } },
  "DELETE /tools/:id": admin(204),
  "GET /secrets": read,
  "PUT /secrets/:name": admin(200, { value: "x" }),
  "DELETE /secrets/:name": admin(204),
  "GET /tokens": admin(200),
  "POST /tokens": admin(201, { name: "a", scope: "admin" }),
  "GET /tokens/:id": admin(200),
  "DELETE /tokens/:id": admin(204),
  "GET /agents/:id/executions": read,
  "GET /agents/:id/executions/:executionId": { ...read, readLink: true },
  // The matrix's execution has ended by then.
  "POST /agents/:id/executions/:executionId/cancel": { ...operate, status: 409 },
  "GET /agents/:id/executions/:executionId/compare": {
    ...read,
    status: 404,
    query: "with=exec_none",
  },
  "GET /agents/:id/executions/:executionId/events": read,
  "POST /agents/:id/executions/:executionId/replay": { ...operate, body: {} },
  // It has ended otherwise.
  "POST /agents/:id/executions/:executionId/resume": {
    needs: "operate",
    status: 409,
    body: { call: "discard" },
  },
  "POST /agents/:id/invoke": { ...operate, body: { input: 1 } },
  "POST /agents/:id/webhook": { needs: "webhook", status: 200, body: 1 },
  "GET /agents/:id/webhook": wrongMethod,
  "PUT /agents/:id/webhook": wrongMethod,
  "PATCH /agents/:id/webhook": wrongMethod,
  "DELETE /agents/:id/webhook": wrongMethod,
  "OPTIONS /agents/:id/webhook": wrongMethod,
  "GET /deliveries": read,
  "GET /deliveries/:deliveryId": read,
  "GET /deliveries/:deliveryId/raw": operate,
  "GET /agents/:id/deliveries": read,
  "GET /agents/:id/deliveries/:deliveryId": read,
  "GET /agents/:id/deliveries/:deliveryId/raw": operate,
};
