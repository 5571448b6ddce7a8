// Where a model call goes, and where it must not go.

import { describe, expect, test } from "bun:test";
import { createOutbound } from "../../src/lib/outbound";
import { attemptCall } from "../../src/providers/attempt";
import { startModelStub } from "../support/model-stub";
import type { StubFormatName } from "../support/model-stub-formats";
import { CALL_KEY, localOutbound, modelCall } from "../support/provider-calls";
import { rejection } from "../support/rejection";

describe("without a baseUrl of its own a provider is called at", () => {
  test.each<[type: StubFormatName, url: string]>([
    ["openai", "https://api.openai.com/v1/responses"],
    ["anthropic", "https://api.anthropic.com/v1/messages"],
    [
      "google",
      "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse",
    ],
  ])("%s: %s", async (type, url) => {
    const called: string[] = [];
    const outbound = {
      fetch: async (input: string | URL) => {
        called.push(String(input));
        return new Response(null, { status: 500 });
      },
    };
    const data = { type, baseUrl: null, apiKey: CALL_KEY, call: modelCall({ model: "m" }) };
    await rejection(attemptCall({ outbound }, data));
    expect(called).toEqual([url]);
  });

  test("openai-compatible: nowhere", async () => {
    const data = { type: "openai-compatible", baseUrl: null, apiKey: null } as const;
    const call = attemptCall({ outbound: localOutbound }, { ...data, call: modelCall() });
    expect(await rejection(call)).toMatchObject({ code: "URL_INVALID" });
  });
});

describe("a call that may not be made is refused before anything is sent:", () => {
  const refused = (baseUrl: string, apiKey: string | null = null) =>
    attemptCall(
      { outbound: createOutbound({ allowPrivate: [] }) },
      { type: "anthropic", baseUrl, apiKey, call: modelCall() },
    );

  test("a private address as ADDRESS_FORBIDDEN, naming the setting", async () => {
    const stub = await startModelStub();
    expect(await rejection(refused(stub.baseUrl))).toMatchObject({
      code: "ADDRESS_FORBIDDEN",
      message: expect.stringContaining(`HOOKLINE_ALLOW_PRIVATE=127.0.0.1:${stub.port}`),
    });
    expect(stub.connections()).toBe(0);
    await stub.close();
  });

  test.each(["file:///etc/passwd", "http://user:word@127.0.0.1/v1", "nonsense"])(
    "%s as URL_INVALID",
    async (baseUrl) => {
      expect(await rejection(refused(baseUrl))).toMatchObject({ code: "URL_INVALID" });
    },
  );

  test("a key that no header can carry as CREDENTIAL_UNREADABLE", async () => {
    expect(await rejection(refused("http://127.0.0.1/v1", "sk\r\nx: y"))).toMatchObject({
      code: "CREDENTIAL_UNREADABLE",
    });
  });
});
