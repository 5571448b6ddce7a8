// The fields of `loop`, `parallel` and `merge`: lists of nodes, what is looped over, a choice of words.

import { didYouMean, quoteName } from "../lib/suggest";
import { addTypeFault, type FieldRule, type FieldScope } from "./fields";
import { readTemplate } from "./template-fields";
import { findNodeFault } from "./templates/references";
import { parseExpression } from "./templates/expression";
import type { Template } from "./templates/template";
import { MAX_FAULTS_PER_FIELD } from "./templates/template";
import { readOwn } from "./values";

/** One of a few words. */
export const choiceField = <const Word extends string>(options: {
  name: string;
  words: readonly Word[];
  fallback: Word;
}): FieldRule<Word> => ({
  name: options.name,
  read(scope) {
    const { name, words, fallback } = options;
    const value = readOwn(scope.data, name);
    const word = value === undefined ? fallback : words.find((known) => known === value);
    if (word === undefined)
      addTypeFault(scope, { field: name, takes: `one of ${words.join(", ")}` });
    return word ?? fallback;
  },
});

/** The ids of a list, each once, at least `min` of them. */
function readIds(scope: FieldScope, at: { field: string; min: number }): string[] {
  const { field, min } = at;
  const value = readOwn(scope.data, field);
  if (value === undefined || (Array.isArray(value) && value.length === 0)) {
    const message = `${field} is required: the ids of ${min === 1 ? "one node or more" : "two nodes or more"}.`;
    scope.addFault({ field, code: "FIELD_REQUIRED", message });
    return [];
  }
  const ids = Array.isArray(value) ? value.filter((id) => typeof id === "string") : [];
  if (!Array.isArray(value) || ids.length < value.length) {
    addTypeFault(scope, { field, takes: "an array of node ids" });
    return [];
  }
  if (ids.length < min) {
    const message = `${field} takes at least ${min} nodes; add another.`;
    scope.addFault({ field, code: "FIELD_RANGE", message });
  }
  const repeated = ids.find((id, index) => ids.indexOf(id) < index);
  if (repeated !== undefined) {
    const message = `${field} names ${quoteName(repeated)} twice; remove one.`;
    scope.addFault({ field, code: "NODE_REPEATED", message });
  }
  return ids;
}

/** Nodes whose outputs are read; at least one. */
export const sourcesField = (name: string): FieldRule<readonly string[]> => ({
  name,
  read(scope) {
    const ids = readIds(scope, { field: name, min: 1 });
    for (const id of ids) scope.noteRead({ source: "nodes", nodeId: id, path: [] });
    const faults = ids.flatMap((id) => findNodeFault(scope.around, id) ?? []);
    for (const fault of faults.slice(0, MAX_FAULTS_PER_FIELD)) {
      scope.addFault({ field: name, ...fault });
    }
    return ids;
  },
});

/** All direct successors of the node, each the start of a branch; at least two. */
export const branchesField = (name: string): FieldRule<readonly string[]> => ({
  name,
  read(scope) {
    const { successors } = scope.around;
    const ids = readIds(scope, { field: name, min: 2 });
    if (ids.length === 0) return ids;
    for (const id of ids.slice(0, MAX_FAULTS_PER_FIELD)) {
      if (successors.has(id)) continue;
      const fallback = "Connect it by an edge, or remove it.";
      const hint = didYouMean(id, { known: [...successors], fallback });
      const message = `No edge leads from here to ${quoteName(id)}.${hint}`;
      scope.addFault({ field: name, code: "BRANCH_UNKNOWN", message });
    }
    for (const id of successors) {
      if (ids.includes(id)) continue;
      const message = `An edge leads to ${quoteName(id)}, which is none of the branches; add it.`;
      scope.addFault({ field: name, code: "BRANCH_MISSING", message });
    }
    return ids;
  },
});

const NOTHING: Template = { parts: [] };

/** What is looped over: one whole expression, with its braces or without; required. */
export const iterableField = (name: string): FieldRule<Template> => ({
  name,
  read(scope) {
    const text = readOwn(scope.data, name);
    if (text === undefined || text === "") {
      const message = `${name} is required: an expression that gives an array, such as {{input.items}}.`;
      scope.addFault({ field: name, code: "FIELD_REQUIRED", message });
      return NOTHING;
    }
    const takes = "one whole expression, such as {{input.items}}";
    if (typeof text !== "string") {
      addTypeFault(scope, { field: name, takes });
      return NOTHING;
    }
    const isBare = !text.includes("{{") && parseExpression(text).ok;
    const template = readTemplate(scope, {
      field: name,
      text: isBare ? `{{${text}}}` : text.trim(),
    });
    const [first, ...more] = template.parts;
    if (first === undefined) return NOTHING;
    if (typeof first === "string" || more.length > 0) addTypeFault(scope, { field: name, takes });
    return template;
  },
});
