// Bodies of deliveries: which bytes are an input, which are refused, and that the input is what was sent.

import { describe, expect, test } from "bun:test";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { bearerHeaders, hmacHeaders } from "../../support/signing";

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));
const BOM = [0xef, 0xbb, 0xbf];

/** The input of the execution that an accepted delivery led to. */
async function inputOf(app: TestApp, data: { agentId: string; executionId: string }) {
  await app.pool.idle();
  const read = await app.api(`GET /agents/${data.agentId}/executions/${data.executionId}`);
  return read.data.input;
}

const INPUTS: [name: string, body: string | Uint8Array, input: unknown][] = [
  ["an object", '{"a":{"b":[1,"x",null]}}', { a: { b: [1, "x", null] } }],
  ["the number 0", "0", 0],
  ["a negative fraction", "-1.5e3", -1500],
  ["null", "null", null],
  ["a string", '"x"', "x"],
  ["the empty string", '""', ""],
  ["an empty array", "[]", []],
  ["an empty object", "{}", {}],
  ["false", "false", false],
  ["true", "true", true],
  ["white space around the value", ' \n\t{"a":1}\r\n', { a: 1 }],
  ["a byte order mark before the value", bytes(BOM, '{"a":1}'), { a: 1 }],
  ["letters of all planes", '{"t":"Grüße 世界 👋🏽 \\u2028"}', { t: "Grüße 世界 👋🏽 \u2028" }],
  ["64 levels", nested(64), JSON.parse(nested(64))],
  ["brackets within a string", JSON.stringify(nested(500)), nested(500)],
  ["quotes and backslashes within a string", '"\\"[[\\\\"', '"[[\\'],
  ["a key twice, of which the last one counts", '{"a":1,"a":2}', { a: 2 }],
];

describe("an input is", () => {
  test.each(INPUTS)("%s", async (_name, body, input) => {
    const app = await createTestApp();
    const agent = await app.agent();
    const answer = await app.deliver(agent.id, body);
    expect(answer.status).toBe(200);
    const { executionId } = answer.data;
    expect(await inputOf(app, { agentId: agent.id, executionId })).toEqual(input as never);
  });

  test("an own key named __proto__, which changes no prototype", async () => {
    const app = await createTestApp();
    const agent = await app.agent();
    const body = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    const answer = await app.deliver(agent.id, body);
    await app.pool.idle();
    const path = `/agents/${agent.id}/executions/${answer.data.executionId}`;
    const read = await app.api(`GET ${path}`);
    expect(read.text).toContain(`"input":${body}`);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});

const REFUSED: [name: string, body: string | Uint8Array][] = [
  ["no bytes", ""],
  ["white space alone", " \n\t\r\n "],
  ["a byte order mark alone", bytes(BOM)],
  ["two byte order marks", bytes(BOM, BOM, "1")],
  ["a value that is cut", '{"a":'],
  ["two values", "1 2"],
  ["a comma too many", "[1,]"],
  ["a comment", '{"a":1} // x'],
  ["single quotes", "{'a':1}"],
  ["NaN", "NaN"],
  ["undefined", "undefined"],
  ["a control character in a string", '"a\u0001b"'],
  ["half of a surrogate pair as bytes", bytes('"', [0xed, 0xa0, 0x80], '"')],
  ["bytes that are no UTF-8", bytes('{"m":"', [0xff, 0xfe], '"}')],
  ["UTF-16", Buffer.from('{"a":1}', "utf16le")],
  ["65 levels", nested(65)],
  ["65 levels of objects", `${'{"a":'.repeat(65)}1${"}".repeat(65)}`],
  ["100,000 levels", nested(100_000)],
  ["100,000 brackets that never close", "[".repeat(100_000)],
  ["a form", "payload=%7B%7D"],
  ["markup", "<xml/>"],
];

describe("400 INVALID_JSON is the answer to", () => {
  test.each(REFUSED)("%s", async (_name, body) => {
    const app = await createTestApp();
    const agent = await app.agent();
    expectAnswer(await app.deliver(agent.id, body), { status: 400, code: "INVALID_JSON" });
  });

  test("a request without a body", async () => {
    const app = await createTestApp();
    const agent = await app.agent();
    const path = `/agents/${agent.id}/webhook`;
    expect((await app.request(path, { method: "POST" })).status).toBe(400);
  });

  const SENTENCES: [name: string, body: string | Uint8Array, message: string][] = [
    ["empty", "", "The body is empty; send a JSON value."],
    ["not UTF-8", bytes([0xff]), "The body is not UTF-8."],
    ["too deep", nested(65), "The body nests deeper than 64 levels."],
    ["infinite", '{"a":1e999}', "The body has a number beyond 1.8e308."],
    ["malformed", "{", "The body is not well-formed JSON."],
  ];
  test.each(SENTENCES)("and it says what is wrong: %s", async (_name, body, message) => {
    const app = await createTestApp();
    const agent = await app.agent();
    expect((await app.deliver(agent.id, body)).error.message).toBe(message);
  });
});

const TYPES: [type: string, status: number][] = [
  ["application/json", 200],
  ["application/json; charset=utf-8", 200],
  ["application/json;charset=UTF-8", 200],
  ['application/json; charset="utf-8"', 200],
  ["application/json; charset=utf8", 200],
  ["Application/JSON", 200],
  ["application/json; profile=x", 200],
  ["application/cloudevents+json", 200],
  ["application/vnd.api+json; charset=utf-8", 200],
  ["application/problem+JSON", 200],
  ["application/json; charset=iso-8859-1", 415],
  ["application/json; charset=utf-16", 415],
  ["application/json-seq", 415],
  ["application/jsonx", 415],
  ["application/x+jsonp", 415],
  ["application/+json", 415],
  ["text/json", 415],
  ["text/plain", 415],
  ["text/plain; charset=utf-8", 415],
  ["application/xml", 415],
  ["application/octet-stream", 415],
  ["application/x-www-form-urlencoded", 415],
  ["multipart/form-data; boundary=x", 415],
  ["json", 415],
];

describe("a content type is told apart:", () => {
  test.each(TYPES)("%s → %i", async (type, status) => {
    const app = await createTestApp();
    const agent = await app.agent();
    const answer = await app.deliver(agent.id, '{"a":1}', { headers: { "Content-Type": type } });
    expectAnswer(answer, status === 200 ? { status } : { status, code: "UNSUPPORTED_MEDIA_TYPE" });
  });

  test("bytes without a type are read as JSON", async () => {
    const app = await createTestApp();
    const agent = await app.agent();
    const path = `/agents/${agent.id}/webhook`;
    const init = { method: "POST", body: new Uint8Array(Buffer.from('{"a":1}')) };
    expect((await app.request(path, init)).status).toBe(200);
  });

  const FORMS = [["none"], ["bearer"], ["hmac"]];
  test.each(FORMS)("a form is refused under %s, where no sender posts one", async (type) => {
    const app = await createTestApp();
    const agent = await app.agent();
    await app.api(`PATCH /agents/${agent.id}`, { webhook: { auth: { type } } });
    const { data } = await app.api(`POST /agents/${agent.id}/webhook/secrets`, {});
    const body = "payload=%7B%7D";
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const credential =
      type === "hmac" ? hmacHeaders({ secret: data.secret, body }) : bearerHeaders(data.secret);
    const answer = await app.deliver(agent.id, body, { headers: { ...headers, ...credential } });
    expectAnswer(answer, { status: 415, code: "UNSUPPORTED_MEDIA_TYPE" });
  });
});
