// A child that a hostile code has taken over, for tests of the server's side: `bun hostile-child.ts WAY`.

import { readFileSync, writeSync } from "node:fs";
import { toFrame } from "../../src/sandbox/frames";

const say = (payload: string): void => void writeSync(1, toFrame(payload));
const READY = '{"kind":"ready"}';
const VALUE = '{"kind":"value","value":1}';

const held: Buffer[] = [];

/** Takes memory until it has this much of its own. */
function hold(mebibytes: number): void {
  const own = (): number =>
    Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
  while (own() < mebibytes) held.push(Buffer.alloc(1024 * 1024, 1));
}

/** What it does on the first bytes of a request. */
const WAYS: Record<string, () => void> = {
  "ends at once": () => process.exit(0),
  "is no JSON": () => say("{"),
  "is no UTF-8": () => void writeSync(1, new Uint8Array([0, 0, 0, 1, 0xff])),
  "is no object": () => say("[]"),
  "is of no known kind": () => say('{"kind":"other"}'),
  "has no value": () => say('{"kind":"value"}'),
  "fails for no known reason": () => say('{"kind":"failure","why":"other","line":null}'),
  "logs what is no text": () => say('{"kind":"log","line":{}}'),
  "says twice that it is ready": () => say(READY),
  "nests too deeply": () => say(`{"kind":"value","value":${"[".repeat(1e5)}${"]".repeat(1e5)}}`),
  "announces a huge frame": () => void writeSync(1, new Uint8Array([0xff, 0xff, 0xff, 0xff])),
  "logs without end": () => {
    for (let line = 0; line < 1e5; line += 1) say(`{"kind":"log","line":"${"x".repeat(1_000)}"}`);
  },
  "pollutes prototypes": () =>
    say('{"kind":"value","value":{"__proto__":{"polluted":1}},"__proto__":{"polluted":1}}'),
  "answers twice": () => {
    say(VALUE);
    say(VALUE);
  },
  "is never ready again": () => say(VALUE),
  // Long enough to be looked at meanwhile.
  "holds 110 MiB for a while": () => {
    hold(110);
    Bun.sleepSync(200);
    say(VALUE);
  },
  "holds 150 MiB": () => hold(150),
};

const way = process.argv[2] ?? "";
if (way === "ends before it is ready") process.exit(1);
if (way !== "is never ready") say(READY);
for await (const _chunk of Bun.stdin.stream()) {
  WAYS[way]?.();
}
