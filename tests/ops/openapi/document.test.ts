// The OpenAPI document as its readers and generators need it: nothing of the framework is left over,
// everything has its text, and every example fits.

import { describe, expect, test } from "bun:test";
import type { Schema } from "@cfworker/json-schema";
import { validate } from "@cfworker/json-schema";
import { ERRORS } from "../../../src/errors";
import { createDocument } from "../../../src/ops/openapi/document";
import { createTestApp } from "../../support/app";

interface Media {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

interface Answer {
  description: string;
  headers: Record<string, { $ref: string }>;
  content?: Record<string, Media>;
}

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters?: { name: string; in: string; description?: string; schema: Schema }[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, Answer & { $ref?: string }>;
}

const { app } = await createTestApp();
const document = createDocument({ app, publicUrl: null });
const { components }: { components: { responses: Record<string, Answer>; schemas: object } } =
  JSON.parse(JSON.stringify(document));
const paths: Record<string, Record<string, Operation>> = JSON.parse(JSON.stringify(document.paths));
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    ...operation,
    name: `${method} ${path}`,
    method,
    path,
  })),
);

/** Every object and list in a value, with its path. */
function* walk(value: unknown, path = ""): Generator<{ path: string; value: object }> {
  if (typeof value !== "object" || value === null) return;
  yield { path, value };
  for (const [key, part] of Object.entries(value)) yield* walk(part, `${path}/${key}`);
}

const isExample = (path: string): boolean => /\/examples?(\/|$)/.test(path);

/** What of a value does not fit a schema that may refer to the components, or null. */
function misfit(value: unknown, schema: Schema): string | null {
  const { schemas } = components;
  // The draft's dialect resolves references against the schema itself.
  const { valid, errors } = validate(
    value,
    { allOf: [schema], components: { schemas } },
    "2020-12",
  );
  return valid ? null : JSON.stringify(errors.at(-1));
}

describe("the document", () => {
  test("keeps nothing that only the framework or another dialect knows", () => {
    const foreign = [
      "$id",
      "nullable",
      "x-fails",
      "x-headers",
      "x-body-optional",
      "error",
      "title",
    ];
    const found = [...walk(document)]
      .filter(({ path }) => !isExample(path) && !/\/(properties|info)$/.test(path))
      .flatMap(({ path, value }) =>
        Object.keys(value)
          .filter((key) => foreign.includes(key))
          .map((key) => `${path}/${key}`),
      );
    expect(found).toEqual([]);
  });

  test("is the same each time it is made", async () => {
    const other = await createTestApp();
    const again = createDocument({ app: other.app, publicUrl: null });
    expect(JSON.stringify(again)).toBe(JSON.stringify(document));
  });

  test("refers to everything it names, and names everything it refers to", () => {
    const references = new Set(
      [...walk(document)].flatMap(({ value }) =>
        "$ref" in value && typeof value.$ref === "string" ? [value.$ref] : [],
      ),
    );
    const named = (["headers", "responses", "schemas"] as const).flatMap((kind) =>
      Object.keys(document.components[kind]).map((name) => `#/components/${kind}/${name}`),
    );
    expect([...references].toSorted()).toEqual(named.toSorted());
  });

  test("describes each of its tags and uses it", () => {
    const used = new Set(operations.flatMap(({ tags }) => tags));
    expect([...used].toSorted()).toEqual(document.tags.map(({ name }) => name).toSorted());
    for (const { description } of document.tags) expect(description).toMatch(/^[A-Z].+\.$/);
  });

  test("has a scheme for every credential that an operation asks for", () => {
    const asked = new Set(
      operations.flatMap(({ security }) => security.flatMap((scheme) => Object.keys(scheme))),
    );
    expect([...asked].toSorted()).toEqual(
      Object.keys(document.components.securitySchemes).toSorted(),
    );
  });

  test("calls each operation by a name of its own", () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z]+([A-Z][a-z]*)*$/);
  });
});

