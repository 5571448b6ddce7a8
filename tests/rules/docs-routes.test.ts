// The routes of the program against those that openapi.json documents, both ways.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { listRoutes } from "./inventory";
import { REPOSITORY } from "./source";

interface OpenApi {
  paths: Record<string, Record<string, unknown>>;
}

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/** `GET /agents/{id}`, for every operation of a document. */
const listOperations = ({ paths }: OpenApi): string[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((key) => METHODS.includes(key))
      .map((method) => `${method.toUpperCase()} ${path}`),
  );

function compareRoutes(document: OpenApi, routes: string[]): string[] {
  const documented = listOperations(document);
  return [
    ...routes.filter((route) => !documented.includes(route)).map((route) => `${route} is missing`),
    ...documented.filter((route) => !routes.includes(route)).map((route) => `${route} is no route`),
  ];
}

test("openapi.json documents every route, and no other", async () => {
  const document: OpenApi = JSON.parse(readFileSync(resolve(REPOSITORY, "openapi.json"), "utf8"));
  const routes = await listRoutes();
  expect(routes.length).toBeGreaterThan(20);
  expect(compareRoutes(document, routes)).toEqual([]);
});

describe("a document", () => {
  const document: OpenApi = {
    paths: { "/agents/{id}": { get: { operationId: "getAgent" }, parameters: [] } },
  };

  test("of all routes is complete", () => {
    expect(compareRoutes(document, ["GET /agents/{id}"])).toEqual([]);
  });

  test("without a route, with another method or with another path is told", () => {
    expect(compareRoutes(document, ["GET /agents/{id}", "GET /agents"])).toEqual([
      "GET /agents is missing",
    ]);
    expect(compareRoutes(document, ["PATCH /agents/{id}"])).toEqual([
      "PATCH /agents/{id} is missing",
      "GET /agents/{id} is no route",
    ]);
  });
});
