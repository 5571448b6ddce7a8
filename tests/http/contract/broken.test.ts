// The check itself: that it finds what a document does not tell of an answer.

import { describe, expect, test } from "bun:test";
import { createTestApp } from "../../support/app";
import { createContract } from "../../support/contract";

const contract = createContract((await createTestApp()).app);

const HEADERS = { "X-Request-Id": "req_1", "Content-Type": "application/json" };
const OK = '{"success":true,"data":{"status":"ok"}}';
const FAILED = '{"success":false,"error":{"code":"A","message":"b","requestId":"c"}}';

const faultOf = (path: string, response: Response, method = "GET") =>
  contract.faultOf({ method, path, response });

const json = (body: string, init: { status?: number; headers?: Record<string, string> } = {}) =>
  new Response(body, { ...init, headers: { ...HEADERS, ...init.headers } });

describe("the contract finds nothing in", () => {
  test.each([
    ["a documented success", "/healthz", json(OK)],
    ["a documented failure", "/healthz", json(FAILED, { status: 422 })],
    ["a path that has no operation", "/nowhere", json("{}", { status: 418 })],
    ["a hidden path", "/swagger/init-0.js", json("{}")],
  ])("%s", async (_name, path, response) => {
    expect(await faultOf(path, response)).toBeNull();
  });

  test("an empty answer that is to be empty", async () => {
    const response = new Response(null, { status: 204, headers: { "X-Request-Id": "req_1" } });
    expect(await faultOf("/agents/agt_1", response, "DELETE")).toBeNull();
  });
});

describe("the contract finds", () => {
  test.each([
    ["an undocumented status", json(OK, { status: 202 }), "getHealth 202 is not documented"],
    ["a missing field", json('{"success":true,"data":{}}'), 'required property "status"'],
    ["a field too many", json(OK.replace("}}", ',"x":1}}')), "False boolean schema"],
    ["a success in the place of a failure", json(OK, { status: 500 }), "#/success"],
    ["no request id", new Response(OK), "has no X-Request-Id"],
    ["a header of others", json(OK, { headers: { Location: "/" } }), "a header location"],
    [
      "another media type",
      json(OK, { headers: { "Content-Type": "text/plain" } }),
      "type text/plain",
    ],
  ])("%s", async (_name, response, fault) => {
    expect(await faultOf("/healthz", response)).toContain(fault);
  });

  test("a body where there is to be none", async () => {
    const response = json(OK, { status: 204 });
    expect(await faultOf("/agents/agt_1", response, "DELETE")).toContain(
      "deleteAgent 204 has a body",
    );
  });
});

test("a path by its own name comes before one by a parameter", () => {
  expect(contract.operationOf({ method: "GET", path: "/swagger/json?x=1" })).toBe("getOpenApi");
  expect(contract.operationOf({ method: "get", path: "/agents/json" })).toBe("getAgent");
  expect(contract.operationOf({ method: "PUT", path: "/agents/agt_1" })).toBeNull();
});
