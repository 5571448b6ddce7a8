import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AppError } from "../../src/errors";
import type { Json } from "../../src/lib/json-value";
import { buildRequest } from "../../src/tools/request";
import type { ToolSettings } from "../../src/tools/tool";
import { httpTool } from "../support/http-tool";

const SECRETS = new Map([["TOKEN", "s3cret-value"]]);

const build = (tool: Partial<ToolSettings>, params: Json = {}) =>
  buildRequest(
    {
      params,
      secret(name) {
        const text = SECRETS.get(name);
        if (text === undefined) throw new AppError("SECRET_MISSING");
        return text;
      },
    },
    httpTool(tool),
  );

const refusal = (tool: Partial<ToolSettings>, params: Json = {}): string => {
  try {
    return build(tool, params).url.href;
  } catch (error) {
    return error instanceof AppError ? error.code : "not an AppError";
  }
};

describe("the URL", () => {
  test("has each value percent-encoded in its place", () => {
    const url = "https://api.test/repos/{{params.owner}}/{{params.n}}?q={{params.q}}&x=1";
    const { href } = build({ url }, { owner: "a/b c", n: 7, q: "1&admin=true#x" }).url;
    expect(href).toBe("https://api.test/repos/a%2Fb%20c/7?q=1%26admin%3Dtrue%23x&x=1");
  });

  test.each(["..", ".", "%2e%2e", "..%2f.."])("takes %p as a segment or refuses it", (owner) => {
    const found = refusal({ url: "https://api.test/repos/{{params.owner}}/keys" }, { owner });
    expect([
      "TOOL_INPUT_INVALID",
      `https://api.test/repos/${encodeURIComponent(owner)}/keys`,
    ]).toContain(found);
    expect(found).not.toBe("https://api.test/keys");
  });

  test("stays with its scheme, host, port and path, whatever the value is", () => {
    const url = "https://api.test:8443/a/{{params.v}}/z?k={{params.v}}";
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (v) => {
        if (!v.isWellFormed() || v === "") return;
        const found = refusal({ url }, { v });
        if (found === "TOOL_INPUT_INVALID") return;
        const { origin, pathname, searchParams } = new URL(found);
        expect(origin).toBe("https://api.test:8443");
        expect(pathname.split("/")).toHaveLength(4);
        expect(decodeURIComponent(pathname.split("/")[2] ?? "")).toBe(v);
        expect([...searchParams.keys()]).toEqual(["k"]);
        expect(searchParams.get("k")).toBe(v);
      }),
    );
  });

  test("without a parameter that it needs is refused", () => {
    expect(refusal({ url: "https://api.test/{{params.gone}}" })).toBe("TOOL_INPUT_INVALID");
  });

  test("has arguments beside it, without those whose parameter is missing", () => {
    const query = { state: "{{params.state}}", page: "{{params.page}}", all: "1" };
    expect(build({ query }, { state: "a b" }).url.search).toBe("?state=a+b&all=1");
  });
});

describe("an address that comes as a parameter", () => {
  const tool = { url: null, urlFrom: "{{params.to}}", allowedHosts: ["hooks.slack.com"] };

  test("is called on a host that is listed", () => {
    const to = "https://hooks.slack.com/actions/T1/2/3?x=1";
    expect(build(tool, { to }).url.href).toBe(to);
  });

  test.each([
    "https://evil.test/hooks.slack.com",
    "https://hooks.slack.com.evil.test/",
    "https://hooks.slack.com@evil.test/",
    "https://hooks.slack.com:8443/",
    "file:///etc/passwd",
    "//hooks.slack.com/x",
    "",
  ])("%p is refused", (to) => {
    expect(["TOOL_INPUT_INVALID", "URL_INVALID"]).toContain(refusal(tool, { to }));
  });
});

describe("headers", () => {
  test("take values and secrets, and are left out without theirs", () => {
    const headers = { Authorization: "Bearer {{secrets.TOKEN}}", "X-Trace": "{{params.trace}}" };
    expect(build({ headers }).headers).toEqual({ authorization: "Bearer s3cret-value" });
  });

  test.each(["a\r\nX-Admin: 1", "a\nb", "a\u0000", "ünïcode"])("refuse %p", (trace) => {
    const headers = { "X-Trace": "{{params.trace}}" };
    expect(refusal({ headers }, { trace })).toBe("TOOL_INPUT_INVALID");
  });

  test("fail with the secret that is missing", () => {
    expect(refusal({ headers: { A: "{{secrets.NONE}}" } })).toBe("SECRET_MISSING");
  });
});

describe("the body", () => {
  test("is JSON whose whole slots keep their types", () => {
    const body = { text: "Hi {{params.name}}", n: "{{params.n}}", list: ["{{params.gone}}", 1] };
    const { body: text, headers } = build({ body }, { name: 'a"}', n: { deep: [true] } });
    expect(JSON.parse(text ?? "")).toEqual({
      text: 'Hi a"}',
      n: { deep: [true] },
      list: [null, 1],
    });
    expect(headers["content-type"]).toBe("application/json");
  });

  test("that is text is sent as such, unless it is one whole slot", () => {
    expect(build({ body: "a={{params.a}}" }, { a: 1 })).toMatchObject({
      body: "a=1",
      headers: { "content-type": "text/plain; charset=utf-8" },
    });
    expect(build({ body: "{{params}}" }, { a: 1 })).toMatchObject({ body: '{"a":1}' });
  });

  test("keeps the type that a header says", () => {
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    expect(build({ body: "a=1", headers }).headers).toEqual({
      "content-type": "application/x-www-form-urlencoded",
    });
  });

  test("never parses a value: braces in it stay text", () => {
    const { body } = build({ body: ["{{params.a}}"] }, { a: "{{secrets.TOKEN}}" });
    expect(body).toBe('["{{secrets.TOKEN}}"]');
  });
});

test.each(["__proto__", "constructor", "toString"])("%s is no parameter", (name) => {
  expect(refusal({ url: `https://api.test/{{params.${name}}}` }, {})).toBe("TOOL_INPUT_INVALID");
});
