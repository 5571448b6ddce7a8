// One child as the server sees it: started, asked, heard, killed. The only place that starts a
// process. Leaves who asks it when to `children.ts`.

import { readFileSync } from "node:fs";
import { FrameReader } from "./frames";
import type { Answer } from "./messages";
import { MAX_ANSWER_BYTES, readAnswer } from "./messages";

export interface ChildEvents {
  onAnswer(answer: Answer): void;
  /** It has ended, or says what no child of ours says; it is to be killed then. */
  onBroken(): void;
}

export interface ChildProcess {
  send(frames: Uint8Array[]): void;
  /** SIGKILL; nothing is heard of it any more. */
  kill(): void;
  /**
   * Bytes of memory that it holds alone, or null where the system does not say. Pages of the
   * program's file are not counted: 47 MiB, which it shares with the server and the other children.
   */
  ownBytes(): number | null;
}

/** Anonymous and shared memory: what a process holds beside the pages of files. */
const OWN_MEMORY = /^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm;

function readOwnBytes(pid: number): number | null {
  try {
    const fields = [...readFileSync(`/proc/${pid}/status`, "utf8").matchAll(OWN_MEMORY)];
    const kilobytes = fields.reduce((sum, [, one]) => sum + Number(one), 0);
    return fields.length === 0 ? null : kilobytes * 1024;
  } catch {
    // No Linux, or it has just ended.
    return null;
  }
}

/** Hands over what a child says until its output ends. */
async function listen(
  output: AsyncIterable<Uint8Array>,
  onAnswer: (answer: Answer) => void,
): Promise<void> {
  const reader = new FrameReader(MAX_ANSWER_BYTES);
  for await (const chunk of output) {
    for (const payload of reader.push(chunk)) {
      const answer = readAnswer(payload);
      if (answer === null) return;
      onAnswer(answer);
    }
  }
}

/** Starts a child with an empty environment and nothing but its pipe; throws where none starts. */
export function startChild(
  deps: { command: readonly string[] },
  events: ChildEvents,
): ChildProcess {
  let isHeard = true;
  const child = Bun.spawn([...deps.command], {
    cwd: "/",
    env: {},
    stdio: ["pipe", "pipe", "ignore"],
  });
  // A server that has nothing else to do may end; its children end with it.
  child.unref();
  const onBroken = (): void => {
    if (isHeard) events.onBroken();
  };
  const onAnswer = (answer: Answer): void => {
    if (isHeard) events.onAnswer(answer);
  };
  listen(child.stdout, onAnswer).then(onBroken, onBroken);
  async function write(frames: Uint8Array[]): Promise<void> {
    for (const frame of frames) await child.stdin.write(frame);
    await child.stdin.flush();
  }
  return {
    send: (frames) => void write(frames).catch(onBroken),
    kill() {
      isHeard = false;
      child.kill("SIGKILL");
    },
    ownBytes: () => readOwnBytes(child.pid),
  };
}
