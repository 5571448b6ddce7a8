// An app whose agent calls a model that the test answers: deliveries wait, run and end when told.

import { agentOnProvider } from "./agents";
import { createTestApp } from "./app";
import { createHeldOutbound } from "./held-outbound";

/** The app with `slots` slots, its agent made with `patch`, and the held calls. */
export async function createHeldApp(slots = 1, patch: Record<string, unknown> = {}) {
  const held = createHeldOutbound();
  const app = await createTestApp({ outbound: held.outbound, config: { slots } });
  const agent = await agentOnProvider(app, patch);
  const deliver = async (body = "1"): Promise<string> =>
    (await app.deliver(agent.id, body)).data.executionId;
  const poll = (id: string) => app.api(`GET /agents/${agent.id}/executions/${id}`);
  return { app, held, agent, deliver, poll };
}
