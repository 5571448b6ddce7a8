// The child's side: reads requests one after the other, answers each, and ends with its input.
// Leaves the pipe to `commands/sandbox.ts`.

import type { Json } from "../lib/json-value";
import type { Engine } from "./engine";
import { hasGrown } from "./engine";
import type { Evaluated, Evaluation } from "./evaluate";
import { evaluate } from "./evaluate";
import { FrameReader } from "./frames";
import type { Request } from "./messages";
import { LOG_CUT, MAX_LOG_BYTES, MAX_REQUEST_BYTES, toAnswer, toValueAnswer } from "./messages";
import type { CheckHere } from "./schema-check";

export interface ChildDeps {
  engine: Engine;
  checkSchema: CheckHere;
  /** What the server sends; its end is the child's. */
  input: AsyncIterable<Uint8Array>;
  /** Writes all of it before it returns: a run may be killed at any moment. */
  write(bytes: Uint8Array): void;
}

/** Small runs leave little behind: about 1 MiB each. Collecting takes 2 ms. */
const RUNS_UNCOLLECTED = 8;

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
  /** A JSON array. */
  values: string;
}

const toEnd = (given: Evaluated): Uint8Array =>
  given.ok
    ? toValueAnswer(given.json)
    : toAnswer({ kind: "failure", why: given.why, line: given.line });

/** Runs a body; true where that took more memory than an instance has at its start. */
async function answerCode(deps: ChildDeps, data: Evaluation): Promise<boolean> {
  const instance = await deps.engine.take();
  instance.log = createLines(deps);
  deps.write(toEnd(evaluate(instance, data)));
  return hasGrown(instance);
}

function answerSchema(deps: ChildDeps, data: { schema: string; values: string }): void {
  const [value]: Json[] = JSON.parse(data.values);
  const details = deps.checkSchema({ schema: data.schema, value: value ?? null });
  deps.write(toValueAnswer(JSON.stringify(details)));
}

async function answer(deps: ChildDeps, { request, values }: Asked): Promise<boolean> {
  if (request.task === "code") return answerCode(deps, { ...request, values });
  answerSchema(deps, { ...request, values });
  return false;
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
