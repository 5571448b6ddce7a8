// The documents held against the program: words that name nothing, things that no document names,
// links that lead nowhere.

import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { parseMarkdown } from "../support/markdown";
import type { SourceFile, Violation } from "./source";
import { lineAt, readText, REPOSITORY } from "./source";

/** What the program has, by kind. */
export interface Inventory {
  settings: string[];
  codes: string[];
  /** Codes of details, faults and warnings. */
  details: string[];
  reasons: string[];
  events: string[];
  /** Names of what an execution's stream tells. */
  streamed: string[];
  /** `GET /agents/{id}` */
  routes: string[];
  commands: string[];
  nodeTypes: string[];
}

/** Words that look like ours and belong to others. */
const WORDS_OF_OTHERS = new Set(
  "GET POST PUT PATCH DELETE HEAD OPTIONS SIGTERM SIGKILL FULL NORMAL secret.key".split(" "),
);

/** All Markdown files that we wrote. */
export function readDocuments(): SourceFile[] {
  const patterns = ["*.md", "docs/**/*.md", "tests/**/*.md"];
  return patterns
    .flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: REPOSITORY })])
    .filter((path) => !path.includes("node_modules"))
    .toSorted()
    .map((path) => ({ path, text: readText(path) }));
}

/** Those that tell readers of the program: the README and what stands under docs. */
export const isManual = ({ path }: SourceFile): boolean =>
  path === "README.md" || path.startsWith("docs/");

type Finder = (file: SourceFile, known: Inventory) => string[];

/** First groups of all matches, once each. */
const findAll = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? "")),
];

const outside = (words: string[], known: string[]): string[] =>
  words.filter((word) => !known.includes(word) && !WORDS_OF_OTHERS.has(word));

/** Code as it stands in a document: spans and blocks. */
function codeOf(file: SourceFile): string[] {
  const { spans, blocks } = parseMarkdown(file.text);
  return [...spans, ...blocks.map((block) => block.text)];
}

const findVariables: Finder = (file, { settings }) =>
  outside(findAll(file.text, /\b(HOOKLINE_[A-Z0-9]\w*)/g), settings);

const CODE_FIELD = /"(?:code|reason)":\s*"([A-Z_]+)"/g;

const findCapitals: Finder = (file, { settings, codes, details, reasons }) => {
  const { spans, blocks } = parseMarkdown(file.text);
  const named = spans.filter((span) => /^[A-Z][A-Z0-9]{2,}(_[A-Z0-9]+)*$/.test(span));
  const answered = blocks.flatMap((block) => findAll(block.text, CODE_FIELD));
  return outside(
    [...new Set([...named, ...answered])],
    [...settings, ...codes, ...details, ...reasons],
  );
};

const findEvents: Finder = (file, { events, streamed }) => {
  const families = new Set(events.map((event) => event.split(".")[0]));
  const named = parseMarkdown(file.text).spans.filter(
    (span) => /^[a-z_]+\.[a-z_]+$/.test(span) && families.has(span.split(".")[0]),
  );
  return outside(named, [...events, ...streamed]);
};

