// The manual against the program, both ways, and over planted documents that are wrong.

import { describe, expect, test } from "bun:test";
import {
  findBrokenLinks,
  findUndocumented,
  findUnknownWords,
  isManual,
  readDocuments,
} from "./docs";
import { takeInventory } from "./inventory";
import { report } from "./source";

const documents = readDocuments();
const manual = documents.filter(isManual);

test("the manual names nothing that the program does not have", async () => {
  expect(report(findUnknownWords(manual, await takeInventory()))).toEqual([]);
});

test("every setting, code, reason, log event, command and node type is told of", async () => {
  const known = await takeInventory();
  for (const words of Object.values(known)) expect(words.length).toBeGreaterThan(2);
  expect(findUndocumented(manual, known)).toEqual([]);
});

test("every relative link of ours leads somewhere", () => {
  expect(manual.length).toBeGreaterThan(5);
  expect(report(findBrokenLinks(documents))).toEqual([]);
});

const PLANTED = {
  settings: ["PORT", "HOOKLINE_SLOTS", "HOOKLINE_KEY", "HOOKLINE_KEY_FILE"],
  codes: ["NOT_FOUND"],
  details: ["CYCLE"],
  reasons: ["PING"],
  events: ["server.started", "secret.unreadable"],
  streamed: ["step.started"],
  routes: ["GET /agents", "GET /agents/{id}", "POST /agents/{id}/webhook"],
  commands: ["serve"],
  nodeTypes: ["input", "llm_call"],
};

describe("the manual would be refused for", () => {
  test.each([
    ["setting", "Set HOOKLINE_SLOT=3."],
    ["setting", "```sh\nHOOKLINE_SLOTS_FILE=x hookline serve\n```"],
    ["code or reason", "It answers `NOT_THERE`."],
    ["code or reason", "The reason is `PONG`."],
    ["code or reason", '```json\n{ "code": "NOT_THERE" }\n```'],
    ["log event", "It logs `server.begun`."],
    ["route", "Call `PUT /agents/{id}`."],
    ["route", "Call `GET /agents/{id}/webhooks?limit=1`."],
    ["route", "See `/agents/{id}/hook`."],
    ["command", "Run `hookline restore`."],
    ["command", "```sh\n./dist/hookline backup create\n```"],
    ["node type", "The `llm_cal` node asks."],
    ["node type", "It has the nodes `input`, `llm_call` and `outputs`."],
    ["node type", '```json\n{ "nodes": [{ "id": "a", "type": "loops" }] }\n```'],
  ])("a %s that is not there: %j", (kind, text) => {
    const found = findUnknownWords([{ path: "docs/a.md", text: `# A\n\n${text}\n` }], PLANTED);
    expect(found.map(({ rule }) => rule)).toEqual([`unknown ${kind}`]);
    expect(found[0]?.line).toBeGreaterThan(2);
  });

  test("a thing that it does not tell of, each", () => {
    const files = [
      { path: "docs/config.md", text: "### `HOOKLINE_SLOTS`\n\n`PORT`" },
      { path: "docs/errors.md", text: "### `NOT_FOUND`" },
      { path: "docs/logs.md", text: "### `server.started`" },
      { path: "README.md", text: "`input`" },
    ];
    expect(findUndocumented(files, PLANTED)).toEqual([
      "PORT in docs/config.md",
      "HOOKLINE_KEY in docs/config.md",
      "PING in docs/errors.md",
      "secret.unreadable in docs/logs.md",
      "hookline serve",
      "code CYCLE",
      "event step.started",
      "node type llm_call",
    ]);
  });

  test.each([
    ["a file that is not there", "[a](nowhere.md)"],
    ["a heading that is not there", "[a](#nowhere)"],
    ["a heading of another file that is not there", "[a](../README.md#nowhere)"],
    ["an image that is not there", "![a](nowhere.png)"],
  ])("a link to %s", (_name, text) => {
    const files = [
      { path: "README.md", text: "# Here" },
      { path: "docs/a.md", text: `# A\n\n${text}` },
    ];
    expect(report(findBrokenLinks(files))).toEqual([
      expect.stringMatching(/^docs\/a\.md:3 \[broken link\] /),
    ]);
  });
});

test("what is right, and words of others, are let stand", () => {
  const text = [
    "# The `a_b` and more",
    "`PORT`, `HOOKLINE_KEY_FILE`, `NOT_FOUND`, `PING`, `server.started` and `secret.key`",
    "`GET /agents/{id}?limit=1`, `POST /agents/agt_…/webhook`, `/agents/$ID`, `/etc/hosts`",
    "`hookline serve --port 0`, `docker build -t hookline .`, `POST`, `SIGTERM`",
    "the nodes `input` and `llm_call`, and an `input` node",
    "[here](#the-a_b-and-more) [file](../README.md) [there](https://x.example/#y)",
  ].join("\n\n");
  const files = [{ path: "docs/a.md", text }];
  expect(report(findUnknownWords(files, PLANTED))).toEqual([]);
  expect(report(findBrokenLinks(files))).toEqual([]);
});
