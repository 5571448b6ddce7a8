// Tests that need a program which not every machine has. CI installs them all.

import { test } from "bun:test";

/** `test` where these programs are there, and in CI, where they must be; else skips and says why. */
export function testWith(tools: string[]): (name: string, body: () => Promise<void>) => void {
  const missing = tools.filter((tool) => Bun.which(tool) === null);
  if (missing.length === 0 || process.env.CI === "true") return test;
  console.log(`skipped, as ${missing.join(" and ")} is not installed:`);
  return (name, body) => test.skip(name, body);
}
