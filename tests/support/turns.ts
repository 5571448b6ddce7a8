// Turns of the event loop: the smallest step by which things that were asked for get their chance.

/** Resolves in the next turn of the event loop, after what is scheduled before it. */
export const nextTurn = (): Promise<void> => new Promise<void>((resolve) => setImmediate(resolve));

/** Lets `count` turns pass. */
export async function passTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
}

/** Whether a promise has settled by the time that everything already settled has been told. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  const first = await Promise.race([
    promise.then(
      () => null,
      () => null,
    ),
    nextTurn().then(() => pending),
  ]);
  return first !== pending;
}
