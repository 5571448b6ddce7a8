// The secret in `Authorization: Bearer …` (RFC 6750).

import { plainRow } from "./preset";

export const bearer = plainRow({ name: "bearer", authType: "bearer", signature: null });
