// Rules of the repository that no tool checks: lock file, versions, file heads.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SourceFile } from "./source";
import { REPOSITORY, readSources } from "./source";

type Manifest = Record<string, unknown>;

const VERSION_FIELDS = ["dependencies", "devDependencies", "optionalDependencies", "overrides"];

const readText = (path: string): string => readFileSync(join(REPOSITORY, path), "utf8");

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

describe("files of src", () => {
  const sources = readSources("src");

  test("are never named index.ts", () => {
    const paths = sources.map((file) => file.path);
    expect(paths.filter((path) => /(^|\/)index\.tsx?$/.test(path))).toEqual([]);
  });

  test("open with a comment that says what they own", () => {
    const bare = sources.filter((file) => !opensWithComment(file)).map((file) => file.path);
    expect(bare).toEqual([]);
    expect(opensWithComment({ path: "a.ts", text: `import a from "a";\n// Late.` })).toBe(false);
  });
});
