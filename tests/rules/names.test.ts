// Names over the tree, and over planted files whose names say nothing.

import { describe, expect, test } from "bun:test";
import { findVagueNames, splitWords } from "./names";
import { readSources, report } from "./source";

test("no file, folder or export of ours has a vague name", () => {
  const files = ["src", "tests", "scripts"].flatMap(readSources);
  expect(report(findVagueNames(files))).toEqual([]);
});

describe("vague is", () => {
  test.each([
    ["a file", "src/lib/utils.ts", ""],
    ["a word of a file", "src/webhooks/delivery-helpers.ts", ""],
    ["a camel-case word of a file", "src/agents/agentManager.ts", ""],
    ["a role of a file", "src/agents/agents.service.ts", ""],
    ["a folder", "src/common/ids.ts", ""],
    ["a class", "src/agents/versions.ts", "export class AgentService {}"],
    ["a base class", "src/agents/versions.ts", "export abstract class Base {}"],
    ["a type", "src/agents/versions.ts", "export interface PoolManager {}"],
    ["a constant", "src/agents/versions.ts", "export const urlUtils = {};"],
    ["a function", "src/agents/versions.ts", "export async function versionHelper() {}"],
    ["a name in a list", "src/agents/versions.ts", "const a = 1;\nexport { b, a as MISC };"],
  ])("%s", (_name, path, text) => {
    const [found, ...others] = report(findVagueNames([{ path, text }]));
    expect(found).toMatch(/^src\/[\w./-]+:[12] \[vague name\] "/);
    expect(others).toEqual([]);
  });
});

test("a vague word before the word that counts is no violation", () => {
  const text =
    "export const baseUrl = 1;\nexport function encodeBase64() {}\nexport class ServiceAccount {}\nconst helper = 1;";
  expect(findVagueNames([{ path: "src/lib/base64.ts", text }])).toEqual([]);
});

test("names are split at humps, dashes, dots and underscores", () => {
  expect(splitWords("parseHTTPUrl")).toEqual(["parse", "http", "url"]);
  expect(splitWords("agents.store.ts")).toEqual(["agents", "store", "ts"]);
  expect(splitWords("BASE_URL-old")).toEqual(["base", "url", "old"]);
});
