// Tool calls and asked-for objects in every wire format: what is sent, and what is read.

import { describe, expect, test } from "bun:test";
import type { Json } from "../../src/lib/json-value";
import type { ModelCall, ToolRound } from "../../src/providers/model";
import { callProvider } from "../../src/providers/call";
import { createManualClock } from "../../src/lib/clock";
import { startModelStub } from "../support/model-stub";
import type { StubFormatName } from "../support/model-stub-formats";
import { TOOL_CALLS, TOOL_TEXT } from "../support/model-stub-formats";
import { localOutbound, modelCall } from "../support/provider-calls";

const FORMATS: StubFormatName[] = ["openai", "anthropic", "google", "openai-compatible"];

const TOOLS = [
  {
    name: "look_up",
    description: "Looks up the weather.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
];

async function ask(type: StubFormatName, more: Partial<ModelCall>) {
  await using stub = await startStub();
  const provider = { type, baseUrl: stub.baseUrl, apiKey: () => "key", script: null };
  const deps = {
    outbound: localOutbound,
    clock: createManualClock(),
    wait: async () => undefined,
    random: () => 0,
  };
  const answer = await callProvider(deps, {
    provider,
    call: modelCall({ model: "tools", ...more }),
  });
  return { answer, body: stub.calls[0]?.body ?? {}, text: JSON.stringify(stub.calls[0]?.body) };
}

async function startStub() {
  const stub = await startModelStub();
  return { ...stub, [Symbol.asyncDispose]: () => stub.close() };
}

describe.each(FORMATS)("%s", (type) => {
  test("is told of the tools, and gives what the model asks of them", async () => {
    const { answer, text } = await ask(type, { tools: TOOLS });
    expect(text).toContain("look_up");
    expect(text).toContain("Looks up the weather.");
    expect(text).toContain('"city"');
    expect(answer.text).toBe(TOOL_TEXT);
    expect(answer.toolCalls?.map(({ name, input }) => ({ name, input }))).toEqual(
      TOOL_CALLS.map(({ input }) => ({ name: "look_up", input })),
    );
    const ids = answer.toolCalls?.map(({ id }) => id) ?? [];
    expect(new Set(ids).size).toBe(2);
    expect(answer.usage?.outputTokens).toBeGreaterThan(0);
  });

  test("is given back what was asked, what that gave, and what failed", async () => {
    const { answer: first } = await ask(type, { tools: TOOLS });
    const rounds: ToolRound[] = [
      {
        text: first.text,
        calls: (first.toolCalls ?? []).map((call, index) => ({
          call,
          text: index === 0 ? "12 degrees" : "TOOL_ERROR: no",
          isError: index === 1,
        })),
      },
    ];
    const { answer, text } = await ask(type, { tools: TOOLS, rounds });
    for (const part of [TOOL_TEXT, "12 degrees", "TOOL_ERROR: no", "Rome"]) {
      expect(text).toContain(part);
    }
    expect(answer.toolCalls).toBeUndefined();
    expect(answer.text).not.toBe("");
  });

  test("is told of the schema that the answer is to fit", async () => {
    const outputSchema: Json = {
      type: "object",
      properties: { verdict: { type: "string", enum: ["bug", "question"] } },
      required: ["verdict"],
      additionalProperties: false,
    };
    const { text } = await ask(type, { model: "ok", outputSchema });
    expect(text).toContain("verdict");
    expect(text).toContain("question");
  });
});

test.each([
  ["is no JSON", "{oops", "PROVIDER_RESPONSE_INVALID"],
  ["is larger than 256 KiB", JSON.stringify({ a: "x".repeat(300_000) }), "RESPONSE_TOO_LARGE"],
])("what a model asks that %s fails the call", async (_, text, code) => {
  const own = { name: "look_up", arguments: text };
  const chunk = (delta: object, finish: string | null) =>
    JSON.stringify({ id: "1", model: "m", choices: [{ index: 0, delta, finish_reason: finish }] });
  const events = [
    chunk({ tool_calls: [{ index: 0, id: "c", type: "function", function: own }] }, null),
    chunk({}, "tool_calls"),
    "[DONE]",
  ];
  const asked = ask("openai-compatible", {
    model: `events:${events.join("\n\ndata: ")}`,
    tools: TOOLS,
  });
  expect(await asked.catch((error: unknown) => error)).toMatchObject({ code });
});
