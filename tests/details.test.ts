// The tables of codes within answers: each is told of, and each is given somewhere.

import { describe, expect, test } from "bun:test";
import { DETAILS, isDetailCode, WARNINGS } from "../src/details";
import { readSources } from "./rules/source";

const sources = readSources("src").filter((file) => file.path !== "src/details.ts");

/** `MIN_LENGTH` → `minLength`. */
const keywordOf = (code: string): string =>
  code.toLowerCase().replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());

const CHECKER = sources.filter((file) => file.path === "src/pipelines/schemas/mismatch.ts");

/** Written as a code, or as a keyword in the table of what a schema's checker says. */
const isGiven = (code: string): boolean =>
  sources.some((file) => file.text.includes(`"${code}"`)) ||
  CHECKER.some((file) =>
    new RegExp(`^  ${keywordOf(code)}: |"${keywordOf(code)}"`, "m").test(file.text),
  );

/** The codes that `structure.ts` puts together. */
const COMPOSED = ["INPUT_MISSING", "INPUT_DUPLICATE", "OUTPUT_MISSING", "OUTPUT_DUPLICATE"];

describe.each(Object.entries({ ...DETAILS, ...WARNINGS }))("the code %s", (code, doc) => {
  test("is written in capitals and has a line of documentation", () => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(doc).toMatch(/^\S.{8,}\.$/);
    expect(doc).not.toMatch(/[\r\n\t]| {2}/);
  });

  test("is given somewhere", () => {
    expect(COMPOSED.includes(code) || isGiven(code)).toBe(true);
  });
});

test("a code that is nowhere, and a word that is none, are told", () => {
  expect(isGiven("NEVER_GIVEN")).toBe(false);
  expect(isDetailCode("toString")).toBe(false);
  expect(isDetailCode("CYCLE")).toBe(true);
});

test("every keyword that a schema's checker tells of has its code", () => {
  const keywords = CHECKER.flatMap((file) =>
    [...file.text.matchAll(/^ {2}(\w+): \((?:limit)?\) =>/gm)].map((match) => match[1] ?? ""),
  );
  expect(keywords.length).toBeGreaterThan(20);
  const codes = keywords.map((word) => word.replaceAll(/[A-Z]/g, "_$&").toUpperCase());
  expect(codes.filter((code) => !isDetailCode(code))).toEqual([]);
});
