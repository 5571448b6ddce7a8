// `respond`: whether the answer to a delivery waits for an execution's end, and for which one's.

import type { Wait, Waits } from "../executions/waits";
import { awaitEnd } from "../executions/waits";
import type { ViewDeps } from "../executions/view";
import type { Answering } from "./answer";
import { answer } from "./answer";
import type { Delivery, Incoming, Outcome } from "./delivery";
import { withoutBody } from "./delivery";

export type RespondDeps = Answering & ViewDeps & { waits: Waits };

interface Decided {
  delivery: Delivery;
  outcome: Outcome;
}

interface Expected {
  seq: number;
  uid: Uint8Array;
}

/** The execution whose end is of interest: the delivery's own, or that of the one it repeats. */
function executionOf({ delivery, outcome }: Decided): Expected | null {
  if (outcome.verdict === "duplicate") return outcome.first;
  return outcome.verdict === "accepted" ? { seq: outcome.seq, uid: delivery.uid } : null;
}

async function answerLater(
  deps: RespondDeps,
  data: Decided & { wait: Wait; execution: Expected },
): Promise<Response> {
  const end = await awaitEnd(deps, { ...data.wait, ...data.execution });
  return answer(deps, { ...data, late: { end } });
}

/**
 * Answers at once, or where the webhook says so once the execution has ended, at the latest after
 * `waitSeconds`. A repeat waits as the first did: its sender lost that answer.
 */
export function respond(
  deps: RespondDeps,
  data: Decided & { incoming: Incoming },
): Response | Promise<Response> {
  const { delivery, outcome, incoming } = data;
  const setting = delivery.webhook?.agent.webhook.respond ?? "async";
  if (setting === "async") return answer(deps, data);
  const execution = executionOf(data);
  if (execution === null) return answer(deps, data);
  const wait = { seconds: setting.waitSeconds, ...incoming };
  // A minute is too long to hold a large body that nobody counts any more.
  return answerLater(deps, { delivery: withoutBody(delivery), outcome, wait, execution });
}
