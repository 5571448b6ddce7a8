// Rules of the repository that no tool checks: lock file, versions, file heads.

import { describe, expect, test } from "bun:test";
import type { SourceFile } from "./source";
import { maskLiterals, readSources, readText } from "./source";

type Manifest = Record<string, unknown>;

const VERSION_FIELDS = ["dependencies", "devDependencies", "optionalDependencies", "overrides"];

/** Lines of a lock file that name a host; a mirror's address must not reach others. */
const findHosts = (lock: string): string[] =>
  lock.split("\n").filter((line) => /https?:\/\//.test(line));

function findLooseVersions(manifest: Manifest): string[] {
  return VERSION_FIELDS.flatMap((field) =>
    Object.entries(manifest[field] ?? {}).flatMap(([name, version]) =>
      /^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(String(version)) ? [] : [`${name}: ${String(version)}`],
    ),
  );
}

const opensWithComment = ({ text }: SourceFile): boolean => /^\/[/*]+\s*\S/.test(text);

/** Folders that grow by a file for each of their kind. */
const KINDS = /\/(nodes|presets|parts|commands)\/[^/]+$/;

/** Files that are one table. */
const TABLES = ["src/errors.ts", "src/vocabulary.ts", "src/config.ts", "src/db/schema.ts"];

const maxLinesOf = (path: string): number => (TABLES.includes(path) ? 400 : 300);

const countLines = (text: string): number => text.trimEnd().split("\n").length;

/** Folders with more than 16 files, each with its number. */
function findFullFolders(files: SourceFile[]): string[] {
  const byFolder = Object.groupBy(files, ({ path }) => path.replace(/\/[^/]*$/, ""));
  return Object.entries(byFolder)
    .filter(([, inside = []]) => inside.length > 16)
    .map(([folder, inside = []]) => `${folder}: ${inside.length}`);
}

/** Lines of the file that are comment alone, and all that are not empty. */
function countComments(text: string): { comments: number; lines: number } {
  const countFull = (all: string): number =>
    all.split("\n").filter((line) => line.trim() !== "").length;
  const lines = countFull(text);
  return { comments: lines - countFull(maskLiterals(text)), lines };
}

/** Casts past what the compiler knows; `any`, `!` and `@ts-ignore` are the linter's. */
const findBlindCasts = (files: SourceFile[]): string[] =>
  files.filter(({ text }) => /\bas unknown as\b/.test(maskLiterals(text))).map(({ path }) => path);

/** Folders with packages of their own. */
const PACKAGES = [".", "tests/oracle", "tests/browser"];

test("bun.lock names no host", () => {
  for (const folder of PACKAGES) expect(findHosts(readText(`${folder}/bun.lock`))).toEqual([]);
  expect(
    findHosts(`"a": ["a@1.0.0", "http://mirror.example/a.tgz", {}, "sha512-x"],`),
  ).toHaveLength(1);
});

describe("versions in package.json", () => {
  test("are exact", () => {
    for (const folder of PACKAGES) {
      const manifest: Manifest = JSON.parse(readText(`${folder}/package.json`));
      expect(findLooseVersions(manifest)).toEqual([]);
    }
  });

  test.each(["^1.0.0", "~1.0.0", "1.x", "latest", "*", ">=1.0.0", "1.0", "git+ssh://x/y"])(
    "%s would be refused",
    (version) => {
      expect(findLooseVersions({ devDependencies: { a: version } })).toEqual([`a: ${version}`]);
    },
  );
});

describe("files of the program, its scripts and its bench", () => {
  const sources = ["src", "scripts", "bench"].flatMap(readSources);

  test("are never named index.ts", () => {
    const paths = sources.map((file) => file.path);
    expect(paths.filter((path) => /(^|\/)index\.tsx?$/.test(path))).toEqual([]);
  });

  test("are at most 16 in a folder, but where each file is one of its kind", () => {
    const full = findFullFolders(sources.filter(({ path }) => !KINDS.test(path)));
    expect(full).toEqual([]);
    const planted = [...Array(17).keys()].map((at) => ({ path: `src/a/${at}.ts`, text: "" }));
    expect(findFullFolders([...planted, { path: "src/b/0.ts", text: "" }])).toEqual(["src/a: 17"]);
  });

  test("have at most 300 lines, and tables 400", () => {
    const long = sources.filter(({ path, text }) => countLines(text) > maxLinesOf(path));
    expect(long.map(({ path, text }) => `${path}: ${countLines(text)}`)).toEqual([]);
    expect([maxLinesOf("src/app.ts"), maxLinesOf("src/db/schema.ts")]).toEqual([300, 400]);
  });

  test("are comment by 5 to 12 %, all together", () => {
    const counts = sources.map(({ text }) => countComments(text));
    const sum = (key: "comments" | "lines") => counts.reduce((all, one) => all + one[key], 0);
    const share = (100 * sum("comments")) / sum("lines");
    expect(share).toBeGreaterThan(5);
    expect(share).toBeLessThan(12);
    const planted = `// One.\n\nconst a = "// none";\n/* Two.\n   Three. */\nrun(); // not alone\n`;
    expect(countComments(planted)).toEqual({ comments: 3, lines: 5 });
  });

  test("cast nothing through unknown", () => {
    expect(findBlindCasts(sources)).toEqual([]);
    const planted = { path: "a.ts", text: "use(a as unknown as B); // as unknown as" };
    expect(findBlindCasts([planted])).toEqual(["a.ts"]);
    expect(findBlindCasts([{ path: "a.ts", text: '"as unknown as"; // as unknown as' }])).toEqual(
      [],
    );
  });

  test("open with a comment that says what they own", () => {
    const bare = sources.filter((file) => !opensWithComment(file)).map((file) => file.path);
    expect(bare).toEqual([]);
    expect(opensWithComment({ path: "a.ts", text: `import a from "a";\n// Late.` })).toBe(false);
  });
});
