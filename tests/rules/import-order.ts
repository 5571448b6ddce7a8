// The import rule: a folder may import only from what stands before it, types included, and no
// file imports itself over others.

import type { Import } from "./imports";
import { findImports } from "./imports";
import type { SourceFile, Violation } from "./source";

/** Folders and top files of `src` in the order in which they may import each other. */
export const ORDER = [
  "vocabulary",
  "details",
  "execution-errors",
  "errors",
  "lib",
  "config",
  "db",
  "secrets",
  "auth",
  "sandbox",
  "providers",
  "tools",
  "pipelines",
  "agents",
  "executions",
  "webhooks",
  "schedules",
  "ops",
  "app",
  "commands",
  "main",
];
/** What the browser may load as values. */
const UI_VALUES = ["vocabulary", "pipelines", "ui"];
/** What may embed the built pages. */
const UI_HOSTS = ["app", "commands", "main", "ui"];

/** `lib` of `src/lib/clock.ts`, `errors` of `src/errors.ts`; null outside of `src`. */
const placeOf = (path: string): string | null => /^src\/([^/.]+)/.exec(path)?.[1] ?? null;

function judgeOutside(from: string, target: string): string | null {
  if (target === "package.json") return null;
  if (target.startsWith("drizzle/") && from === "db") return null;
  return `${target} is outside of src: only package.json, and drizzle/ from db, may be imported`;
}

function judgeUi(entry: Import, from: string, to: string): string | null {
  if (from === "ui") {
    if (entry.typeOnly || UI_VALUES.includes(to)) return null;
    return `ui takes values only from vocabulary and pipelines: import the type alone, or get the value over the API`;
  }
  if (UI_HOSTS.includes(from)) return null;
  return `${from} may not import ui`;
}

/** What is wrong with one import, or null. */
function judgeImport(entry: Import, from: string): string | null {
  if (entry.target === null) return null;
  const to = placeOf(entry.target);
  if (to === null) return judgeOutside(from, entry.target);
  if (from === "ui" || to === "ui") return judgeUi(entry, from, to);
  if (!ORDER.includes(to)) return null;
  if (ORDER.indexOf(to) <= ORDER.indexOf(from)) return null;
  return `${from} stands before ${to} and may not import it, not even a type: take a function or a type of your own in deps, or move the code`;
}

/** Imports against the order, and files at places that the order does not name. */
export function findOrderViolations(files: SourceFile[]): Violation[] {
  const known = new Set(files.map((file) => file.path));
  return files.flatMap((file) => {
    const from = placeOf(file.path) ?? "";
    const at = (line: number, advice: string): Violation => ({
      path: file.path,
      line,
      rule: "import order",
      advice,
    });
    if (from !== "ui" && !ORDER.includes(from) && !file.path.endsWith(".d.ts")) {
      return [at(1, `${from} has no place in the import order: move the file, or give it one`)];
    }
    return findImports(file, known).flatMap((entry) => {
      const advice = judgeImport(entry, from);
      return advice === null ? [] : [at(entry.line, advice)];
    });
  });
}

/** Every way in which a file comes back to itself over imports, types included. */
export function findImportCycles(files: SourceFile[]): Violation[] {
  const known = new Set(files.map((file) => file.path));
  const graph = new Map(
    files.map((file) => [
      file.path,
      findImports(file, known).flatMap(({ line, target }) =>
        target !== null && known.has(target) ? [{ line, target }] : [],
      ),
    ]),
  );
  const violations: Violation[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const walk = (path: string): void => {
    trail.push(path);
    for (const { line, target } of graph.get(path) ?? []) {
      const start = trail.indexOf(target);
      if (start >= 0) {
        const circle = [...trail.slice(start), target].join(" → ");
        const advice = `${circle}: move what both need to a file that imports neither`;
        violations.push({ path, line, rule: "import cycle", advice });
      } else if (!done.has(target)) {
        walk(target);
      }
    }
    trail.pop();
    done.add(path);
  };
  for (const path of graph.keys()) if (!done.has(path)) walk(path);
  return violations;
}
