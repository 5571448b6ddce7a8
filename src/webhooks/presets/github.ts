// GitHub (docs.github.com, "Validating webhook deliveries"): the signature covers the raw body, also
// where it is a form; X-Hub-Signature with SHA-1 is legacy and ignored. Bodies reach 25 MB.
// A delivery that is not answered with 2xx within 10 seconds has failed, and never comes again.

import type { PresetRow } from "./preset";
import { plainRow } from "./preset";

export const github: PresetRow = {
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
  overflow: "queue",
  deadlineSeconds: 10,
};
