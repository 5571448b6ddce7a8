// The deliveries of the bench: JSON of a given size, signed, as bytes.

import { deliveryBytes } from "../tests/support/server-load";
import { sign } from "../tests/support/server-calls";
import { SECRET } from "./baseline-server";

const WORDS = "issue opened label bug server crash after update build log trace retry user".split(
  " ",
);

/** An object in JSON of exactly that many bytes: text of common words, and numbers that compress as badly as ids. */
export function makeBody(bytes: number): string {
  const empty = JSON.stringify({ action: "opened", text: "" });
  let text = "";
  // A linear congruential generator: the same body in every run.
  let state = 42;
  while (text.length < bytes) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    text += `${WORDS[state % WORDS.length]} ${state.toString(36)} `;
  }
  return JSON.stringify({ action: "opened", text: text.slice(0, bytes - empty.length) });
}

/** One delivery to each of the agents. */
export const deliveriesTo = (data: {
  agentIds: string[];
  body: string;
  /** Another one than the receiver's makes a delivery that is refused. */
  secret?: string;
}): Buffer[] => {
  const signature = `sha256=${sign(data.secret ?? SECRET, data.body)}`;
  const headers = { "X-Webhook-Signature": signature, "User-Agent": "hookline-bench" };
  return data.agentIds.map((agentId) => deliveryBytes({ agentId, body: data.body, headers }));
};
