// Agents whose webhook takes deliveries of GitHub, and such deliveries.

import type { DeliveryRequest, Target } from "./server-calls";
import { githubHeaders, makeAgent } from "./server-calls";

export interface GithubAgent {
  agentId: string;
  secret: string;
}

/** An agent with that pipeline and the preset's settings. */
export async function makeGithubAgent(target: Target, pipeline: unknown): Promise<GithubAgent> {
  const webhook = { auth: { type: "hmac", preset: "github" } };
  const agent = await makeAgent(target, { pipeline, webhook });
  return { agentId: agent.id, secret: agent.webhookSecret };
}

/** A signed delivery as GitHub sends it. */
export function signed(
  agent: GithubAgent,
  data: { event: string; body: Buffer; delivery?: string },
): DeliveryRequest {
  const { event, body, delivery = "0b989ba4-242f-11e5-81e1-c7b6966d2516" } = data;
  const headers = githubHeaders({ secret: agent.secret, body, event, delivery });
  return { agentId: agent.agentId, body, headers };
}
