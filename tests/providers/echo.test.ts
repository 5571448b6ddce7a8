// The built-in provider.

import { expect, test } from "bun:test";
import { answerEcho } from "../../src/providers/echo";

test("echo answers its prompt, the same each time, and says that it is no model", () => {
  const call = {
    providerId: "echo",
    model: "gpt-9",
    system: "Shout.",
    prompt: "Grüße 👋",
    temperature: 1,
    maxTokens: 1,
    timeoutMs: 1,
    retries: 0,
    signal: new AbortController().signal,
  };
  const answer = answerEcho(call);
  expect(answer).toEqual({
    text: "Grüße 👋",
    finishReason: "stop",
    usage: null,
    cost: null,
    requestId: null,
    provider: "echo",
    model: "echo",
  });
  expect(answerEcho(call)).toEqual(answer);
});
