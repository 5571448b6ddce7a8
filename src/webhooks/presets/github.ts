// GitHub (docs.github.com, "Validating webhook deliveries"): the signature covers the raw body, also
// where it is a form; X-Hub-Signature with SHA-1 is legacy and ignored. Bodies reach 25 MB.

import { plainRow } from "./preset";

export const github = {
  ...plainRow({
    name: "github",
    authType: "hmac",
    signature: {
      header: "x-hub-signature-256",
      prefixes: ["sha256="],
      algorithm: "sha256",
    },
  }),
  deliveryIdHeader: "x-github-delivery",
  eventHeader: "x-github-event",
  eventField: "action",
  pingEvents: ["ping"],
  formField: "payload",
  maxBodyBytes: 5 * 1024 * 1024,
};
