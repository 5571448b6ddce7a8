// Writes that are done once for an Idempotency-Key: the key is claimed in the very transaction of
// the work, so that neither a crash nor a second request does it twice; its answer is kept for a day.

import type { Db } from "../db/open";
import type { Writer } from "../db/writer";
import { AppError } from "../errors";
import type { Clock } from "../lib/clock";
import { equalBytes, hmac, sha256 } from "../lib/crypto";
import type { MasterKey } from "../secrets/master-key";
import type { Answer, Claim, KeptAnswer } from "./answers.store";
import { findKept, insertClaim, keepAnswer, openAnswer } from "./answers.store";
import type { Attempts } from "./attempts";
import { bearerOf } from "./guard";
import { idempotencyKeyOf } from "./idempotency-key";

export interface OnceDeps {
  db: Db;
  clock: Clock;
  writer: Writer;
  masterKey: MasterKey;
  attempts: Attempts;
}

/** What a route puts into its answer besides the body. */
export interface Answering {
  status?: number | string;
  headers: Record<string, string | number>;
}

interface Call<Deps, T> {
  request: Request;
  /** As parsed; left out where the route reads none. */
  body?: unknown;
  set: Answering;
  /** The work and its answer; it writes through the `writer` of the deps it is given. */
  run(deps: Deps): Promise<T>;
}

const KEPT_MS = 24 * 3_600_000;

/** Headers that belong to the first answer, not to the request that asks for it again. */
const KEPT_HEADERS = ["location", "etag"];

/**
 * Runs a write, or where its Idempotency-Key has been used for it answers as the first time, with
 * `Idempotent-Replayed: true`. A write that fails claims nothing. Throws IDEMPOTENCY_MISMATCH for
 * another body, and IDEMPOTENCY_ANSWER_LOST where the work was done and its answer is not there.
 */
export async function once<Deps extends OnceDeps, T extends object>(
  deps: Deps,
  call: Call<Deps, T>,
): Promise<T> {
  const key = idempotencyKeyOf(call.request);
  if (key === null) return call.run(deps);
  const scope = scopeOf(call.request, key);
  const leave = await deps.attempts.enter(scope.toString("hex"));
  try {
    const claim = { scope, bodyMac: macOf(deps, call.body), expiresAt: deps.clock.now() + KEPT_MS };
    const kept = findKept(deps, { scope, now: deps.clock.now() });
    if (kept === null) return await runFirst(deps, { call, claim });
    // A `Response` is sent as it is: the schema may have grown since an earlier version kept it.
    return replay(deps, { claim, kept }) as T;
  } finally {
    leave();
  }
}

/** Of one caller and one address: the same key of another token, or elsewhere, is another key. */
function scopeOf(request: Request, key: string): Buffer {
  const { pathname } = new URL(request.url);
  return sha256(JSON.stringify([bearerOf(request), request.method, pathname, key]));
}

const macOf = (deps: OnceDeps, body: unknown): Buffer =>
  hmac({ algorithm: "sha256", key: deps.masterKey.bytes, parts: [JSON.stringify(body) ?? ""] });

async function runFirst<Deps extends OnceDeps, T>(
  deps: Deps,
  { call, claim }: { call: Call<Deps, T>; claim: Claim },
): Promise<T> {
  let claimed = false;
  const writer: Writer = {
    write: (job, committed) =>
      deps.writer.write(
        () => {
          if (!claimed) insertClaim(deps, claim);
          return job();
        },
        (value) => {
          claimed = true;
          committed?.(value);
        },
      ),
    drained: () => deps.writer.drained(),
  };
  const value = await call.run({ ...deps, writer });
  await keep(deps, { claim, claimed, answer: toAnswer(call.set, value) });
  return value;
}

function toAnswer(set: Answering, value: unknown): Answer {
  const headers = KEPT_HEADERS.flatMap((name): [string, string][] => {
    const text = set.headers[name];
    return text === undefined ? [] : [[name, String(text)]];
  });
  return {
    status: typeof set.status === "number" ? set.status : 200,
    headers: Object.fromEntries(headers),
    body: JSON.stringify(value),
  };
}

interface Kept {
  claim: Claim;
  /** Whether the work has claimed it; what wrote nothing, such as a judgement, has not. */
  claimed: boolean;
  answer: Answer;
}

async function keep(deps: OnceDeps, { claim, claimed, answer }: Kept): Promise<void> {
  try {
    await deps.writer.write(() => {
      if (!claimed) insertClaim(deps, claim);
      keepAnswer(deps, { scope: claim.scope, answer });
    });
  } catch (error) {
    // Storage failed, as the writer has logged; the work is done, and its caller is to know.
    if (!(error instanceof AppError)) throw error;
  }
}

function replay(deps: OnceDeps, { claim, kept }: { claim: Claim; kept: KeptAnswer }): Response {
  // Under another master key the bodies cannot be compared, nor the answer be opened.
  const isReadable = kept.keyId === deps.masterKey.id;
  if (isReadable && !equalBytes(kept.bodyMac, claim.bodyMac)) {
    throw new AppError("IDEMPOTENCY_MISMATCH");
  }
  const answer = isReadable ? openAnswer(deps, { scope: claim.scope, kept }) : null;
  if (answer === null) throw new AppError("IDEMPOTENCY_ANSWER_LOST");
  return new Response(answer.body, {
    status: answer.status,
    headers: {
      ...answer.headers,
      "Content-Type": "application/json;charset=utf-8",
      "Idempotent-Replayed": "true",
    },
  });
}
