// What a promise was rejected with, for assertions that the linter sees being awaited.

/** Resolves with the reason; rejects when the promise is fulfilled after all. */
export async function rejection(promise: Promise<unknown> | undefined): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (reason) {
    return reason;
  }
  throw new Error(`it was fulfilled with ${JSON.stringify(value)}`);
}
