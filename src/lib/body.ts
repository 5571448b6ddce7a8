// Reading request bodies: bounded each, and bounded together.

export interface ByteBudget {
  /** Takes `bytes` for `lane`, or says that they do not fit. */
  reserve(lane: string, bytes: number): boolean;
  release(lane: string, bytes: number): void;
}

/** Bodies that may be in memory at once before they are answered. */
export const IN_FLIGHT_BYTES = 64 * 1024 * 1024;

/** A budget of `limit` bytes for all lanes together, of which one lane gets half. */
export function createByteBudget(limit = IN_FLIGHT_BYTES): ByteBudget {
  const byLane = new Map<string, number>();
  let used = 0;
  return {
    reserve(lane, bytes) {
      const own = (byLane.get(lane) ?? 0) + bytes;
      if (used + bytes > limit || own > limit / 2) return false;
      used += bytes;
      byLane.set(lane, own);
      return true;
    },
    release(lane, bytes) {
      used -= bytes;
      const own = (byLane.get(lane) ?? 0) - bytes;
      if (own > 0) byLane.set(lane, own);
      else byLane.delete(lane);
    },
  };
}

export type BodyReading =
  | {
      ok: true;
      bytes: Uint8Array;
      /** Gives the budget back; to be called once the request is answered. */
      release: () => void;
    }
  | { ok: false; problem: "too_large" | "encoded" | "overloaded" | "aborted" | "slow" };

export interface BodyRequest {
  request: Request;
  maxBytes: number;
  /** Whose part of the budget it takes, such as an address. */
  lane: string;
}

/**
 * Read in one piece, which is faster, and never refused by the budget: a sender that announces
 * bytes and holds them back takes none of it, and small bodies come through under any load.
 */
const SMALL_BYTES = 64 * 1024;
/** How long a large body may take to arrive. */
const DEADLINE_MS = 15_000;

/** Reads the raw body, at most `maxBytes`, without decoding it. */
export function readBody(deps: { budget: ByteBudget }, data: BodyRequest): Promise<BodyReading> {
  const { headers } = data.request;
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    return Promise.resolve({ ok: false, problem: "encoded" });
  }
  const declared = headers.get("content-length") ?? "";
  // Absent, or declared twice: then only what arrives counts.
  if (!/^\d+$/.test(declared)) return readChunks(deps, data);
  const length = Number(declared);
  if (length > data.maxBytes) return Promise.resolve({ ok: false, problem: "too_large" });
  return length > SMALL_BYTES ? readChunks(deps, data) : readSmall(data.request);
}

const holdNothing = (): void => undefined;
const wholeBody = (bytes: Uint8Array): BodyReading => ({ ok: true, bytes, release: holdNothing });
/** The sender closed the connection; there is nobody to answer. */
const ABORTED: BodyReading = { ok: false, problem: "aborted" };

const readSmall = (request: Request): Promise<BodyReading> =>
  request.bytes().then(wholeBody, () => ABORTED);

/** Takes the chunks of a body until its end, or says why not. */
async function takeChunks(
  data: BodyRequest,
  add: (chunk: Uint8Array) => "too_large" | "overloaded" | null,
): Promise<"too_large" | "overloaded" | "aborted" | "slow" | null> {
  const reader = data.request.body?.getReader();
  if (reader === undefined) return null;
  let isSlow = false;
  const timer = setTimeout(() => {
    isSlow = true;
    reader.cancel().catch(() => undefined);
  }, DEADLINE_MS);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (isSlow) return "slow";
      if (done) return null;
      const problem = add(value);
      if (problem === null) continue;
      reader.cancel().catch(() => undefined);
      return problem;
    }
  } catch {
    return isSlow ? "slow" : "aborted";
  } finally {
    clearTimeout(timer);
  }
}

async function readChunks(deps: { budget: ByteBudget }, data: BodyRequest): Promise<BodyReading> {
  const { budget } = deps;
  const { lane } = data;
  const chunks: Uint8Array[] = [];
  let total = 0;
  let reserved = 0;
  const problem = await takeChunks(data, (chunk) => {
    total += chunk.length;
    if (total > data.maxBytes) return "too_large";
    if (!budget.reserve(lane, chunk.length)) return "overloaded";
    reserved += chunk.length;
    chunks.push(chunk);
    return null;
  });
  const release = (): void => budget.release(lane, reserved);
  if (problem === null) return { ok: true, bytes: new Uint8Array(Buffer.concat(chunks)), release };
  release();
  return { ok: false, problem };
}
