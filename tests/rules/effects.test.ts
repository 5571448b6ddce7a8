// One door per effect over src, and over planted files that go around a door.

import { describe, expect, test } from "bun:test";
import { EFFECTS, findEffectViolations } from "./effects";
import { readSources, report } from "./source";

test("src goes through the one door of every effect", () => {
  expect(report(findEffectViolations(readSources("src")))).toEqual([]);
});

/** Effect, door, lines that need it. */
const PLANTED: [effect: string, door: string, lines: string[]][] = [
  [
    "environment",
    "src/config.ts",
    [
      "const a = process.env.HOOKLINE_HOST;",
      "const a = Bun.env.PORT;",
      "const a = import.meta.env.PORT;",
      `const a = process["env"];`,
      "const { env } = process;",
      "const a = `${process.env.PORT}`;",
      `import { env } from "node:process"; env();`,
    ],
  ],
  [
    "time",
    "src/lib/clock.ts",
    [
      "const a = Date.now();",
      "const a = new Date();",
      "const a = new Date( ).getTime();",
      "const a = new Date;",
      "const a = Date();",
      "const a = performance.now();",
      "const a = Bun.nanoseconds();",
      "const a = process.hrtime.bigint();",
      "const read = Date.now;",
    ],
  ],
  [
    "randomness",
    "src/lib/ids.ts",
    [
      "const a = Math.random();",
      "const a = crypto.randomUUID();",
      "const a = Bun.randomUUIDv7();",
      "crypto.getRandomValues(new Uint8Array(8));",
      `import { randomBytes } from "node:crypto"; randomBytes(8);`,
      `import * as c from "node:crypto"; c.randomInt(8);`,
    ],
  ],
  [
    "outgoing requests",
    "src/lib/outbound-resolve.ts",
    [
      "await fetch(url);",
      "const a = globalThis.fetch(url);",
      "const a = { fetch: fetch };",
      "const a = deps.fetch ?? fetch;",
      "const a = new WebSocket(url);",
      `import { request } from "node:https"; request();`,
      `import { connect } from "node:net"; connect();`,
      `import tls from "tls"; tls.connect();`,
      `const a = await import("node:http");`,
    ],
  ],
  [
    "SQL",
    "src/agents/agents.store.ts",
    [
      `import { Database } from "bun:sqlite"; new Database();`,
      `import type { Database } from "bun:sqlite";`,
      `import { eq } from "drizzle-orm"; eq();`,
      `import { sqliteTable } from "drizzle-orm/sqlite-core"; sqliteTable();`,
      `import { agents } from "../db/schema"; agents();`,
      `db.raw.run("delete from agents");`,
      `db.query<{ n: number }, []>("select 1 as n").get();`,
      "db.exec(`  PRAGMA optimize`);",
      "db.raw.prepare(text);",
      "const a = sql`count(*)`;",
    ],
  ],
  [
    "Elysia",
    "src/agents/agents.routes.ts",
    [
      `import { Elysia } from "elysia"; new Elysia();`,
      `import { t } from "elysia"; t.String();`,
      `import { openapi } from "@elysiajs/openapi"; openapi();`,
      `const a = await import("elysia");`,
    ],
  ],
  [
    "process",
    "src/commands/serve.ts",
    [
      "console.log(a);",
      "const log = console;",
      "process.exit(1);",
      "process.exitCode = 1;",
      `process.on("SIGTERM", stop);`,
      "process.stdout.write(a);",
    ],
  ],
  [
    "other processes",
    "src/sandbox/child-process.ts",
    [
      "const child = Bun.spawn(command);",
      "const { stdout } = Bun.spawnSync(command);",
      "await Bun.$`ls`;",
      `import { exec } from "node:child_process"; exec();`,
    ],
  ],
  [
    "threads",
    "src/commands/start-worker.ts",
    ["const worker = new Worker(url);", `import { Worker as W } from "node:worker_threads"; W();`],
  ],
  [
    "native code",
    "src/sandbox/parent-death.ts",
    [`import { dlopen } from "bun:ffi"; dlopen();`, `process.dlopen(module, path);`],
  ],
];
const EVERY_LINE = PLANTED.flatMap(([effect, door, lines]) =>
  lines.map((line): [string, string, string] => [effect, line, door]),
);

