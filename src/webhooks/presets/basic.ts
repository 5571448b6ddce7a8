// The secret, `user:password`, in `Authorization: Basic …` (RFC 7617).

import { plainRow } from "./preset";

export const basic = plainRow({ name: "basic", authType: "basic", signature: null });
