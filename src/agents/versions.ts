// Compiled versions, shared by all executions of the same version.

import type { Db } from "../db/open";
import { BoundedMap } from "../lib/bounded-map";
import type { CompiledPipeline, ValidateDeps } from "../pipelines/validate";
import { validatePipeline } from "../pipelines/validate";
import { findVersion } from "./agents.store";

export interface CompiledVersions {
  /** The compiled version, or null where it does not exist or this program cannot run it. */
  find(data: { agent: number; version: number }): CompiledPipeline | null;
}

/** More than anyone saves of one agent: both numbers make one key, which is found faster than text. */
const MAX_VERSIONS = 2 ** 24;

/** Compiled versions kept. */
const MAX_KEPT = 500;

/**
 * Sizes are limited on save: a lower setting must not break what was accepted before. A provider, a
 * tool or an agent that is gone by then fails its node, not the version.
 */
const AS_ACCEPTED: ValidateDeps = {
  providerExists: () => true,
  toolExists: () => true,
  findAgentFault: () => null,
  limits: { maxNodes: Infinity, maxEdges: Infinity, maxBytes: Infinity },
};

/** Compiles on first use. */
export function createCompiledVersions(deps: { db: Db }): CompiledVersions {
  const kept = new BoundedMap<number, CompiledPipeline | null>(MAX_KEPT);
  function compile(data: { agent: number; version: number }): CompiledPipeline | null {
    const row = findVersion(deps, data);
    if (row === undefined) return null;
    return validatePipeline(AS_ACCEPTED, JSON.parse(row.pipeline)).compiled;
  }
  return {
    find(data) {
      const key = data.agent * MAX_VERSIONS + data.version;
      const known = kept.get(key);
      if (known !== undefined) return known;
      const compiled = compile(data);
      kept.set(key, compiled);
      return compiled;
    },
  };
}
