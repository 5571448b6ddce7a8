// The document as two independent validators and a linter judge it: no error and no warning.

import SwaggerParser from "@apidevtools/swagger-parser";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTestApp } from "../support/app";
import { makeFolder } from "../support/process-files";

/** As a server with a public URL answers it. */
async function readDocument() {
  const app = await createTestApp({ config: { publicUrl: "https://hooks.hookline.test" } });
  const { status, body } = await app.api("GET /swagger/json");
  expect(status).toBe(200);
  return body;
}

/** Errors and warnings of the linter, as text. */
async function lint(document: unknown): Promise<string[]> {
  using folder = makeFolder();
  const path = join(folder.path, "openapi.json");
  writeFileSync(path, JSON.stringify(document));
  const command = ["redocly", "lint", path, "--config=redocly.yaml", "--format=json"];
  const linter = Bun.spawn([process.execPath, "x", "--bun", ...command], {
    cwd: import.meta.dir,
    env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { problems }: { problems: { ruleId: string; message: string }[] } = JSON.parse(
    await new Response(linter.stdout).text(),
  );
  return problems.map(({ ruleId, message }) => `${ruleId}: ${message}`);
}

describe("the document is valid", () => {
  test("by the JSON Schema of OpenAPI 3.1", async () => {
    const { valid, errors } = await new Validator().validate(await readDocument());
    expect([valid, errors ?? []]).toEqual([true, []]);
  });

  test("with all its references resolved", async () => {
    const api = await SwaggerParser.validate(await readDocument());
    expect(api.info.title).toBe("Hookline");
  });

  test("to the linter, without a warning", async () => {
    expect(await lint(await readDocument())).toEqual([]);
  });

  test("and the linter would tell of what it is not", async () => {
    const document = await readDocument();
    delete document.paths["/agents"].get.summary;
    document.paths["/agents"].post.operationId = "listAgents";
    document.paths["/agents"].post.requestBody.content["application/json"].example = { name: 1 };
    const found = (await lint(document)).join("\n");
    expect(found).toContain("operation-summary");
    expect(found).toContain("operation-operationId-unique");
    expect(found).toContain("no-invalid-media-type-examples");
  });
});
