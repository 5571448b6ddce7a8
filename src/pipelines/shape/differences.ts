// Where two JSON values differ, and two pipelines by their nodes and edges.

import { isRecord } from "../../lib/json-value";
import type { Edge, Node, Pipeline } from "../pipelines.schema";
import type { Json } from "../record";

/** Differences that are listed; a value that differs in more is another one. */
const MAX_PATHS = 100;

const pointer = (path: string, key: string | number): string =>
  `${path}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;

function* walkDifferences(a: Json, at: { b: Json; path: string }): Generator<string> {
  const { b, path } = at;
  if (Array.isArray(a) && Array.isArray(b)) {
    const length = Math.max(a.length, b.length);
    for (let index = 0; index < length; index += 1) {
      const place = pointer(path, index);
      if (index >= a.length || index >= b.length) yield place;
      else yield* walkDifferences(a[index] ?? null, { b: b[index] ?? null, path: place });
    }
  } else if (isRecord(a) && isRecord(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const place = pointer(path, key);
      if (!Object.hasOwn(a, key) || !Object.hasOwn(b, key)) yield place;
      else yield* walkDifferences(a[key] ?? null, { b: b[key] ?? null, path: place });
    }
  } else if (a !== b) {
    yield path;
  }
}

/** JSON pointers (RFC 6901) of what differs, at most 100; empty for equal values. */
export function listDifferences(a: Json, b: Json): string[] {
  const paths: string[] = [];
  for (const path of walkDifferences(a, { b, path: "" })) {
    paths.push(path);
    if (paths.length === MAX_PATHS) break;
  }
  return paths;
}

export interface ListDiff {
  added: string[];
  removed: string[];
  /** In both, with the JSON pointers of what differs. */
  changed: { id: string; paths: string[] }[];
}

/** What the second of two pipelines has that the first has not, and the other way round. */
export interface PipelineDiff {
  nodes: ListDiff;
  edges: ListDiff;
}

/** Where a node is drawn changes nothing that it does. */
const withoutPlace = (thing: Node | Edge): Json => {
  const { position: _, ...rest } = { position: null, ...thing };
  return JSON.parse(JSON.stringify(rest));
};

function diffLists(before: readonly (Node | Edge)[], after: readonly (Node | Edge)[]): ListDiff {
  const [old, young] = [before, after].map(
    (list) => new Map(list.map((thing) => [thing.id, withoutPlace(thing)])),
  );
  const diff: ListDiff = { added: [], removed: [], changed: [] };
  for (const [id, thing] of young ?? []) {
    const other = old?.get(id);
    const paths = other === undefined ? [] : listDifferences(other, thing);
    if (other === undefined) diff.added.push(id);
    else if (paths.length > 0) diff.changed.push({ id, paths });
  }
  for (const id of old?.keys() ?? []) if (young?.has(id) !== true) diff.removed.push(id);
  return diff;
}

/** The difference of two pipelines, by the ids of their nodes and edges. */
export const diffPipelines = (before: Pipeline, after: Pipeline): PipelineDiff => ({
  nodes: diffLists(before.nodes, after.nodes),
  edges: diffLists(before.edges, after.edges),
});
