// From a code to the function body that is run, and to what its variables are given. Done once a
// version: the body is the same for every execution, whatever the values are.

import {
  type Reference,
  type Source,
  type TemplateFault,
  writeReference,
} from "../templates/expression";
import { MAX_FAULTS_PER_FIELD, renderValue, type TemplateScope } from "../templates/template";
import type { Json } from "../record";
import { type Binder, type CodeBinding, createBinder } from "./bindings";
import { type CodeFault, scanCode } from "./expressions";
import { type CodeKind, FRAMES, type ParsedCode, parseCode } from "./parse";
import { rewriteCode } from "./rewrite";
import { findFreeSources } from "./scopes";
import { findSpan } from "./spans";
import type { Visit } from "./walk";

/** Something that a code reads, by the name that it has there. */
interface CodeRead {
  readonly label: string;
  readonly reference: Reference;
}

/** A code that is ready to run. */
export interface CompiledCode {
  /** Body of a strict function whose parameters are the bindings. */
  readonly body: string;
  readonly bindings: readonly CodeBinding[];
  readonly reads: readonly CodeRead[];
}

export type CodeCompilation =
  { ok: true; code: CompiledCode } | { ok: false; faults: TemplateFault[] };

interface CodeSource {
  text: string;
  kind: CodeKind;
  /** Nodes that the variable `nodes` has. */
  upstream: ReadonlySet<string>;
}

/** The name that a member is read by, where it does not depend on values. */
function readMember(of: Visit | null): string | null {
  if (of?.node.type !== "MemberExpression") return null;
  const { property, computed } = of.node;
  if (!computed) return property.type === "Identifier" ? property.name : null;
  return property.type === "Literal" && typeof property.value === "string" ? property.value : null;
}

/** The node that `nodes.<id>` reads, and whether its `output`; null where that depends on values. */
function readNodeUse(use: Visit): { id: string; isOutput: boolean } | null {
  const id = use.member === "object" ? readMember(use.up) : null;
  if (id === null) return null;
  const isObject = use.up?.member === "object";
  return { id, isOutput: isObject && readMember(use.up.up) === "output" };
}

const toRead = (reference: Reference): CodeRead => ({
  label: writeReference(reference),
  reference,
});

/** Binds `nodes`: only those that are named, where each is. Gives what is read by it. */
function bindNodes(
  binder: Binder,
  data: { uses: readonly Visit[]; source: CodeSource },
): CodeRead[] {
  const { uses, source } = data;
  const found = uses.map(readNodeUse);
  const named = found.filter((use) => use !== null);
  const isOpen = named.length < found.length;
  const ids = isOpen ? [...source.upstream] : named.map(({ id }) => id);
  const present = [...new Set(ids)].filter((id) => source.upstream.has(id));
  binder.bindNamed({
    name: "nodes",
    read: (scope: TemplateScope): Json =>
      Object.fromEntries(present.map((id) => [id, { output: scope.outputs.get(id) ?? null }])),
  });
  const outputs = named.filter(({ isOutput }) => isOutput).map(({ id }) => id);
  return [...new Set([...present, ...outputs])].map((nodeId) =>
    toRead({ source: "nodes", nodeId, path: [] }),
  );
}

function bindSource(binder: Binder, source: Exclude<Source, "nodes">): CodeRead {
  const reference: Reference = { source, path: [] };
  binder.bindNamed({
    name: source,
    read: (scope) => renderValue(scope, { parts: [reference] }),
  });
  return toRead(reference);
}

/** Binds the sources that the code reads as plain variables. */
function bindSources(binder: Binder, data: { parsed: ParsedCode; source: CodeSource }): CodeRead[] {
  return [...findFreeSources(data.parsed.visits)].flatMap(([name, uses]) =>
    name === "nodes" ? bindNodes(binder, { uses, source: data.source }) : bindSource(binder, name),
  );
}

const listNames = ({ visits }: ParsedCode): ReadonlySet<string> =>
  new Set(visits.flatMap(({ node }) => (node.type === "Identifier" ? node.name : [])));

/** Says where the fault is, lines and columns from 1; the head of a frame is no line of the code. */
function locate(fault: CodeFault, data: { text: string; head: string }): TemplateFault {
  const before = data.text.slice(data.head.length, Math.max(fault.at, data.head.length));
  const lines = before.split("\n");
  const column = (lines.at(-1) ?? "").length + 1;
  return { code: fault.code, message: `Line ${lines.length}, column ${column}: ${fault.message}` };
}

/** Faults in comments count for nothing; those of the grammar may only follow from the others. */
function sortFaults(own: readonly CodeFault[], parsed: ParsedCode): CodeFault[] {
  const { comments } = parsed;
  const isCommented = (at: number) => (comments[findSpan(comments, at)]?.start ?? Infinity) <= at;
  const real = own.filter(({ at }) => !isCommented(at));
  const all = real.length > 0 ? real : parsed.faults;
  return all.toSorted((a, b) => a.at - b.at).slice(0, MAX_FAULTS_PER_FIELD);
}

/** Compiles a code, with all its faults; whether what it names is there is asked elsewhere. */
export function compileCode(source: CodeSource): CodeCompilation {
  const { head, tail } = FRAMES[source.kind];
  const text = head + source.text + tail;
  const scanned = scanCode(text);
  const parsed = parseCode(scanned, source.kind);
  const binder = createBinder(listNames(parsed));
  const rewritten = rewriteCode(binder, { scanned, parsed });
  const faults = sortFaults([...scanned.faults, ...rewritten.faults], parsed);
  if (faults.length > 0) {
    return { ok: false, faults: faults.map((fault) => locate(fault, { text, head })) };
  }
  const reads = [...rewritten.used, ...bindSources(binder, { parsed, source })];
  const byLabel = new Map(reads.map(({ label, reference }) => [label, { label, reference }]));
  return {
    ok: true,
    code: { body: rewritten.text, bindings: binder.bindings, reads: [...byLabel.values()] },
  };
}
