// Takes a document: a new draft agent, the tools that it needs, all in one write, or nothing.

import { isRecord } from "../../lib/json-value";
import type { ErrorDetail } from "../../errors";
import { invalid } from "../../errors";
import type { ToolsDeps } from "../../tools/tools.store";
import { insertAgent } from "../agents.store";
import type { AgentsDeps } from "../change";
import { toAgent } from "../change";
import type { AgentRow } from "../agents.store";
import { applyWebhookPatch, findConflicts, findUnavailable } from "../webhook-settings";
import type { AgentImport, Outcome } from "./portable.schema";
import { FORMAT, FORMAT_VERSION } from "./portable.schema";
import type { Kind } from "./references";
import { listPlaces, replacePlaces } from "./references";
import { mappedOf, resolveReferences } from "./resolve";

export type ImportDeps = AgentsDeps & ToolsDeps;

/** An agent that was made of a document. */
export interface Imported {
  row: AgentRow;
  outcome: Outcome;
}

const MAX_DETAILS = 20;

/** Throws VALIDATION_ERROR for what is no such document, before its fields are told one by one. */
export function requireFormat(body: unknown): void {
  if (!isRecord(body)) return;
  if (body["format"] !== FORMAT) {
    const message = `Send a document of the format ${FORMAT}, as GET /agents/{id}/export gives it.`;
    throw invalid({ path: "/format", code: "INVALID", message });
  }
  const { version } = body;
  if (version === FORMAT_VERSION) return;
  const isNewer = typeof version === "number" && version > FORMAT_VERSION;
  const message = isNewer
    ? `The document is of a newer version than this server reads, ${FORMAT_VERSION}; update the server.`
    : `The version is ${FORMAT_VERSION}.`;
  throw invalid({ path: "/version", code: isNewer ? "VALUE_UNAVAILABLE" : "INVALID", message });
}

interface ListedRef {
  ref: string;
  path: string;
}

function listRefs({ needs }: AgentImport): ListedRef[] {
  const lists = (["providers", "tools", "agents"] as const).flatMap((list) =>
    needs[list].map(({ ref }, index) => ({ ref, path: `/needs/${list}/${index}/ref` })),
  );
  return [
    ...lists,
    ...needs.unknown.map((ref, index) => ({ ref, path: `/needs/unknown/${index}` })),
  ];
}

const UNLISTED = "There is no such reference in needs; list it there, or take it out here.";

function findReferenceFaults(document: AgentImport): ErrorDetail[] {
  const faults: ErrorDetail[] = [];
  const listed = new Set<string>();
  for (const { ref, path } of listRefs(document)) {
    const message = "This reference is listed before; leave one out.";
    if (listed.has(ref)) faults.push({ path, code: "REFERENCE_DUPLICATE", message });
    listed.add(ref);
  }
  const isListed = (ref: string, kind: Kind): boolean =>
    listed.has(ref) && ref.startsWith(`${kind}:`);
  for (const { kind, text, path } of listPlaces(document)) {
    if (isListed(text, kind)) continue;
    faults.push({ path, code: "REFERENCE_UNKNOWN", message: UNLISTED });
  }
  for (const kind of ["provider", "tool", "agent"] as const) {
    for (const ref of mappedOf(document, kind).keys()) {
      if (listed.has(ref)) continue;
      faults.push({ path: `/map/${kind}s/${ref}`, code: "REFERENCE_UNKNOWN", message: UNLISTED });
    }
  }
  return faults;
}

/**
 * Makes a draft agent of a document, its webhook off and without a secret, and the tools that are
 * missing. What cannot be found stays in the draft as a reference, which is a fault of it. Throws
 * VALIDATION_ERROR with pointers into the document, and stores nothing then.
 */
export function importAgent(deps: ImportDeps, document: AgentImport): Promise<Imported> {
  const settings = applyWebhookPatch({}, document.webhook);
  const faults = [
    ...findUnavailable(document.webhook),
    ...findConflicts(deps, settings),
    ...findReferenceFaults(document),
  ];
  if (faults.length > 0) throw invalid(...faults.slice(0, MAX_DETAILS));
  return deps.writer.write(() => {
    const { ids, outcome } = resolveReferences(deps, document);
    const { pipeline, webhook } = replacePlaces(document, ({ text }) => ids.get(text) ?? text);
    const { name, description } = document;
    const row = insertAgent(deps, {
      name,
      description,
      draft: JSON.stringify(pipeline),
      webhookSettings: JSON.stringify(applyWebhookPatch({}, webhook)),
    });
    return { row, outcome };
  });
}

/** Wire shape of an agent that was made of a document. */
export const toImported = (deps: AgentsDeps, { row, outcome }: Imported) => ({
  ...toAgent(deps, { row }),
  ...outcome,
});
