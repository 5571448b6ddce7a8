// The route of an execution's events.

import { Elysia, t } from "elysia";
import type { GuardDeps } from "../../auth/guard";
import { requires } from "../../auth/guard";
import { NoQuery } from "../../auth/paging.schema";
import { invalid } from "../../errors";
import type { ViewDeps } from "../view";
import { getExecutionRow } from "../view";
import type { AnsweringServer } from "../waits";
import type { EventStreams } from "./streams";

type RouteDeps = ViewDeps &
  GuardDeps & {
    streams: EventStreams;
    /** The server of the app; null without a port. */
    server(): AnsweringServer;
  };

/** Ids are ours: 13 digits, then what sorts events of one millisecond. */
const EVENT_ID = /^\d{13}\.\d\.\d{1,9}\.[\w./-]{0,200}$/;

function readLastEventId(request: Request): string | null {
  const id = request.headers.get("last-event-id");
  if (id === null || id === "") return null;
  if (EVENT_ID.test(id)) return id;
  const message = "Last-Event-ID is none of this stream's; leave it out to start at the beginning.";
  throw invalid({ path: "/headers/last-event-id", code: "HEADER_MALFORMED", message });
}

const EXAMPLE_STREAM = `id: 1769851800000.1.1.model/
event: step.started
data: {"nodeId":"model","iteration":"","status":"running","attempt":1}

`;

/** `/agents/{id}/executions/{executionId}/events`. */
export const eventRoutes = (deps: RouteDeps) =>
  new Elysia({ normalize: false }).get(
    "/agents/:id/executions/:executionId/events",
    ({ params, request }) => {
      const { seq, uid } = getExecutionRow(deps, { agentId: params.id, id: params.executionId });
      const stream = deps.streams.open({ seq, uid, lastEventId: readLastEventId(request) });
      // Silence between two events is none of the connection's faults.
      deps.server()?.timeout(request, 0);
      return new Response(stream, {
        headers: {
          "Content-Type": "text/event-stream; charset=utf-8",
          "Cache-Control": "no-store",
          "X-Accel-Buffering": "no",
        },
      });
    },
    {
      ...requires(deps, {
        id: "streamExecutionEvents",
        summary: "Streams an execution's events up to its end",
        description:
          "Server-sent events: `execution.started`, `step.started`, `step.completed`, `step.failed`, `step.skipped`, `step.cancelled`, `execution.finished`, each with what the poll tells but inputs and outputs. Starts at the beginning, or after `Last-Event-ID`; ids stay the same over a restart. A step that a crash has cut is told again, with its next attempt.",
        tag: "Executions",
        scope: "read",
        fails: ["NOT_FOUND", "OVERLOADED", "VALIDATION_ERROR"],
        answers: {
          200: { type: "text/event-stream", schema: t.String({ examples: [EXAMPLE_STREAM] }) },
        },
      }),
      query: NoQuery,
    },
  );
