// Routes of an agent's versions: list, read, compare, and one made live again.

import { Elysia, t } from "elysia";
import { authorOf, requires, requiresJson } from "../auth/guard";
import { once } from "../auth/once";
import { NoQuery } from "../auth/paging.schema";
import { AppError } from "../errors";
import { answer, answerList, success, successList } from "../lib/wire";
import { diffPipelines } from "../pipelines/shape/differences";
import type { RouteDeps } from "./actions.routes";
import { answerAgent } from "./actions.routes";
import { AgentSchema } from "./agents.schema";
import type { VersionRow } from "./agents.store";
import { findVersion, listVersions, toVersionSummary } from "./agents.store";
import { getAgent, rollBack } from "./change";
import { targetOf } from "./revision";
import {
  ActivateSchema,
  VersionDiffSchema,
  VersionSchema,
  VersionSummarySchema,
} from "./versions.schema";

const PATTERN = "^[1-9][0-9]{0,8}$";
const versionParams = t.Object({ id: t.String(), version: t.String({ pattern: PATTERN }) });

function getVersion(deps: RouteDeps, data: { agent: number; version: string }): VersionRow {
  const { agent, version } = data;
  const row = findVersion(deps, { agent, version: Number(version) });
  if (row === undefined) throw new AppError("NOT_FOUND");
  return row;
}

/** `/agents/{id}/versions`. */
export const versionRoutes = (deps: RouteDeps) =>
  new Elysia({ normalize: false }).use(readRoutes(deps)).use(rollbackRoute(deps));

const readRoutes = (deps: RouteDeps) =>
  new Elysia({ normalize: false })
    .get(
      "/agents/:id/versions",
      ({ params }) => {
        const agent = getAgent(deps, params.id);
        const items = listVersions(deps, agent.seq).map((row) => toVersionSummary(agent, row));
        return successList({ items, nextCursor: null });
      },
      {
        ...requires(deps, {
          id: "listVersions",
          summary: "Lists an agent's versions, newest first",
          tag: "Agents",
          scope: "read",
          fails: ["NOT_FOUND"],
        }),
        query: NoQuery,
        response: { 200: answerList(VersionSummarySchema) },
      },
    )
    .get(
      "/agents/:id/versions/:version",
      ({ params }) => {
        const agent = getAgent(deps, params.id);
        const row = getVersion(deps, { agent: agent.seq, version: params.version });
        return success({ ...toVersionSummary(agent, row), pipeline: JSON.parse(row.pipeline) });
      },
      {
        ...requires(deps, {
          id: "getVersion",
          summary: "Reads a version and its pipeline",
          tag: "Agents",
          scope: "read",
          fails: ["NOT_FOUND"],
        }),
        query: NoQuery,
        params: versionParams,
        response: { 200: answer(VersionSchema) },
      },
    )
    .get(
      "/agents/:id/versions/:version/diff",
      ({ params, query }) => {
        const agent = getAgent(deps, params.id).seq;
        const before = getVersion(deps, { agent, version: query.from });
        const after = getVersion(deps, { agent, version: params.version });
        return success(diffPipelines(JSON.parse(before.pipeline), JSON.parse(after.pipeline)));
      },
      {
        ...requires(deps, {
          id: "diffVersions",
          summary: "Tells what a version has changed from another",
          description:
            "Nodes and edges by their ids, and where those of both differ; where a node is drawn does not count.",
          tag: "Agents",
          scope: "read",
          fails: ["NOT_FOUND"],
        }),
        query: t.Object(
          {
            from: t.String({
              pattern: PATTERN,
              description: "The version to start from.",
              examples: ["1"],
            }),
          },
          { additionalProperties: false },
        ),
        params: versionParams,
        response: { 200: answer(VersionDiffSchema) },
      },
    );

const rollbackRoute = (deps: RouteDeps) =>
  new Elysia({ normalize: false }).post(
    "/agents/:id/versions/:version/rollback",
    ({ params, body, request, set }) => {
      const version = Number(params.version);
      const author = authorOf(deps, request);
      const { note = `As version ${version}` } = body;
      const target = { ...targetOf({ params, request }), version, note, author };
      const run = async (own: RouteDeps) =>
        answerAgent(own, { changed: await rollBack(own, target), set });
      return once(deps, { request, body, set, run });
    },
    {
      ...requiresJson(deps, {
        id: "rollBackVersion",
        summary: "Makes the pipeline of an earlier version live again",
        description:
          "As a new version, and the agent active. The draft stays as it is; executions keep the version they were accepted with.",
        tag: "Agents",
        scope: "admin",
        takes: ["if-match", "idempotency-key"],
        bodyOptional: true,
        fails: ["NOT_FOUND", "STORAGE_UNAVAILABLE"],
        headers: ["ETag"],
      }),
      query: NoQuery,
      params: versionParams,
      body: ActivateSchema,
      response: { 200: answer(AgentSchema) },
    },
  );