/** `/agents/agt_…/webhook`, `/agents/$ID/webhook` and `/agents/{id}/webhook` are one. */
const shapeOf = (path: string): string =>
  path.replace(/[?#].*$/, "").replaceAll(/\/(?:\{\w+\}|\$\w+|\w*…)(?=\/|$)/g, "/{}");

const findRoutes: Finder = (file, { routes }) => {
  const shapes = routes.map(shapeOf);
  const paths = shapes.map((shape) => shape.split(" ")[1] ?? "");
  const subjects = new Set(paths.map((path) => path.split("/")[1]));
  const calls = findAll(file.text, /\b((?:GET|POST|PUT|PATCH|DELETE) \/[^\s`"'),;]*)/g);
  const bare = parseMarkdown(file.text).spans.filter(
    (span) => /^\/[\w/{}…$?=-]+$/.test(span) && subjects.has(shapeOf(span).split("/")[1]),
  );
  return [
    ...calls.filter((call) => !shapes.includes(shapeOf(call))),
    ...bare.filter((path) => !paths.includes(shapeOf(path))),
  ];
};

const COMMAND = /(?:^|[\s/])hookline ([a-z][\w-]*)/gm;

const findCommands: Finder = (file, { commands }) =>
  outside(findAll(codeOf(file).join("\n"), COMMAND), commands);

/** One or more code spans before "node", or behind "nodes". */
const NODE_MENTIONS = [
  /((?:`\w+`(?:, | and | or )?)+) nodes?\b/g,
  /\bnodes ((?:`\w+`(?:, | and | or )?)+)/g,
];
/** A node of a pipeline in JSON. */
const NODE_FIELD = /"id":\s*"\w+",\s*"type":\s*"(\w+)"/g;

const findNodeTypes: Finder = (file, { nodeTypes }) => {
  const told = NODE_MENTIONS.flatMap((pattern) => findAll(file.text, pattern));
  const named = told.flatMap((words) => findAll(words, /`(\w+)`/g));
  return outside([...named, ...findAll(file.text, NODE_FIELD)], nodeTypes);
};

const FINDERS: Record<string, Finder> = {
  setting: findVariables,
  "code or reason": findCapitals,
  "log event": findEvents,
  route: findRoutes,
  command: findCommands,
  "node type": findNodeTypes,
};

/** Words of documents that look like ours and name nothing in the program. */
export const findUnknownWords = (files: SourceFile[], known: Inventory): Violation[] =>
  files.flatMap((file) =>
    Object.entries(FINDERS).flatMap(([kind, find]) =>
      find(file, known).map((word) => ({
        path: file.path,
        line: lineAt(file.text, file.text.indexOf(word)),
        rule: `unknown ${kind}`,
        advice: `${word} is not in the program: correct or drop it`,
      })),
    ),
  );

/** Words by document whose every entry has a heading there. */
const headedWords = (known: Inventory): [path: string, words: string[]][] => [
  ["docs/config.md", known.settings.filter((name) => !name.endsWith("_FILE"))],
  ["docs/errors.md", [...known.codes, ...known.reasons]],
  ["docs/logs.md", known.events],
];

/** What the program has and no document tells of. */
export function findUndocumented(files: SourceFile[], known: Inventory): string[] {
  const headings = (path: string): string[] =>
    findAll(files.find((file) => file.path === path)?.text ?? "", /^### `([^`]+)`$/gm);
  const headed = headedWords(known).flatMap(([path, words]) => {
    const there = headings(path);
    return words.filter((word) => !there.includes(word)).map((word) => `${word} in ${path}`);
  });
  const code = files.flatMap(codeOf);
  const commands = findAll(code.join("\n"), COMMAND);
  return [
    ...headed,
    ...known.commands.filter((name) => !commands.includes(name)).map((name) => `hookline ${name}`),
    ...known.details.filter((word) => !code.includes(word)).map((word) => `code ${word}`),
    ...known.streamed.filter((name) => !code.includes(name)).map((name) => `event ${name}`),
    ...known.nodeTypes.filter((type) => !code.includes(type)).map((type) => `node type ${type}`),
  ];
}

const isExternal = (link: string): boolean => /^[a-z]+:/i.test(link);

/** Links to files that are not there, and to headings that their file does not have. */
export function findBrokenLinks(files: SourceFile[]): Violation[] {
  const anchors = new Map(files.map(({ path, text }) => [path, parseMarkdown(text).anchors]));
  const leads = (from: string, link: string): boolean => {
    const [path = "", anchor] = decodeURI(link).split("#");
    const target = path === "" ? from : normalize(join(dirname(from), path));
    const there = anchors.has(target) || existsSync(join(REPOSITORY, target));
    return there && (anchor === undefined || anchors.get(target)?.has(anchor) === true);
  };
  return files.flatMap(({ path, text }) =>
    parseMarkdown(text)
      .links.filter((link) => !isExternal(link) && !leads(path, link))
      .map((link) => ({
        path,
        line: lineAt(text, text.indexOf(`(${link})`)),
        rule: "broken link",
        advice: `${link} leads nowhere`,
      })),
  );
}
