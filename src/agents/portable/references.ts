// Where a pipeline and webhook settings name things by their ids. In a document a reference such as
// `tool:notify` stands there in the place of an id.

import type { Json } from "../../lib/json-value";
import type { Node, Pipeline } from "../../pipelines/pipelines.schema";
import { ECHO_PROVIDER_ID } from "../../providers/echo";
import type { WebhookPatch } from "../agents.schema";

/** What can be named. */
export type Kind = "provider" | "tool" | "agent";

/** References of a kind: no id has a colon, so that none is taken for another's thing. */
export const referencePattern = (kind: string): string => `^${kind}:[a-z0-9-]{1,80}$`;

/** One place, with the id or reference that stands there and its JSON pointer. */
export interface Place {
  kind: Kind;
  text: string;
  path: string;
}

/** What of an agent names other things. */
export interface Naming {
  pipeline: Pipeline;
  webhook: WebhookPatch;
}

const FIELDS: Partial<Record<Node["type"], readonly { kind: Kind; field: string }[]>> = {
  llm_call: [
    { kind: "provider", field: "providerId" },
    { kind: "tool", field: "toolIds" },
  ],
  tool_call: [{ kind: "tool", field: "toolId" }],
  sub_agent: [{ kind: "agent", field: "agentId" }],
};

/** What stands in a place from now on. */
type Replace = (place: Place) => string;

interface Spot {
  kind: Kind;
  path: string;
  replace: Replace;
}

/** The built-in provider has the same id everywhere; a draft's empty field names nothing. */
function replaceText(text: string, { kind, path, replace }: Spot): string {
  const isFixed = text === "" || (kind === "provider" && text === ECHO_PROVIDER_ID);
  return isFixed ? text : replace({ kind, text, path });
}

const replaceList = (texts: string[], spot: Spot): string[] =>
  texts.map((text, index) => replaceText(text, { ...spot, path: `${spot.path}/${index}` }));

/** A draft may hold anything here; what is no text is its fault, and stays. */
function replaceValue(value: Json, spot: Spot): Json {
  if (typeof value === "string") return replaceText(value, spot);
  if (!Array.isArray(value)) return value;
  return value.map((item, index) => {
    const path = `${spot.path}/${index}`;
    return typeof item === "string" ? replaceText(item, { ...spot, path }) : item;
  });
}

function replaceInNode(node: Node, { path, replace }: { path: string; replace: Replace }): Node {
  const data = { ...node.data };
  for (const { kind, field } of FIELDS[node.type] ?? []) {
    const value = Object.hasOwn(data, field) ? data[field] : undefined;
    if (value === undefined) continue;
    data[field] = replaceValue(value, { kind, path: `${path}/data/${field}`, replace });
  }
  return { ...node, data };
}

function replaceInWebhook(webhook: WebhookPatch, replace: Replace): WebhookPatch {
  const { allow } = webhook;
  if (allow == null) return webhook;
  const after = { ...allow };
  const path = "/webhook/allow";
  if (allow.toolIds != null) {
    const spot: Spot = { kind: "tool", path: `${path}/toolIds`, replace };
    after.toolIds = replaceList(allow.toolIds, spot);
  }
  if (allow.agentIds != null) {
    const spot: Spot = { kind: "agent", path: `${path}/agentIds`, replace };
    after.agentIds = replaceList(allow.agentIds, spot);
  }
  return { ...webhook, allow: after };
}

/** The same with other text in each place, in the order of the nodes and then of the webhook. */
export const replacePlaces = ({ pipeline, webhook }: Naming, replace: Replace): Naming => ({
  pipeline: {
    ...pipeline,
    nodes: pipeline.nodes.map((node, index) =>
      replaceInNode(node, { path: `/pipeline/nodes/${index}`, replace }),
    ),
  },
  webhook: replaceInWebhook(webhook, replace),
});

/** Every place, in that order. */
export function listPlaces(naming: Naming): Place[] {
  const places: Place[] = [];
  replacePlaces(naming, (place) => {
    places.push(place);
    return place.text;
  });
  return places;
}
