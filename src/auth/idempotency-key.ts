// The header Idempotency-Key: how it is read. What it does is left to `once.ts` and to the webhook.

import { AppError } from "../errors";

/** Visible ASCII, as header values can carry it. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** Whether a text can be a key. */
export const isIdempotencyKey = (text: string): boolean => KEY.test(text);

/** The key of a request, null without one; throws IDEMPOTENCY_KEY_INVALID. */
export function idempotencyKeyOf(request: Request): string | null {
  const text = request.headers.get("idempotency-key");
  if (text === null || isIdempotencyKey(text)) return text;
  throw new AppError("IDEMPOTENCY_KEY_INVALID");
}
