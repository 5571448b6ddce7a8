// The child's side: reads requests one after the other, answers each, and ends with its input.
// Leaves the pipe to `commands/sandbox.ts`.

import type { Engine } from "./engine";
import { hasGrown } from "./engine";
import { evaluate } from "./evaluate";
import { FrameReader } from "./frames";
import type { Request } from "./messages";
import { LOG_CUT, MAX_LOG_BYTES, MAX_REQUEST_BYTES, toAnswer, toValueAnswer } from "./messages";

export interface ChildDeps {
  engine: Engine;
  /** What the server sends; its end is the child's. */
  input: AsyncIterable<Uint8Array>;
  /** Writes all of it before it returns: a run may be killed at any moment. */
  write(bytes: Uint8Array): void;
}

/** Small runs leave little behind: about 1 MiB each. Collecting takes 2 ms. */
const RUNS_UNCOLLECTED = 16;

/** Writes the lines of one run, and says whether there is room for more. */
function createLines(deps: ChildDeps): (line: string) => boolean {
  let room = MAX_LOG_BYTES;
  return (line) => {
    if (room < 0) return false;
    room -= Buffer.byteLength(line) + 1;
    deps.write(toAnswer({ kind: "log", line: room < 0 ? LOG_CUT : line }));
    return room >= 0;
  };
}

interface Asked {
  request: Request;
  values: string;
}

/** Answers one request; true where that took more memory than an instance has at its start. */
async function answer(deps: ChildDeps, { request, values }: Asked): Promise<boolean> {
  const { body, names } = request;
  const quickjs = await deps.engine.take();
  const given = evaluate({ quickjs, log: createLines(deps) }, { body, names, values });
  deps.write(
    given.ok
      ? toValueAnswer(given.json)
      : toAnswer({ kind: "failure", why: given.why, line: given.line }),
  );
  return hasGrown(quickjs);
}

/** Gives back what earlier runs took: in a turn of its own, as the last one may still be in use here. */
async function collect(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  Bun.gc(true);
}

const decode = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** Serves until the input ends. */
export async function serveRequests(deps: ChildDeps): Promise<void> {
  const reader = new FrameReader(MAX_REQUEST_BYTES);
  const sayReady = async (): Promise<void> => {
    await deps.engine.refill();
    deps.write(toAnswer({ kind: "ready" }));
  };
  let request: Request | null = null;
  let runs = 0;
  await sayReady();
  for await (const chunk of deps.input) {
    for (const payload of reader.push(chunk)) {
      if (request === null) {
        request = JSON.parse(decode(payload));
        continue;
      }
      const isLarge = await answer(deps, { request, values: decode(payload) });
      request = null;
      runs += 1;
      if (isLarge || runs % RUNS_UNCOLLECTED === 0) await collect();
      await sayReady();
    }
  }
}
