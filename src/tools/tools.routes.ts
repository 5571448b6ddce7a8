// Routes of tools.

import { Elysia } from "elysia";
import type { GuardDeps } from "../auth/guard";
import { requires, requiresJson } from "../auth/guard";
import type { OnceDeps } from "../auth/once";
import { once } from "../auth/once";
import { NoQuery, PageByIdQuery } from "../auth/paging.schema";
import { answer, answerList, PAGE_DEFAULT, success, successList, toPageById } from "../lib/wire";
import type { TestToolDeps } from "./test-tool";
import { testTool } from "./test-tool";
import { discoverTools } from "./discover";
import {
  McpServerSchema,
  McpToolsSchema,
  ToolCreateSchema,
  ToolPatchSchema,
  ToolSchema,
  ToolTestResultSchema,
  ToolTestSchema,
} from "./tools.schema";
import { changeTool, createTool, deleteTool, getTool, listTools } from "./tools.store";

type RouteDeps = TestToolDeps & GuardDeps & OnceDeps;

/** `/tools`. */
export function toolRoutes(deps: RouteDeps) {
  const one = { 200: answer(ToolSchema) };
  return new Elysia({ normalize: false })
    .get(
      "/tools",
      ({ query }) => {
        const limit = query.limit ?? PAGE_DEFAULT;
        const items = listTools(deps, { after: query.cursor ?? null, limit: limit + 1 });
        return successList(toPageById({ items, limit }));
      },
      {
        ...requires(deps, {
          id: "listTools",
          summary: "Lists tools",
          tag: "Tools",
          scope: "read",
        }),
        query: PageByIdQuery,
        response: { 200: answerList(ToolSchema) },
      },
    )
    .post(
      "/tools",
      ({ body, request, set }) => {
        const run = async (own: RouteDeps) => {
          const tool = await createTool(own, body);
          set.status = 201;
          set.headers["location"] = `/tools/${tool.id}`;
          return success(tool);
        };
        return once(deps, { request, body, set, run });
      },
      {
        ...requiresJson(deps, {
          id: "createTool",
          summary: "Adds a tool",
          description:
            "Strings are templates of `{{params.…}}` and `{{secrets.NAME}}`. Parameters can change neither scheme, host nor port.",
          tag: "Tools",
          scope: "admin",
          takes: ["idempotency-key"],
          fails: ["STORAGE_UNAVAILABLE"],
          headers: ["Location"],
        }),
        query: NoQuery,
        body: ToolCreateSchema,
        response: { 201: answer(ToolSchema) },
      },
    )
    .post(
      "/tools/discover",
      ({ body, request, set }) => {
        const run = async (own: RouteDeps) =>
          success(await discoverTools(own, { server: body, signal: request.signal }));
        return once(deps, { request, body, set, run });
      },
      {
        ...requiresJson(deps, {
          id: "discoverTools",
          summary: "Lists the tools of an MCP server",
          description:
            "To choose from: a tool of type `mcp` takes one's `name` as `toolName`, and its `parameters`. A server that cannot be asked is a result with a `failure`, answered with 200.",
          tag: "Tools",
          scope: "admin",
          takes: ["idempotency-key"],
        }),
        query: NoQuery,
        body: McpServerSchema,
        response: { 200: answer(McpToolsSchema) },
      },
    )
    .get("/tools/:id", ({ params }) => success(getTool(deps, params.id)), {
      ...requires(deps, {
        id: "getTool",
        summary: "Reads a tool",
        tag: "Tools",
        scope: "read",
        fails: ["NOT_FOUND"],
      }),
      query: NoQuery,
      response: one,
    })
    .patch(
      "/tools/:id",
      async ({ params, body }) => success(await changeTool(deps, { id: params.id, patch: body })),
      {
        ...requiresJson(deps, {
          id: "updateTool",
          summary: "Changes a tool",
          description:
            "What is left out stays. Executions that run use it from their next call on.",
          tag: "Tools",
          scope: "admin",
          fails: ["NOT_FOUND", "STORAGE_UNAVAILABLE"],
        }),
        query: NoQuery,
        body: ToolPatchSchema,
        response: one,
      },
    )
    .post(
      "/tools/:id/test",
      ({ params, body, request, set }) => {
        const run = async (own: RouteDeps) =>
          success(
            await testTool(own, { id: params.id, params: body.params, signal: request.signal }),
          );
        return once(deps, { request, body, set, run });
      },
      {
        ...requiresJson(deps, {
          id: "testTool",
          summary: "Calls a tool once",
          description:
            "A real call, without retries, also of a tool that is switched off. A call that fails is a result with `ok: false`, answered with 200.",
          tag: "Tools",
          scope: "operate",
          takes: ["idempotency-key"],
          fails: ["NOT_FOUND"],
        }),
        query: NoQuery,
        body: ToolTestSchema,
        response: { 200: answer(ToolTestResultSchema) },
      },
    )
    .delete(
      "/tools/:id",
      async ({ params, set }) => {
        await deleteTool(deps, params.id);
        set.status = 204;
      },
      {
        ...requires(deps, {
          id: "deleteTool",
          summary: "Deletes a tool",
          tag: "Tools",
          scope: "admin",
          fails: ["NOT_FOUND", "TOOL_IN_USE", "STORAGE_UNAVAILABLE"],
          answers: { 204: null },
        }),
        query: NoQuery,
      },
    );
}
