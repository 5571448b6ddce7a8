// The search finds a text in every form it looks for, and nothing where there is none.

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { openStopped } from "../support/process-database";
import { makeTempFolder } from "../support/temp-folder";
import { findCanaries, readValues } from "./canary-search";

const TEXT = 'canary/"of?the>search+%';
const CANARIES = new Map([["it", Buffer.from(TEXT)]]);

const FORMS: [form: string, text: string][] = [
  ["as it is", TEXT],
  ["in JSON", JSON.stringify({ a: TEXT })],
  ["in a URL", `https://x.test/?a=${encodeURIComponent(TEXT)}&b`],
  ["in hexadecimal digits", Buffer.from(TEXT).toString("hex")],
  ["in large hexadecimal digits", Buffer.from(TEXT).toString("hex").toUpperCase()],
  ["in base64", Buffer.from(TEXT).toString("base64")],
  ["in base64 behind one byte and before others", Buffer.from(`a${TEXT}abc`).toString("base64")],
  ["in base64 behind two bytes", Buffer.from(`:a${TEXT}b`).toString("base64")],
  ["in base64 of URLs", Buffer.from(TEXT).toString("base64url")],
  ["in base64 of URLs behind a user", Buffer.from(`user:${TEXT}`).toString("base64url")],
];

describe("the search finds a text", () => {
  test.each(FORMS)("%s", (_form, text) => {
    const places = new Map([["here", Buffer.from(`before ${text} behind`)]]);
    expect(findCanaries(CANARIES, places)).toEqual(["it in here"]);
  });

  test("that a database has cut by the ends of its pages, or compressed", () => {
    using folder = makeTempFolder();
    {
      using database = new Database(folder.file("hookline.db"), { create: true });
      database.run("create table long (a text)");
      database.run("create table packed (a blob)");
      database.run("insert into long values (?)", [`${"x".repeat(9_000)}${TEXT}`]);
      const packed = Bun.zstdCompressSync(Buffer.from(TEXT.repeat(50)));
      database.run("insert into packed values (?)", [packed]);
    }
    using database = openStopped(folder.path);
    const values = readValues(database);
    expect(findCanaries(CANARIES, values)).toEqual(["it in table long", "it in table packed"]);
  });
});

test("the search finds nothing in what is only alike", () => {
  const places = new Map([["here", Buffer.from(TEXT.slice(1).repeat(3))]]);
  expect(findCanaries(CANARIES, places)).toEqual([]);
});
