// Finds on this server what a document names: by the caller's word, by what the document says of it, or
// by making it. Runs inside the write of the import.

import { invalid } from "../../errors";
import type { ErrorDetail } from "../../errors";
import { findProviderFacts, listProvidersLike } from "../../providers/providers.store";
import { findNamedSecret } from "../../secrets/named.store";
import { secretsRead } from "../../tools/judge";
import type { ToolsDeps } from "../../tools/tools.store";
import {
  findToolFacts,
  insertTool,
  judgeCreate,
  listToolsLike,
  toSettings,
} from "../../tools/tools.store";
import type { ImportGap } from "../../vocabulary";
import { findAgentFacts, listAgentsNamed } from "../agents.store";
import type { AgentImport, Outcome } from "./portable.schema";
import type { Kind } from "./references";
import { listPlaces } from "./references";

type Listed = AgentImport["needs"]["tools"][number];

/** What the references of a document stand for here. */
export interface Resolution {
  ids: ReadonlyMap<string, string>;
  outcome: Outcome;
}

const LISTS = { provider: "providers", tool: "tools", agent: "agents" } as const;

interface Work {
  document: AgentImport;
  /** References that the pipeline or the webhook names. */
  used: ReadonlySet<string>;
  ids: Map<string, string>;
  outcome: Outcome;
}

/** Ids that the caller gives, by references; a map, as an object would have inherited names. */
export const mappedOf = ({ map = {} }: AgentImport, kind: Kind): Map<string, string> =>
  new Map(Object.entries(map[LISTS[kind]] ?? {}));

function noteMatch(work: Work, data: { kind: Kind; ref: string; id: string }): void {
  const { kind, ref, id } = data;
  work.ids.set(ref, id);
  work.outcome.matched[LISTS[kind]].push({ ref, id });
}

const noteGap = (
  work: Work,
  { kind, ...gap }: { kind: Kind; ref: string; name: string | null; reason: ImportGap },
): void => void work.outcome.missing[LISTS[kind]].push(gap);

const isOpen = (work: Work, ref: string): boolean => work.used.has(ref) && !work.ids.has(ref);

/** Takes the caller's word, where there is such a thing. */
function takeMapped(deps: ToolsDeps, work: Work): void {
  const exists: Record<Kind, (id: string) => boolean> = {
    provider: (id) => findProviderFacts(deps, id) !== undefined,
    tool: (id) => findToolFacts(deps, id) !== undefined,
    agent: (id) => findAgentFacts(deps, id) !== null,
  };
  const codes = {
    provider: "PROVIDER_UNKNOWN",
    tool: "TOOL_UNKNOWN",
    agent: "AGENT_UNKNOWN",
  } as const;
  const faults: ErrorDetail[] = [];
  for (const kind of ["provider", "tool", "agent"] as const) {
    for (const [ref, id] of mappedOf(work.document, kind)) {
      if (exists[kind](id)) noteMatch(work, { kind, ref, id });
      else {
        const message = `There is no ${kind} of this id here.`;
        faults.push({ path: `/map/${LISTS[kind]}/${ref}`, code: codes[kind], message });
      }
    }
  }
  if (faults.length > 0) throw invalid(...faults.slice(0, 20));
}

/** Matches what may be used only where exactly one fits: keys and agents are not to be guessed at. */
function matchOnly(work: Work, data: { kind: Kind; ref: string; name: string; fits: string[] }) {
  const { kind, ref, name, fits } = data;
  const [id] = fits;
  if (id !== undefined && fits.length === 1) noteMatch(work, { kind, ref, id });
  else noteGap(work, { kind, ref, name, reason: id === undefined ? "none_fits" : "several_fit" });
}

/** Makes a tool whose secrets are there; throws VALIDATION_ERROR with pointers into the document. */
function makeTool(deps: ToolsDeps, data: { work: Work; listed: Listed; index: number }): void {
  const { work, listed, index } = data;
  const { ref, ...tool } = listed;
  const settings = toSettings(tool);
  const hasSecret = (): boolean => true;
  const faults = judgeCreate({ judgeSchema: deps.judgeSchema, hasSecret }, tool);
  if (faults.length > 0) {
    const at = `/needs/tools/${index}`;
    throw invalid(...faults.map((fault) => ({ ...fault, path: `${at}${fault.path ?? ""}` })));
  }
  const isHere = (name: string): boolean => findNamedSecret(deps, name) !== undefined;
  if (!secretsRead(settings).every(isHere)) {
    noteGap(work, { kind: "tool", ref, name: tool.name, reason: "secret_missing" });
    return;
  }
  const { id } = insertTool(deps, tool);
  work.ids.set(ref, id);
  work.outcome.created.tools.push({ ref, id });
}

/** Two tools that are alike may be meant as two, so that each reference gets one of its own. */
function resolveTools(deps: ToolsDeps, work: Work): void {
  for (const [index, listed] of work.document.needs.tools.entries()) {
    const { ref, name, type, description = "" } = listed;
    if (!isOpen(work, ref)) continue;
    const taken = new Set(work.ids.values());
    const { ref: _ref, ...tool } = listed;
    const facts = { type, name, description, settings: toSettings(tool) };
    const id = listToolsLike(deps, facts).find((one) => !taken.has(one));
    if (id === undefined) makeTool(deps, { work, listed, index });
    else noteMatch(work, { kind: "tool", ref, id });
  }
}

function listMissingSecrets(deps: ToolsDeps, { document, used }: Work): string[] {
  const { secrets, tools } = document.needs;
  const read = tools
    .filter(({ ref }) => used.has(ref))
    .flatMap((tool) => secretsRead(toSettings(tool)));
  return [...new Set([...secrets, ...read])]
    .filter((name) => findNamedSecret(deps, name) === undefined)
    .toSorted();
}

const kindOf = (ref: string): Kind =>
  ref.startsWith("tool:") ? "tool" : ref.startsWith("agent:") ? "agent" : "provider";

/** What every reference stands for; makes missing tools. Throws VALIDATION_ERROR. */
export function resolveReferences(deps: ToolsDeps, document: AgentImport): Resolution {
  const work: Work = {
    document,
    used: new Set(listPlaces(document).map(({ text }) => text)),
    ids: new Map(),
    outcome: {
      created: { tools: [] },
      matched: { providers: [], tools: [], agents: [] },
      missing: { secrets: [], providers: [], tools: [], agents: [] },
    },
  };
  takeMapped(deps, work);
  const { providers, agents, unknown } = document.needs;
  for (const { ref, ...facts } of providers.filter((one) => isOpen(work, one.ref))) {
    const fits = listProvidersLike(deps, facts);
    matchOnly(work, { kind: "provider", ref, name: facts.name, fits });
  }
  for (const { ref, name } of agents.filter((one) => isOpen(work, one.ref))) {
    matchOnly(work, { kind: "agent", ref, name, fits: listAgentsNamed(deps, name) });
  }
  for (const ref of unknown.filter((one) => isOpen(work, one))) {
    noteGap(work, { kind: kindOf(ref), ref, name: null, reason: "unknown" });
  }
  resolveTools(deps, work);
  work.outcome.missing.secrets = listMissingSecrets(deps, work);
  return { ids: work.ids, outcome: work.outcome };
}
