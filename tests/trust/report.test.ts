// The command that runs the trials, and the report that is made of them.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { printTrust } from "../../scripts/print-trust";
import { TRIALS } from "./trials";

const ROOT = resolve(import.meta.dir, "../..");

async function runCommand(words: string[]): Promise<{ code: number; out: string; err: string }> {
  const command = [process.execPath, "scripts/trust.ts", ...words];
  const child = Bun.spawn(command, { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, out, err };
}

describe("the command", () => {
  test("without words lists the trials and the flags of their sizes", async () => {
    const { code, out } = await runCommand([]);
    expect(code).toBe(0);
    for (const [id, { title, sizing }] of Object.entries(TRIALS)) {
      const line = out.split("\n").find((text) => text.startsWith(`${id} `));
      expect(line).toContain(title);
      expect(line?.includes("--")).toBe(sizing !== null);
    }
  });

  test.each([
    [["H99"], "H99 is no trial; those are H1, H2, H17"],
    [["H1", "--kills", "0"], "--kills takes a whole number from 1"],
    [["H1", "--cuts", "many"], "--cuts takes a whole number from 1"],
    [["H1", "--kill", "5"], "--kill"],
  ])("with %p runs nothing and says why", async (words, says) => {
    const { code, out, err } = await runCommand(words);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(says);
  });
});

test("a goal that was missed stands out in the report", () => {
  const rows = [
    { figure: "lost", reached: "3 of 100", goal: "0", met: false },
    { figure: "damage", reached: "0", goal: "0", met: true },
  ];
  const trial = { title: "Crashes", about: "It is killed." };
  const outcome = { id: "H1", trial, words: "H1 --kills 5", seconds: 7.4, rows };
  const report = printTrust({ subject: ["a machine"], outcomes: [outcome] });
  expect(report).toContain("| lost   | **3 of 100** | 0    | **no** |");
  expect(report).toContain("| damage | 0            | 0    | yes    |");
  expect(report).toContain("- a machine\n\n## H1: Crashes\n\nIt is killed.\n");
  expect(report).toContain("`bun run trust H1 --kills 5`, 7 s.");
});

test("the report of this repository tells of every trial and of no goal that was missed", () => {
  const report = readFileSync(resolve(ROOT, "docs/trust.md"), "utf8");
  for (const [id, { title }] of Object.entries(TRIALS)) {
    expect(report).toContain(`## ${id}: ${title}\n`);
  }
  expect(report).toContain("| yes |");
  expect(report).not.toContain("**no**");
});
