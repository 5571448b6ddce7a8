// The import rule over src, and over planted files that break it.

import { describe, expect, test } from "bun:test";
import { findImportCycles, findOrderViolations } from "./import-order";
import { readSources, report } from "./source";

const sources = readSources("src");

test("src imports only what stands before it", () => {
  expect(report(findOrderViolations(sources))).toEqual([]);
});

test("src has no import cycles", () => {
  expect(report(findImportCycles(sources))).toEqual([]);
});

describe("the order refuses", () => {
  test.each([
    ["a value of a later folder", "src/lib/log.ts", `import { x } from "../agents/versions";`],
    ["a type of a later folder", "src/pipelines/run.ts", `import type { A } from "../agents/x";`],
    ["a later folder, dynamically", "src/auth/guard.ts", `const a = import("../app");`],
    ["a later folder, exported on", "src/db/open.ts", `export * from "../ops/health";`],
    ["anything for the vocabulary", "src/vocabulary.ts", `import { x } from "./errors";`],
    ["more than the vocabulary for errors", "src/errors.ts", `import { x } from "./lib/json";`],
    ["config for lib", "src/lib/clock.ts", `import { x } from "../config";`],
    ["a command for app", "src/app.ts", `import { x } from "./commands/serve";`],
    ["a value of lib for ui", "src/ui/app.tsx", `import { x } from "../lib/clock";\nx();`],
    ["ui for the server's folders", "src/agents/agents.routes.ts", `import x from "../ui/api";`],
    ["tests", "src/main.ts", `import { x } from "../tests/rules/source";`],
    ["migrations for others than db", "src/ops/health.ts", `import x from "../../drizzle/a.sql";`],
    ["a folder without a place", "src/toolbox/x.ts", ""],
  ])("%s", (_name, path, text) => {
    const [found, ...others] = report(findOrderViolations([{ path, text: `${text}\nx(a);` }]));
    expect(found).toStartWith(`${path}:1 [import order] `);
    expect(others).toEqual([]);
  });
});

describe("the order allows", () => {
  test.each([
    ["what stands before", "src/executions/pool.ts", `import { x } from "../pipelines/run";`],
    ["the own folder", "src/webhooks/receive.ts", `import { x } from "./verify";`],
    ["lib and errors for config", "src/config.ts", `import { x } from "./lib/json";`],
    ["everything for main", "src/main.ts", `const a = await import("./commands/serve");`],
    ["the version", "src/main.ts", `import x from "../package.json";`],
    ["migrations for db", "src/db/migrations.ts", `import x from "../../drizzle/a.sql";`],
    ["types from anywhere for ui", "src/ui/api.ts", `import type { x } from "../app";`],
    ["values of pipelines for ui", "src/ui/a.tsx", `import { x } from "../pipelines/graph";`],
    ["packages", "src/lib/clock.ts", `import { x } from "elysia";`],
  ])("%s", (_name, path, text) => {
    expect(report(findOrderViolations([{ path, text: `${text}\nx(a);` }]))).toEqual([]);
  });
});

describe("cycles", () => {
  const file = (name: string, text: string) => ({ path: `src/webhooks/${name}.ts`, text });

  test("over three files are found once, with the way round", () => {
    const planted = [
      file("a", `import { b } from "./b";\nb();`),
      file("b", `\nimport { c } from "./c";\nc();`),
      file("c", `import { a } from "./a";\na();`),
    ];
    expect(report(findImportCycles(planted))).toEqual([
      "src/webhooks/c.ts:1 [import cycle] src/webhooks/a.ts → src/webhooks/b.ts → src/webhooks/c.ts → src/webhooks/a.ts: move what both need to a file that imports neither",
    ]);
  });

  test("of types alone are found as well", () => {
    const planted = [
      file("a", `import type { B } from "./b";`),
      file("b", `import type { A } from "./a";`),
    ];
    expect(findImportCycles(planted)).toHaveLength(1);
  });

  test("are not seen where two files share a third", () => {
    const planted = [
      file("a", `import { b } from "./b";\nimport { c } from "./c";\nb(c);`),
      file("b", `import { c } from "./c";\nc();`),
      file("c", ""),
    ];
    expect(findImportCycles(planted)).toEqual([]);
  });
});
