// A document's shell blocks, run one after the other as its reader would: in an empty folder beside
// the binary, in one shell, against a server of their own.
//
// A ```json block right after a shell block is what that one prints: the same keys and values. "…"
// stands for any text, and a key "…" for further keys. A comment right before a shell block says
// what is else to know of it; NOTES has those there are.

import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { findDifferences } from "./differences";
import type { CodeBlock } from "./markdown";
import { parseMarkdown } from "./markdown";
import { makeFolder } from "./process-files";
import { eventually } from "./process-waiting";
import type { Server } from "./server";
import { BINARY, startServer } from "./server";
import { Shell } from "./shell";

const NOTES = {
  /** For what needs the network or takes the machine. */
  notRun: /^not run: \S/,
  /** The server itself, started before all other blocks. */
  server: /^runs until it is stopped$/,
  /** For what is there a moment later. */
  again: /^again until it answers this$/,
};

export interface WalkThrough {
  /** Blocks that were run. */
  ran: number;
  /** First lines of the blocks that were not. */
  notRun: string[];
  /** What is not as the document says. */
  problems: string[];
}

interface Step {
  /** With the placeholders replaced. */
  command: string;
  again: boolean;
  /** What it prints, as the document says. */
  answer: string | null;
}

const isShell = ({ language }: CodeBlock): boolean => language === "sh" || language === "bash";
const noteOf = (block: CodeBlock, pattern: RegExp): boolean => pattern.test(block.note ?? "");
const firstLine = (text: string): string => text.split("\n")[0] ?? "";

/** What a reader fills in. */
const PLACEHOLDERS = { url: "http://127.0.0.1:3000", token: "hk_live_…" };

async function readToken(server: Server): Promise<string> {
  return eventually("the admin token", () => /hk_live_\S+/.exec(server.stderr)?.[0] ?? null);
}

/** Starts the binary as the document does: `./dist/hookline serve …`, its folder otherwise empty. */
function serveIn(folder: string, blocks: CodeBlock[]): Promise<Server> {
  mkdirSync(join(folder, "dist"));
  const binary = join(folder, "dist/hookline");
  symlinkSync(BINARY, binary);
  const command = blocks.find((block) => noteOf(block, NOTES.server))?.text.trim();
  const args = (command ?? "./dist/hookline serve").split(/\s+/);
  if (args.shift() !== "./dist/hookline" || args.shift() !== "serve") {
    throw new Error(`${command} does not start the server`);
  }
  const env = { HOOKLINE_DATA_DIR: undefined, HOOKLINE_ADMIN_TOKEN: undefined };
  return startServer({ binary, args, cwd: folder, dataDir: join(folder, "hookline-data"), env });
}

function toSteps(blocks: CodeBlock[], filled: { url: string; token: string }): Step[] {
  const fill = (text: string): string =>
    text.replaceAll(PLACEHOLDERS.url, filled.url).replaceAll(PLACEHOLDERS.token, filled.token);
  return blocks.flatMap((block, at) => {
    const skipped = noteOf(block, NOTES.notRun) || noteOf(block, NOTES.server);
    if (!isShell(block) || skipped) return [];
    const next = blocks[at + 1];
    const answer = next?.language === "json" ? fill(next.text) : null;
    return [{ command: fill(block.text), again: noteOf(block, NOTES.again), answer }];
  });
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function compareAnswer(printed: string, answer: string | null): string[] {
  if (answer !== null) {
    const stated: unknown = JSON.parse(answer);
    const got = parseOrNull(printed);
    return got === null ? [`printed no JSON: ${printed}`] : findDifferences(stated, got);
  }
  return printed.includes('"success":false') ? [`was refused: ${printed}`] : [];
}

async function runStep(shell: Shell, step: Step): Promise<string[]> {
  const { status, printed, errors } = await shell.run(step.command);
  if (status !== 0) return [`exits ${status}: ${errors}${printed}`];
  return compareAnswer(printed, step.answer);
}

/** Runs it once, or until it is as the document says; the last difference after a while. */
async function takeStep(shell: Shell, step: Step): Promise<string[]> {
  let found = await runStep(shell, step);
  if (found.length === 0 || !step.again) return found;
  try {
    await eventually("the stated answer", async () => {
      found = await runStep(shell, step);
      return found.length === 0 ? true : null;
    });
  } catch {
    // What differed the last time says more than that it took too long.
  }
  return found;
}

const findUnknownNotes = (blocks: CodeBlock[]): string[] =>
  blocks
    .filter((block) => isShell(block) && block.note !== null)
    .filter((block) => !Object.values(NOTES).some((pattern) => noteOf(block, pattern)))
    .map((block) => `${firstLine(block.text)}: "${block.note}" is no note`);

/** Runs a document; stops at the first block that is not as it says, as what follows builds on it. */
export async function walkThrough(text: string): Promise<WalkThrough> {
  const { blocks } = parseMarkdown(text);
  const notRun = blocks.filter((block) => noteOf(block, NOTES.notRun));
  const walk: WalkThrough = {
    ran: 0,
    notRun: notRun.map((block) => firstLine(block.text)),
    problems: findUnknownNotes(blocks),
  };
  using folder = makeFolder();
  using scripts = makeFolder();
  await using server = await serveIn(folder.path, blocks);
  await using shell = new Shell({ cwd: folder.path, scripts: scripts.path });
  const filled = { url: server.url, token: await readToken(server) };
  for (const step of toSteps(blocks, filled)) {
    const found = await takeStep(shell, step);
    walk.ran += 1;
    if (found.length > 0) {
      walk.problems.push(...found.map((problem) => `${firstLine(step.command)}: ${problem}`));
      break;
    }
  }
  return walk;
}
