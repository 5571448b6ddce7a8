// What a provider may be made of: base URLs that can be called, texts within their bounds.

import { describe, expect, test } from "bun:test";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";

const BODY = { type: "openai-compatible", name: "p" };
const CANARY = "canary-7f3a";

const BAD_URLS: [name: string, baseUrl: string][] = [
  ["no URL", CANARY],
  ["a path", `/${CANARY}/v1`],
  ["a host without scheme", `${CANARY}.test/v1`],
  ["no host", "http:///v1"],
  ["a scheme alone", "http://"],
  ["ftp", `ftp://${CANARY}.test/v1`],
  ["file", `file:///${CANARY}`],
  ["data", `data:text/plain,${CANARY}`],
  ["javascript", `javascript:${CANARY}`],
  ["ws", `ws://${CANARY}.test/v1`],
  ["a user", `https://${CANARY}@x.test/v1`],
  ["a user and a password", `https://u:${CANARY}@x.test/v1`],
  ["a password alone", `https://:${CANARY}@x.test/v1`],
  ["a query", `https://x.test/v1?key=${CANARY}`],
  ["an empty query", "https://x.test/v1?"],
  ["a fragment", `https://x.test/v1#${CANARY}`],
  ["white space before it", ` https://${CANARY}.test/v1`],
  ["white space inside", `https://x.test/${CANARY} v1`],
  ["a newline behind it", `https://${CANARY}.test/v1\n`],
  ["a tab inside the host", `https://x\t.test/${CANARY}`],
  ["a backslash", `https://x.test\\${CANARY}`],
  ["a port that is none", `https://x.test:99999/${CANARY}`],
  ["port 0", `https://x.test:0/${CANARY}`],
  ["brackets that do not close", `http://[::1/${CANARY}`],
  ["2,001 characters", `https://x.test/${"v".repeat(1986)}`],
  ["nothing", ""],
];

describe("a base URL is refused by name and not repeated:", () => {
  test.each(BAD_URLS)("%s", async (_name, baseUrl) => {
    const app = await createTestApp();
    const refused = await app.api("POST /providers", { ...BODY, baseUrl });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR", hides: [CANARY] });
    expect(refused.error.details).toHaveLength(1);
    expect(refused.error.details[0].path).toBe("/baseUrl");
    expect((await app.api("GET /providers")).data).toHaveLength(1);
  });

  test.each(BAD_URLS)("%s, also on a change", async (_name, baseUrl) => {
    const app = await createTestApp();
    const good = "https://models.test/v1";
    const { id } = (await app.api("POST /providers", { ...BODY, baseUrl: good })).data;
    const refused = await app.api(`PATCH /providers/${id}`, { baseUrl, name: "new" });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR", hides: [CANARY] });
    const { data } = await app.api(`GET /providers/${id}`);
    expect(data).toMatchObject({ baseUrl: good, name: "p" });
  });

  test("one that is missing", async () => {
    const app = await createTestApp();
    const { error } = await app.api("POST /providers", BODY);
    expect(error.details).toMatchObject([{ path: "/baseUrl", code: "REQUIRED" }]);
  });
});

describe("a base URL is kept", () => {
  const KEPT: [given: string, stored: string][] = [
    ["https://api.example.com/v1", "https://api.example.com/v1"],
    ["https://api.example.com/v1///", "https://api.example.com/v1"],
    ["HTTPS://API.Example.com", "https://api.example.com"],
    ["http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"],
    ["http://[::1]:8080/v1", "http://[::1]:8080/v1"],
    ["http://localhost:1234", "http://localhost:1234"],
    ["https://x.test:443/v1", "https://x.test/v1"],
  ];
  // Whether a private address may be reached is decided when it is called.
  test.each(KEPT)("%s as %s", async (given, stored) => {
    const app = await createTestApp();
    const { data } = await app.api("POST /providers", { ...BODY, baseUrl: given });
    expect(data.baseUrl).toBe(stored);
  });
});

describe("a provider is refused with", () => {
  const good = { ...BODY, baseUrl: "https://x.test/v1" };
  const BAD: [name: string, body: unknown, path: string][] = [
    ["no type", { ...good, type: undefined }, "/type"],
    ["a type of nobody", { ...good, type: CANARY }, "/type"],
    ["no name", { ...good, name: undefined }, "/name"],
    ["an empty name", { ...good, name: "" }, "/name"],
    ["a name of 101 characters", { ...good, name: "x".repeat(101) }, "/name"],
    ["an empty key", { ...good, apiKey: "" }, "/apiKey"],
    ["a key of 4,097 characters", { ...good, apiKey: "x".repeat(4097) }, "/apiKey"],
    ["a key that is no text", { ...good, apiKey: { CANARY } }, "/apiKey"],
    ["a key that is null", { ...good, apiKey: null }, "/apiKey"],
    ["a flag that is no flag", { ...good, enabled: CANARY }, "/enabled"],
    ["a field of nobody", { ...good, region: CANARY }, "/region"],
    ["an id of its own", { ...good, id: CANARY }, "/id"],
  ];
  test.each(BAD)("%s", async (_name, body, path) => {
    const app = await createTestApp();
    const refused = await app.api("POST /providers", body);
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR", hides: [CANARY] });
    expect(refused.error.details.map((detail: { path: string }) => detail.path)).toEqual([path]);
    expect((await app.api("GET /providers")).data).toHaveLength(1);
  });

  test("its type on a change", async () => {
    const app = await createTestApp();
    const { id } = (await app.api("POST /providers", good)).data;
    const refused = await app.api(`PATCH /providers/${id}`, { type: "openai-compatible" });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
  });
});
