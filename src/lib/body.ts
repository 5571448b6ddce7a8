// Reading request bodies: bounded each, and bounded together.

export interface ByteBudget {
  /** Takes `bytes` of the budget, or says that they do not fit. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
}

/** Bodies that may be in memory at once before they are read whole. */
export const IN_FLIGHT_BYTES = 64 * 1024 * 1024;

/** A budget of `limit` bytes for all requests together. */
export function createByteBudget(limit = IN_FLIGHT_BYTES): ByteBudget {
  let used = 0;
  return {
    reserve(bytes) {
      if (used + bytes > limit) return false;
      used += bytes;
      return true;
    },
    release(bytes) {
      used -= bytes;
    },
  };
}

export type BodyReading =
  | { ok: true; bytes: Uint8Array }
  | { ok: false; problem: "too_large" | "encoded" | "overloaded" | "aborted" };

/** Reads the raw body, at most `maxBytes`, without decoding it. */
export async function readBody(
  deps: { budget: ByteBudget },
  data: { request: Request; maxBytes: number },
): Promise<BodyReading> {
  const { headers } = data.request;
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    return { ok: false, problem: "encoded" };
  }
  const declared = headers.get("content-length") ?? "";
  // Absent, or declared twice: then only what arrives counts.
  if (!/^\d+$/.test(declared)) return readChunks(deps, data);
  const length = Number(declared);
  if (length > data.maxBytes) return { ok: false, problem: "too_large" };
  return length > SMALL_BYTES ? readChunks(deps, data) : readSmall(deps, data.request);
}

/**
 * Read in one piece, which is faster, and counted once it is there: a sender that announces bytes
 * and holds them back takes nothing of the budget.
 */
const SMALL_BYTES = 64 * 1024;

async function readSmall(deps: { budget: ByteBudget }, request: Request): Promise<BodyReading> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await request.arrayBuffer());
  } catch {
    // The sender closed the connection; there is nobody to answer.
    return { ok: false, problem: "aborted" };
  }
  if (!deps.budget.reserve(bytes.length)) return { ok: false, problem: "overloaded" };
  deps.budget.release(bytes.length);
  return { ok: true, bytes };
}

async function readChunks(
  deps: { budget: ByteBudget },
  data: { request: Request; maxBytes: number },
): Promise<BodyReading> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  let reserved = 0;
  try {
    for await (const chunk of data.request.body ?? []) {
      total += chunk.length;
      if (total > data.maxBytes) return { ok: false, problem: "too_large" };
      if (!deps.budget.reserve(chunk.length)) return { ok: false, problem: "overloaded" };
      reserved += chunk.length;
      chunks.push(chunk);
    }
    return { ok: true, bytes: new Uint8Array(Buffer.concat(chunks)) };
  } catch {
    return { ok: false, problem: "aborted" };
  } finally {
    deps.budget.release(reserved);
  }
}