describe("an effect is refused outside of its door", () => {
  test.each(EVERY_LINE)("%s: %s", (effect, line, door) => {
    const [found, ...others] = report(
      findEffectViolations([{ path: "src/webhooks/receive.ts", text: `// Owns x.\n${line}\n` }]),
    );
    expect(found).toStartWith(`src/webhooks/receive.ts:2 [one door per effect: ${effect}] `);
    expect(others).toEqual([]);
    expect(findEffectViolations([{ path: door, text: line }])).toEqual([]);
  });

  test("and every effect has planted lines", () => {
    expect(EFFECTS.map((effect) => effect.name)).toEqual(PLANTED.map(([effect]) => effect));
  });

  test.each([
    [
      "a schema that makes an app",
      "src/agents/agents.schema.ts",
      `import { Elysia, t } from "elysia"; new Elysia(t);`,
    ],
    [
      "a guard elsewhere",
      "src/webhooks/guard.ts",
      `import { Elysia } from "elysia"; new Elysia();`,
    ],
    ["main.ts reading another variable", "src/main.ts", "process.env.PORT = process.env.NODE_ENV;"],
    [
      "main.ts naming NODE_ENV twice",
      "src/main.ts",
      "process.env.NODE_ENV ??= a;\nf(process.env.NODE_ENV);",
    ],
    ["a store under another name", "src/agents/store.ts", `db.raw.run("commit");`],
    ["outbound outside of lib", "src/tools/outbound.ts", "await fetch(url);"],
  ])("%s", (_name, path, text) => {
    expect(findEffectViolations([{ path, text }])).toHaveLength(1);
  });
});

describe("no effect is seen in", () => {
  test.each([
    [
      "comments and literals",
      "// Date.now()\nconst a = 'process.env'; const b = `fetch(x)`; /console/.test(a);",
    ],
    [
      "a date made from a time",
      "const a = new Date(at).toISOString(); const b = new Date(2026, 1);",
    ],
    [
      "a method named fetch",
      "const a = { fetch(request: Request): Response {\n return app(request); } };",
    ],
    [
      "a fetch that was handed in",
      "const a = provider({ fetch: deps.fetch }); await deps.fetch(url);",
    ],
    ["the type of fetch", "type Fetch = typeof fetch; type Same = typeof globalThis.fetch;"],
    [
      "a regular expression's exec",
      "const a = PATTERN.exec(text); const b = PATTERN.exec('selected');",
    ],
    ["a request's query", "const a = (context: C) => context.query; search.query('name');"],
    [
      "digests",
      `import { createHmac, timingSafeEqual } from "node:crypto"; createHmac(timingSafeEqual);`,
    ],
    [
      "Elysia's types",
      `import type { Static } from "elysia"; import { type Context } from "elysia";`,
    ],
    [
      "the rows' types",
      `import type { AgentRow } from "../db/schema"; import type { Db } from "../db/open";`,
    ],
    ["the process id and memory", "const a = process.pid + process.memoryUsage().rss;"],
  ])("%s", (_name, text) => {
    expect(report(findEffectViolations([{ path: "src/webhooks/receive.ts", text }]))).toEqual([]);
  });

  test.each([
    ["the NODE_ENV line of main.ts", "src/main.ts", `process.env.NODE_ENV ??= "production";`],
    ["`t` in a schema", "src/agents/agents.schema.ts", `import { t } from "elysia"; t.String();`],
    ["the limiter's SQL", "src/webhooks/limiter.ts", `db.raw.prepare("select 1");`],
    ["the guard's Elysia", "src/auth/guard.ts", `import { Elysia } from "elysia"; new Elysia();`],
    ["the pages' requests", "src/ui/api.ts", "await fetch(url);"],
    ["the log's output", "src/lib/log.ts", "process.stdout.write(line);"],
    [
      "secrets at random",
      "src/lib/crypto.ts",
      `import { randomBytes } from "node:crypto"; randomBytes(8);`,
    ],
  ])("%s", (_name, path, text) => {
    expect(report(findEffectViolations([{ path, text }]))).toEqual([]);
  });
});
