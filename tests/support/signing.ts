// Headers that senders put on a delivery, computed by Node's HMAC: not by the code under test.

import { createHmac } from "node:crypto";

interface Signed {
  secret: string;
  body: string | Uint8Array;
}

/** Hex HMAC of the body, as `openssl dgst -hmac` prints it. */
export const sign = ({ secret, body }: Signed, algorithm = "sha256"): string =>
  createHmac(algorithm, Buffer.from(secret)).update(body).digest("hex");

/** The seed's header, with its prefix. */
export const hmacHeaders = (data: Signed): Record<string, string> => ({
  "X-Webhook-Signature": `sha256=${sign(data)}`,
});

/** The seed's other header. */
export const bearerHeaders = (secret: string): Record<string, string> => ({
  Authorization: `Bearer ${secret}`,
});

/** RFC 7617, of `user:password`. */
export const basicHeaders = (secret: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(secret).toString("base64")}`,
});

/** A GitHub delivery; `event` is `push` and `id` is fixed unless said otherwise. */
export const githubHeaders = (
  data: Signed & { event?: string; id?: string },
): Record<string, string> => ({
  "X-GitHub-Event": data.event ?? "push",
  "X-GitHub-Delivery": data.id ?? "72d3162e-cc78-11e3-81ab-4c9367dc0958",
  "X-Hub-Signature-256": `sha256=${sign(data)}`,
});
