// One door per effect: which files may read the environment, the time, chance, the network, the
// database, the web framework and the process, and how each effect is recognised elsewhere.

import type { Import } from "./imports";
import { findImports } from "./imports";
import type { SourceFile, Violation } from "./source";
import { lineAt, maskLiterals } from "./source";

interface Effect {
  name: string;
  /** Files in which it may stand. */
  doors: RegExp;
  /** Where else to go. */
  advice: string;
  /** How it looks in code without comments and literals. */
  traces: RegExp[];
  /** Imports that bring it in. */
  brings?: (entry: Import, path: string) => boolean;
  /** Looked for in the text with its literals, for what only a literal shows. */
  literalTraces?: RegExp[];
}

const importsValueOf = (pattern: RegExp) => (entry: Import) =>
  !entry.typeOnly && pattern.test(entry.specifier);

const RANDOM_NAME = /^(random|getRandom|webcrypto$)/;
/** A call whose first argument opens like a statement. */
const SQL_CALL =
  /\.(?:prepare|query|exec|run)(?:<[^()]*>)?\s*\(\s*["'`]\s*(?:select|insert|update|delete|replace|with|pragma|begin|commit|rollback|savepoint|release|create|drop|alter|vacuum|attach|detach|reindex|analyze|explain)\b/gi;

export const EFFECTS: Effect[] = [
  {
    name: "environment",
    doors: /^src\/config\.ts$/,
    advice: "read it in config.ts and take the setting in deps",
    traces: [
      /\bprocess\s*\??\.\s*env\b(?:\.NODE_ENV\b)?/g,
      /\bBun\s*\.\s*env\b/g,
      /\bimport\.meta\.env\b/g,
      /\bprocess\s*\[/g,
      /\}\s*=\s*(?:process|Bun)\b(?!\s*[.(])/g,
    ],
    brings: importsValueOf(/^(node:)?process$/),
  },
  {
    name: "time",
    doors: /^src\/lib\/clock\.ts$/,
    advice: "take `clock` in deps (lib/clock.ts)",
    traces: [
      /\bDate\s*\.\s*now\b/g,
      /\bnew\s+Date\b(?!\s*\(\s*[^\s)])/g,
      /(?<![.\w$]|new\s{1,9})Date\s*\(/g,
      /\bperformance\s*\.\s*(?:now|timeOrigin|mark|measure)\b/g,
      /\bBun\s*\.\s*nanoseconds\b/g,
      /\bprocess\s*\.\s*(?:hrtime|uptime)\b/g,
      /\bTemporal\s*\.\s*Now\b/g,
    ],
    brings: importsValueOf(/^(node:)?perf_hooks$/),
  },
  {
    name: "randomness",
    doors: /^src\/lib\/(?:ids|crypto)\.ts$/,
    advice: "take `ids` in deps (lib/ids.ts), or use lib/crypto.ts for secrets",
    traces: [
      /\bMath\s*\.\s*random\b/g,
      /\bBun\s*\.\s*randomUUID\w*/g,
      /\.\s*(?:randomBytes|randomUUID|randomInt|randomFill|randomFillSync|getRandomValues)\b/g,
    ],
    brings: (entry) =>
      /^(node:)?crypto$/.test(entry.specifier) && entry.values.some((n) => RANDOM_NAME.test(n)),
  },
  {
    name: "outgoing requests",
    doors: /^src\/(?:lib\/outbound[\w.-]*|ui\/api)\.ts$/,
    advice: "go through lib/outbound.ts, which checks and pins the address",
    traces: [
      // A call, but no method of that name being defined.
      /(?<![.\w$])fetch\s*\((?![^()]*\)\s*(?::[^;{}]*)?\{)/g,
      /(?:=>?|:|\?\?|\|\||\breturn)\s*fetch\b(?!\s*[(:.])/g,
      /(?<!typeof\s{1,9})\bglobalThis\s*\.\s*fetch\b/g,
      /\bBun\s*\.\s*(?:fetch|connect|udpSocket|dns)\b/g,
      /\bnew\s+(?:WebSocket|EventSource|XMLHttpRequest)\b/g,
    ],
    brings: importsValueOf(/^(?:node:)?(?:https?|http2|net|tls|dgram|dns)(?:\/|$)|^undici$|^ws$/),
  },
  {
    name: "SQL",
    doors: /^src\/(?:db\/.+|.+\.store|webhooks\/limiter)\.ts$/,
    advice: "call a function of the subject's store",
    traces: [/(?<![.\w$])sql(?:\s*\.\s*raw\b|`)/g, /\.\s*prepare\s*\(/g],
    literalTraces: [SQL_CALL],
    brings: (entry) =>
      /^(?:bun:sqlite|node:sqlite|drizzle-orm)(?:\/|$)/.test(entry.specifier) ||
      (!entry.typeOnly && /^src\/db\/schema(?:\.ts)?$/.test(entry.target ?? "")),
  },
  {
    name: "Elysia",
    doors: /^src\/(?:app|.+\.routes|auth\/guard|ops\/openapi\/document)\.ts$/,
    advice: "keep routes in *.routes.ts; what they call takes plain data",
    traces: [],
    brings: (entry, path) =>
      importsValueOf(/^(?:elysia|@elysiajs\/[\w-]+)(?:\/|$)/)(entry) &&
      !(path.endsWith(".schema.ts") && entry.values.join() === "t"),
  },
  {
    name: "process",
    doors: /^src\/(?:main|commands\/.+|lib\/log)\.ts$/,
    advice: "log through `log` in deps, throw instead of exiting, leave signals to commands/",
    traces: [
      /(?<![.\w$])console\b(?!\s*:)/g,
      /\bprocess\s*\.\s*(?:exit|exitCode|abort|kill|reallyExit)\b/g,
      /\bprocess\s*\.\s*(?:on|once|off|addListener|removeListener|removeAllListeners|emit)\b/g,
      /\bprocess\s*\.\s*(?:stdout|stderr|stdin)\b/g,
      /\bBun\s*\.\s*(?:stdout|stderr|stdin)\b/g,
    ],
  },
  {
    name: "other processes",
    doors: /^src\/sandbox\/child-process\.ts$/,
    advice: "the sandbox alone has children; take what they give in deps",
    traces: [/\bBun\s*\.\s*(?:spawn|spawnSync|\$)(?![\w$])/g, /(?<![.\w$])\$\s*`/g],
    brings: importsValueOf(/^(?:node:)?(?:child_process|cluster)$/),
  },
  {
    name: "threads",
    doors: /^src\/commands\/start-worker\.ts$/,
    advice: "the one Worker copies the database's log; take it in deps",
    traces: [/\bnew\s+(?:Shared)?Worker\b/g],
    brings: importsValueOf(/^(?:node:)?worker_threads$/),
  },
  {
    name: "native code",
    doors: /^src\/sandbox\/parent-death\.ts$/,
    advice: "use what the runtime offers; a call into the system is not checked by anything",
    traces: [/\bprocess\s*\.\s*dlopen\b/g],
    brings: importsValueOf(/^(?:bun:ffi|node:ffi|ffi)$/),
  },
];

interface Trace {
  line: number;
  what: string;
}

function findTraces(effect: Effect, file: SourceFile, code: string): Trace[] {
  const matches = [
    ...effect.traces.flatMap((trace) => [...code.matchAll(trace)]),
    ...(effect.literalTraces ?? [])
      .flatMap((trace) => [...file.text.matchAll(trace)])
      // Blanked there, it stands in a comment or inside another literal.
      .filter((match) => code.charAt(match.index) === "."),
  ];
  return matches.map((match) => ({
    line: lineAt(file.text, match.index),
    what: match[0].replace(/\s+/g, " ").trim(),
  }));
}

/** main.ts may set NODE_ENV on one line, before anything that reads it is loaded. */
function allowNodeEnvLine(path: string, traces: Trace[]): Trace[] {
  if (path !== "src/main.ts") return traces;
  const allowed = traces.find((trace) => trace.what.endsWith(".NODE_ENV"))?.line;
  return traces.filter((trace) => trace.line !== allowed || !trace.what.endsWith(".NODE_ENV"));
}

/** Effects outside of their doors, by file and line. */
export function findEffectViolations(files: SourceFile[]): Violation[] {
  const known = new Set(files.map((file) => file.path));
  return files.flatMap((file) => {
    const code = maskLiterals(file.text);
    const imports = findImports(file, known);
    return EFFECTS.filter((effect) => !effect.doors.test(file.path)).flatMap((effect) => {
      const brought = imports
        .filter((entry) => effect.brings?.(entry, file.path) === true)
        .map((entry) => ({ line: entry.line, what: `import of "${entry.specifier}"` }));
      const traces = allowNodeEnvLine(file.path, findTraces(effect, file, code));
      return [...brought, ...traces]
        .toSorted((a, b) => a.line - b.line)
        .map(({ line, what }) => ({
          path: file.path,
          line,
          rule: `one door per effect: ${effect.name}`,
          advice: `${what}: ${effect.advice}`,
        }));
    });
  });
}
