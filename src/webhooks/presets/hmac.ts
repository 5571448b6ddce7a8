// Hookline's own signature: HMAC-SHA256 of the raw body in hex, with `sha256=` before it or bare.

import { plainRow } from "./preset";

export const hmac = plainRow({
  name: "hmac",
  authType: "hmac",
  signature: {
    header: "x-webhook-signature",
    prefixes: ["sha256=", ""],
    algorithm: "sha256",
  },
});
