// The documents whose commands a reader runs: each block works, in order, and answers what the
// document says.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { guardProcesses } from "../support/process-cleanup";
import { testWith } from "../support/tools";
import { walkThrough } from "../support/walk-through";

guardProcesses();

/** Path, and the blocks that are not run. */
const DOCUMENTS: [path: string, notRun: string[]][] = [
  [
    "README.md",
    [
      "npx -y bun@1.4.5 start",
      "npx -y bun@1.4.5 run build",
      "docker build -t hookline .",
      "npx -y bun@1.4.5 run test",
    ],
  ],
  ["docs/guides/github.md", ["gh extension install cli/gh-webhook"]],
  ["docs/guides/pipelines.md", []],
];

const testShell = testWith(["bash", "curl", "openssl"]);

for (const [path, notRun] of DOCUMENTS) {
  testShell(`every command of ${path} works as it says`, async () => {
    const text = readFileSync(resolve(import.meta.dir, "../..", path), "utf8");
    const walk = await walkThrough(text);
    expect(walk.problems).toEqual([]);
    expect(walk.notRun).toEqual(notRun);
    expect(walk.ran).toBeGreaterThan(3);
  });
}

test("every guide is among them", () => {
  const root = resolve(import.meta.dir, "../..");
  const guides = [...new Bun.Glob("docs/guides/**/*.md").scanSync({ cwd: root })];
  expect(DOCUMENTS.map(([path]) => path)).toEqual(["README.md", ...guides.toSorted()]);
});

const HEALTH = "curl -s http://127.0.0.1:3000/healthz";
const block = (command: string, answer?: string): string =>
  `\`\`\`sh\n${command}\n\`\`\`\n${answer === undefined ? "" : `\n\`\`\`json\n${answer}\n\`\`\`\n`}`;

/** What is wrong, the document, and what is told of it. */
const WRONG: [name: string, text: string, problem: RegExp][] = [
  ["whose command fails", block("grep x /dev/null"), /exits 1/],
  ["whose command fails before the last", block("false\ntrue"), /exits 1/],
  ["whose command fails within a pipe", block("cat nothing | tee y"), /exits 1: .*nothing/],
  ["whose command fails within a substitution", block("A=$(false)\ntrue"), /exits 1/],
  ["whose command is cut off", block("echo 'a"), /exits \d/],
  [
    "whose request is refused, though it does not say so",
    block("curl -s http://127.0.0.1:3000/agents"),
    /was refused: .*UNAUTHORIZED/,
  ],
  ["that states another value", block(HEALTH, '{"success":true,"data":{"status":"up"}}'), /up/],
  ["that states a key too many", block(HEALTH, '{"success":true,"more":1,"…":"…"}'), /more/],
  ["that states a key too few", block(HEALTH, '{"success":true}'), /data is not stated/],
  ["that states an answer where none comes", block("true", "{}"), /printed no JSON/],
  ["with a note that is none", `<!-- not run -->\n\n${block("true")}`, /is no note/],
];

describe("a document is refused", () => {
  for (const [name, text, problem] of WRONG) {
    testShell(name, async () => {
      const { problems } = await walkThrough(text);
      expect(problems.join("\n")).toMatch(problem);
    });
  }

  testShell("and nothing after it is run", async () => {
    const { ran, problems } = await walkThrough([block("false"), block("false")].join("\n"));
    expect([ran, problems.length]).toEqual([1, 1]);
  });
});

testShell(
  "variables are carried over, placeholders filled in, and marked blocks left out",
  async () => {
    const text = [
      `<!-- not run: takes the machine -->\n\n${block("exit 1")}`,
      block("export T=hk_live_… A=1"),
      block(
        `[ "$A" = 1 ] && curl -s http://127.0.0.1:3000/agents -H "Authorization: Bearer $T"`,
        '{ "success": true, "data": [], "page": { "…": "…" } }',
      ),
    ].join("\n");
    expect(await walkThrough(text)).toEqual({ ran: 2, notRun: ["exit 1"], problems: [] });
  },
);