describe.each(operations.map((operation) => [operation.name, operation] as const))(
  "%s",
  (_name, operation) => {
    const { summary, tags, security, parameters = [], requestBody, responses, path } = operation;
    const successes = Object.entries(responses).filter(([status]) => status < "300");
    const failures = Object.entries(responses).filter(([status]) => status >= "400");

    test("has one line of summary, one tag and its credentials", () => {
      expect(summary).toMatch(/^[A-Z].*[^.]$/);
      expect(tags).toHaveLength(1);
      expect(security).toBeArray();
    });

    test("has a text for every parameter, and an example where it is free", () => {
      const names = parameters.filter((one) => one.in === "path").map(({ name }) => name);
      expect(names).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ""));
      for (const { name, description, schema } of parameters) {
        expect([name, description]).toEqual([name, expect.stringMatching(/^.+\.$/)]);
        const free = schema.enum === undefined && name !== "token";
        if (free) expect([name, schema["examples"]]).toEqual([name, expect.any(Array)]);
      }
    });

    test("has an example that fits of every body it takes and of every success", () => {
      const media = [
        ...Object.values(requestBody?.content ?? {}),
        ...successes.flatMap(([, { content }]) => Object.values(content ?? {})),
      ].filter(({ schema }) => schema.format !== "binary");
      for (const { schema, example } of media) {
        expect(example).toBeDefined();
        expect(misfit(example, schema)).toBeNull();
      }
    });

    test("has its successes, and every failure in the one shape with an example for each code", () => {
      expect(successes.length).toBeGreaterThan(0);
      for (const [status, { $ref, ...own }] of failures) {
        const name = $ref?.split("/").at(-1) ?? "";
        const { description, headers, content } = components.responses[name] ?? own;
        const media = content?.["application/json"];
        expect(headers).toHaveProperty("X-Request-Id");
        expect(media?.schema).toEqual({ $ref: "#/components/schemas/Failure" });
        for (const [code, { value }] of Object.entries(media?.examples ?? {})) {
          expect(misfit(value, media?.schema ?? {})).toBeNull();
          expect(value).toHaveProperty("error.code", code);
          expect(Object.entries(ERRORS).find(([key]) => key === code)?.[1].status).toBe(
            Number(status),
          );
          expect(description).toContain(`\`${code}\``);
        }
      }
    });
  },
);

describe("the document tells of", () => {
  test.each([
    ["listAgents", "limit", { type: "integer", minimum: 1, maximum: 200 }],
    ["listExecutions", "trigger", { type: "string", enum: expect.arrayContaining(["webhook"]) }],
    ["listDeliveries", "cursor", { type: "string", pattern: "^[0-9]{1,16}$" }],
  ])("%s its parameter %s as it is meant", (id, name, schema) => {
    const operation = operations.find(({ operationId }) => operationId === id);
    const parameter = operation?.parameters?.find((one) => one.name === name);
    expect(parameter?.schema).toMatchObject(schema);
    expect(Object.keys(parameter?.schema ?? {})).not.toContain("anyOf");
  });

  test("the webhook its own credentials or none, and any JSON or a form", () => {
    const webhook = operations.find(({ operationId }) => operationId === "deliverWebhook");
    expect(webhook?.security).toEqual([
      { webhookBearer: [] },
      { webhookBasic: [] },
      { webhookSignature: [] },
      { githubSignature: [] },
      {},
    ]);
    expect(Object.keys(webhook?.requestBody?.content ?? {})).toEqual([
      "application/json",
      "application/x-www-form-urlencoded",
    ]);
    expect(
      misfit([1, null, "any"], webhook?.requestBody?.content["application/json"]?.schema ?? {}),
    ).toBeNull();
  });

  test("a body that may be left out, where a call without one works", () => {
    const optional = operations.filter(({ requestBody }) => requestBody?.required === false);
    expect(optional.map(({ operationId }) => operationId)).toEqual([
      "validateAgent",
      "duplicateAgent",
      "activateAgent",
      "rollBackVersion",
    ]);
  });

  test("writes alone that a page of another site may not send them", () => {
    const refusing = operations.filter(({ responses }) =>
      /Origin/.test(responses["403"]?.$ref ?? ""),
    );
    const guarded = operations.filter(({ responses }) => responses["403"] !== undefined);
    expect(refusing.map(({ name }) => name)).toEqual(
      guarded.filter(({ method }) => method !== "get").map(({ name }) => name),
    );
  });

  test.each(["getExecution", "getOpenApi"])("%s that it takes the tag of its answer", (id) => {
    const operation = operations.find(({ operationId }) => operationId === id);
    expect(operation?.responses).toHaveProperty("304");
    expect(operation?.parameters?.map(({ name }) => name)).toContain("If-None-Match");
  });

  test("a cancellation that it ends as such", () => {
    const cancel = operations.find(({ operationId }) => operationId === "cancelExecution");
    const media = cancel?.responses["200"]?.content?.["application/json"];
    expect(media?.example).toHaveProperty("data.status", "cancelled");
  });

  test("times as such", () => {
    expect(components.schemas).toHaveProperty("Agent.properties.createdAt.format", "date-time");
    expect(components.schemas).toHaveProperty("Token.properties.expiresAt.format", "date-time");
  });

  test("a deletion that it has no body", () => {
    const deletion = operations.find(({ operationId }) => operationId === "deleteAgent");
    expect(deletion?.responses["204"]).not.toHaveProperty("content");
  });

  test("the poll that the token of a Location stands in for an API token", () => {
    const poll = operations.find(({ operationId }) => operationId === "getExecution");
    expect(poll?.security).toEqual([{ token: ["read"] }, { readToken: [] }]);
  });
});
