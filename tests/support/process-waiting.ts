// Waiting for what must come: every wait has a deadline and says what it waited for.

/** Long enough for a slow machine; a wait that succeeds ends at once. */
const DEADLINE_MS = 20_000;
const LOOK_AGAIN_MS = 5;

/** Looks until `read` gives something; rejects where that takes too long. */
export async function eventually<T>(
  what: string,
  read: () => Promise<T | null> | T | null,
): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const value = await read();
    if (value !== null) return value;
    if (performance.now() > deadline) throw new Error(`waited too long for ${what}`);
    await Bun.sleep(LOOK_AGAIN_MS);
  }
}

/** The promise, rejected where it takes too long. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited too long for ${what}`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
