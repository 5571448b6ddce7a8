// An agent as a document for another server: what it names is described, never by ids, keys or secrets.

import { findProviderFacts } from "../../providers/providers.store";
import { secretsRead } from "../../tools/judge";
import { findToolFacts } from "../../tools/tools.store";
import { findAgent } from "../agents.store";
import type { AgentsDeps } from "../change";
import { getAgent } from "../change";
import { readStoredWebhook } from "../webhook-settings";
import type { AgentDocument } from "./portable.schema";
import { FORMAT, FORMAT_VERSION } from "./portable.schema";
import type { Kind, Place } from "./references";
import { replacePlaces } from "./references";

type Needs = AgentDocument["needs"];

/** Letters and digits of a name, as a reference has them. */
const slugOf = (name: string): string =>
  name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 60)
    .replaceAll(/^-+|-+$/g, "") || "unnamed";

/** What was missing at an earlier import stands in the draft as a reference, and keeps its name. */
const slugOfUnknown = (kind: Kind, id: string): string =>
  id.startsWith(`${kind}:`) ? slugOf(id.slice(kind.length + 1)) : "unknown";

/** Notes what an id stands for, under the reference that it gets; its name, or null for an unknown one. */
type Describe = (place: Pick<Place, "kind" | "text">, refOf: (name: string) => string) => string;

function describeInto(deps: AgentsDeps, needs: Needs): Describe {
  const describers: Record<Kind, (id: string, refOf: (name: string) => string) => string | null> = {
    provider(id, refOf) {
      const facts = findProviderFacts(deps, id);
      if (facts === undefined) return null;
      const ref = refOf(facts.name);
      needs.providers.push({ ref, ...facts });
      return ref;
    },
    tool(id, refOf) {
      const facts = findToolFacts(deps, id);
      if (facts === undefined) return null;
      const { settings, ...rest } = facts;
      const ref = refOf(facts.name);
      needs.tools.push({ ref, ...rest, ...settings });
      needs.secrets.push(...secretsRead(settings));
      return ref;
    },
    agent(id, refOf) {
      const row = findAgent(deps, id);
      if (row === undefined) return null;
      const ref = refOf(row.name);
      needs.agents.push({ ref, name: row.name });
      return ref;
    },
  };
  return ({ kind, text }, refOf) => {
    const known = describers[kind](text, (name) => refOf(slugOf(name)));
    if (known !== null) return known;
    const ref = refOf(slugOfUnknown(kind, text));
    needs.unknown.push(ref);
    return ref;
  };
}

/** Gives each thing one reference, and each reference to one thing: by its name, and a number after the first. */
function createReferences(describe: Describe): (place: Place) => string {
  const given = new Map<string, string>();
  const taken = new Set<string>();
  return ({ kind, text }) => {
    const key = `${kind} ${text}`;
    const known = given.get(key);
    if (known !== undefined) return known;
    const ref = describe({ kind, text }, (name) => {
      let free = `${kind}:${name}`;
      for (let count = 2; taken.has(free); count += 1) free = `${kind}:${name}-${count}`;
      taken.add(free);
      return free;
    });
    given.set(key, ref);
    return ref;
  };
}

/**
 * The agent's draft and webhook settings as a document. Two of the same are the same text; versions, the
 * webhook's switch and all that is secret stay behind. Throws NOT_FOUND.
 */
export function exportAgent(deps: AgentsDeps, id: string): AgentDocument {
  const row = getAgent(deps, id);
  const stored = readStoredWebhook(row.webhookSettings);
  const needs: Needs = {
    providers: [],
    tools: [],
    agents: [],
    unknown: [],
    secrets: [],
    webhookSecret: (stored.auth?.type ?? "none") !== "none",
  };
  const refOf = createReferences(describeInto(deps, needs));
  const named = replacePlaces({ pipeline: JSON.parse(row.draft), webhook: stored }, refOf);
  return {
    format: FORMAT,
    version: FORMAT_VERSION,
    name: row.name,
    description: row.description,
    ...named,
    needs: { ...needs, secrets: [...new Set(needs.secrets)].toSorted() },
  };
}
