// The webhook itself, and the ledger of its deliveries.

import { Elysia, t } from "elysia";
import { findAgentSeq } from "../agents/agents.store";
import type { GuardDeps } from "../auth/guard";
import { requires } from "../auth/guard";
import { NoQuery, pageFields } from "../auth/paging.schema";
import { AppError, invalid } from "../errors";
import type { AnsweringServer } from "../executions/waits";
import type { PeerLookup, ProxyDeps } from "../lib/network/forwarded";
import { arrivalOf, clientOf } from "../lib/network/forwarded";
import type { Operation } from "../lib/operation";
import { answer, answerList, EXAMPLE, pageOf, success, successList, words } from "../lib/wire";
import { REASONS, VERDICTS } from "../vocabulary";
import { rawBody, viewDeliveries, viewDelivery } from "./deliveries";
import { DeliverySchema, DeliverySummarySchema } from "./deliveries.schema";
import type { DeliveryFilter } from "./deliveries.store";
import type { ReceiveDeps } from "./receive";
import { receive } from "./receive";
import { WEBHOOK_DETAIL } from "./webhook-operation";

const OTHER_METHODS = ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

const listQuery = t.Object(
  {
    verdict: t.Optional({ ...words(VERDICTS), description: "Only what became of them so." }),
    reason: t.Optional({ ...words(REASONS), description: "Only those refused or noted for this." }),
    event: t.Optional(
      t.String({
        maxLength: 200,
        description: "Only of this event of the sender.",
        examples: ["issues.opened"],
      }),
    ),
    from: t.Optional(
      t.String({ maxLength: 40, description: "Received then or later.", examples: [EXAMPLE.time] }),
    ),
    to: t.Optional(
      t.String({ maxLength: 40, description: "Received before then.", examples: [EXAMPLE.later] }),
    ),
    ...pageFields,
  },
  { additionalProperties: false },
);

function readTime(field: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return at;
  const message = "Give a time such as 2026-01-31T09:30:00Z.";
  throw invalid({ path: `/${field}`, code: "TIME_INVALID", message });
}

function toFilter(query: typeof listQuery.static, agent: number | null): DeliveryFilter {
  return {
    agent,
    ...pageOf(query),
    verdict: query.verdict ?? null,
    reason: query.reason ?? null,
    event: query.event ?? null,
    from: readTime("from", query.from),
    to: readTime("to", query.to),
  };
}

/** What listens for the app; null without a port. */
export type ListeningServer = (AnsweringServer & NonNullable<PeerLookup>) | null;

export interface ListeningDeps {
  /**
   * Asked at each request, in place of the context's own `server`: for a route whose handler or hooks
   * name that, the framework defines a property on every context, which slows it down.
   */
  server(): ListeningServer;
}

/** `/agents/{id}/webhook`: raw bytes in, whatever their content type; never parsed by the framework. */
function webhookRoute(deps: ReceiveDeps & ProxyDeps & ListeningDeps) {
  const handle = (request: Request, agentId: string): Promise<Response> => {
    const server = deps.server();
    const address = clientOf(deps, arrivalOf({ request, server }));
    return receive(deps, { request, agentId, address, server });
  };
  const app = new Elysia({ normalize: false }).post(
    "/agents/:id/webhook",
    ({ request, params }) => handle(request, params.id),
    {
      parse: "none",
      detail: WEBHOOK_DETAIL,
    },
  );
  for (const method of OTHER_METHODS) {
    app.route(method, "/agents/:id/webhook", ({ request, params }) => handle(request, params.id), {
      parse: "none",
      detail: { hide: true },
    });
  }
  return app;
}

const RAW_ANSWER: Pick<Operation, "headers" | "answers"> = {
  headers: ["Content-Disposition"],
  answers: {
    200: { type: "application/octet-stream", schema: t.String({ format: "binary" }) },
  },
};

/** Bytes of a stranger: saved, never rendered. */
const rawAnswer = (bytes: Uint8Array): Response =>
  new Response(bytes, {
    headers: {
      "Content-Type": "application/octet-stream",
      "Content-Disposition": 'attachment; filename="body"',
      "X-Content-Type-Options": "nosniff",
      "Cache-Control": "no-store",
    },
  });

function ledgerRoutes(deps: ReceiveDeps & GuardDeps) {
  const list = { 200: answerList(DeliverySummarySchema) };
  const one = { 200: answer(DeliverySchema) };
  return new Elysia({ normalize: false })
    .get("/deliveries", ({ query }) => successList(viewDeliveries(deps, toFilter(query, null))), {
      ...requires(deps, {
        id: "listDeliveries",
        summary: "Lists deliveries of all agents, newest first",
        tag: "Deliveries",
        scope: "read",
      }),
      query: listQuery,
      response: list,
    })
    .get(
      "/deliveries/:deliveryId",
      ({ params }) => success(viewDelivery(deps, { id: params.deliveryId })),
      {
        ...requires(deps, {
          id: "getDelivery",
          summary: "Reads a delivery, the gates it passed and our answer",
          tag: "Deliveries",
          scope: "read",
          fails: ["NOT_FOUND"],
        }),
        query: NoQuery,
        response: one,
      },
    )
    .get(
      "/deliveries/:deliveryId/raw",
      ({ params }) => rawAnswer(rawBody(deps, { id: params.deliveryId })),
      {
        ...requires(deps, {
          id: "getDeliveryBody",
          summary: "Downloads a delivery's body as received",
          tag: "Deliveries",
          scope: "operate",
          fails: ["NOT_FOUND"],
          ...RAW_ANSWER,
        }),
        query: NoQuery,
      },
    )
    .get(
      "/agents/:id/deliveries",
      ({ params, query }) => {
        const agent = findAgentSeq(deps, params.id);
        if (agent === undefined) throw new AppError("NOT_FOUND");
        return successList(viewDeliveries(deps, toFilter(query, agent)));
      },
      {
        ...requires(deps, {
          id: "listDeliveriesOfAgent",
          summary: "Lists an agent's deliveries, newest first",
          tag: "Deliveries",
          scope: "read",
          fails: ["NOT_FOUND"],
        }),
        query: listQuery,
        response: list,
      },
    )
    .get(
      "/agents/:id/deliveries/:deliveryId",
      ({ params }) => success(viewDelivery(deps, { agentId: params.id, id: params.deliveryId })),
      {
        ...requires(deps, {
          id: "getDeliveryOfAgent",
          summary: "Reads one of an agent's deliveries",
          tag: "Deliveries",
          scope: "read",
          fails: ["NOT_FOUND"],
        }),
        query: NoQuery,
        response: one,
      },
    )
    .get(
      "/agents/:id/deliveries/:deliveryId/raw",
      ({ params }) => rawAnswer(rawBody(deps, { agentId: params.id, id: params.deliveryId })),
      {
        ...requires(deps, {
          id: "getDeliveryBodyOfAgent",
          summary: "Downloads the body of one of an agent's deliveries",
          tag: "Deliveries",
          scope: "operate",
          fails: ["NOT_FOUND"],
          ...RAW_ANSWER,
        }),
        query: NoQuery,
      },
    );
}

/** The webhook and its ledger. */
export const webhookRoutes = (deps: ReceiveDeps & GuardDeps & ListeningDeps) =>
  new Elysia({ normalize: false }).use(webhookRoute(deps)).use(ledgerRoutes(deps));
