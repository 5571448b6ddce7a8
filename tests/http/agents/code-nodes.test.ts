// Pipelines with code over the API: saved as drafts with their faults, made live without.

import { expect, test } from "bun:test";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";

/** input → a transform → a condition → output, straight or past a second transform. */
const pipelineOf = (code: string, expression: string) => ({
  nodes: [
    { id: "input", type: "input", data: {} },
    { id: "shape", type: "transform", data: { code, timeoutMs: 500 } },
    { id: "large", type: "condition", data: { expression } },
    { id: "cut", type: "transform", data: { code: "return 100", onError: "continue" } },
    { id: "output", type: "output", data: { mapping: "{{nodes.shape.output}}" } },
  ],
  edges: [
    { id: "e1", source: "input", target: "shape" },
    { id: "e2", source: "shape", target: "large" },
    { id: "e3", source: "large", sourceHandle: "yes", target: "cut" },
    { id: "e4", source: "large", sourceHandle: "no", target: "output" },
    { id: "e5", source: "cut", target: "output" },
  ],
});

test("an agent with code is activated, and its pipeline is kept as it was sent", async () => {
  const app = await createTestApp();
  const pipeline = pipelineOf('return "{{input.name}}".length', "{{nodes.shape.output}} > 100");
  const { id } = await app.agent({ pipeline });
  const activated = await app.api(`POST /agents/${id}/activate`);
  expect(activated.status).toBe(200);
  const { data } = await app.api(`GET /agents/${id}`);
  expect(data).toMatchObject({ status: "active", faults: [], pipeline });
});

test("faults of code are listed with node, field, line and column, and keep it from going live", async () => {
  const app = await createTestApp();
  const pipeline = pipelineOf("const a = 1;\nreturn {{input.name}", "{{nodes.shpae.output}} > 1;");
  const { id, faults } = await app.agent({ pipeline, webhookEnabled: false });
  expect(faults).toMatchObject([
    { nodeId: "shape", field: "code", code: "EXPRESSION_UNCLOSED" },
    { nodeId: "large", field: "expression", code: "CODE_INVALID" },
  ]);
  expect(faults[0].message).toStartWith("Line 2, column 8: A {{ is not closed");
  expect(faults[1].message).toStartWith("Line 1, column 27: This is no valid JavaScript");
  const refused = await app.api(`POST /agents/${id}/activate`);
  expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
  expect(refused.error.details).toEqual(faults);
});
