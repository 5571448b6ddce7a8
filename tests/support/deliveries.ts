// Deliveries as the gates leave them, for what comes after the gates.

import type { LiveAgent } from "../../src/agents/directory";
import { systemIds } from "../../src/lib/ids";
import type { Delivery, Refusal } from "../../src/webhooks/delivery";

/** An active agent whose webhook takes signed deliveries, as the directory gives it. */
export const liveAgent = (seq: number): LiveAgent => ({
  seq,
  id: `agt_${seq}`,
  status: "active",
  liveVersion: 1,
  webhookEnabled: true,
  webhook: {
    auth: { type: "hmac", preset: "hmac" },
    limits: {
      perMinute: 100,
      maxConcurrent: 10,
      maxBodyBytes: 1_048_576,
      overflow: "reject",
      maxQueued: 1_000,
    },
    respond: "async",
    allow: { toolIds: null, agentIds: null },
  },
  secrets: [],
});

/** A verified delivery of agent 1 without a body, unless `more` says otherwise. */
export function createDelivery(more: Partial<Delivery> = {}): Delivery {
  return {
    uid: systemIds.uid(),
    requestId: "req_1",
    request: new Request("http://localhost/agents/x/webhook", { method: "POST" }),
    agentId: "agt_1",
    address: "192.0.2.1",
    receivedAt: 0,
    startedTick: 0,
    agent: liveAgent(1),
    preset: null,
    body: new Uint8Array(0),
    release: () => undefined,
    webhook: null,
    verified: true,
    input: null,
    decoding: null,
    event: null,
    deliveryKey: null,
    key: null,
    ...more,
  };
}

export const RATE_LIMITED: Refusal = {
  verdict: "refused",
  gate: "rate",
  reason: "RATE_LIMITED",
  code: "RATE_LIMITED",
};

export const BAD_SIGNATURE: Refusal = {
  verdict: "refused",
  gate: "credential",
  reason: "SIGNATURE_MISMATCH",
  code: "UNAUTHORIZED",
};
