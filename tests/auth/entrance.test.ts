// Host and Origin of requests, as a table: which come in, and which are refused before anything else.

import { describe, expect, test } from "bun:test";
import { checkEntrance } from "../../src/auth/entrance";
import type { Config } from "../../src/config";
import { createConfig } from "../../src/config";
import { AppError } from "../../src/errors";
import { parseTrustProxy } from "../../src/lib/network/forwarded";

const PUBLIC_URL = "https://hooks.example.com/base";

interface Sent {
  method?: string;
  path?: string;
  host?: string;
  headers?: Record<string, string>;
  /** The address of the connection. */
  peer?: string;
}

/** The code of the refusal, or `comes in`. */
function judge(sent: Sent, config: Partial<Config> = {}): string {
  const { method = "GET", path = "/agents", host = "localhost:3000", headers = {} } = sent;
  const request = new Request(`http://localhost${path}`, { method, headers: { host, ...headers } });
  const server = { requestIP: () => ({ address: sent.peer ?? "127.0.0.1" }) };
  const deps = { config: createConfig(config), publicUrl: () => PUBLIC_URL };
  try {
    checkEntrance(deps, { request, server });
    return "comes in";
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

const REFUSED_HOST = "HOST_NOT_ALLOWED";
const REFUSED_ORIGIN = "ORIGIN_NOT_ALLOWED";

describe("a request to the name", () => {
  const OURS = [
    "localhost",
    "localhost:3000",
    "LOCALHOST",
    "localhost.",
    "app.localhost:3000",
    "127.0.0.1:3000",
    "192.168.1.20",
    "[::1]:3000",
    "[2001:db8::1]",
    "hooks.example.com",
    "hooks.example.com:8443",
    "Hooks.Example.COM.",
  ];
  test.each(OURS)("%s comes in", (host) => {
    expect(judge({ host })).toBe("comes in");
    expect(judge({ host, method: "POST" })).toBe("comes in");
  });

  const STRANGE = [
    "evil.test",
    "evil.test:3000",
    "localhost.evil.test",
    "notlocalhost",
    "127.0.0.1.nip.io",
    "hooks.example.com.evil.test",
    "evil-hooks.example.com",
    "sub.hooks.example.com",
    "example.com",
    "hookline",
    "0.0.0.0.evil.test",
    "localhost, evil.test",
    "localhost evil.test",
    "evil.test@localhost",
    "localhost@evil.test",
    "localhost/",
    "",
    ":3000",
    "[::1].evil.test",
    "::1",
  ];
  test.each(STRANGE)("%s is refused, whatever the method", (host) => {
    for (const method of ["GET", "HEAD", "OPTIONS", "POST", "DELETE"]) {
      expect(judge({ host, method })).toBe(REFUSED_HOST);
    }
  });

  test("in HOOKLINE_ALLOWED_HOSTS comes in, and none below it", () => {
    const config = { allowedHosts: ["hookline", "hooks.lan"] };
    expect(judge({ host: "hookline:3000" }, config)).toBe("comes in");
    expect(judge({ host: "HOOKS.lan" }, config)).toBe("comes in");
    expect(judge({ host: "a.hooks.lan" }, config)).toBe(REFUSED_HOST);
  });

  test("in HOOKLINE_HOST comes in", () => {
    expect(judge({ host: "Machine.lan:3000" }, { host: "machine.LAN" })).toBe("comes in");
    expect(judge({ host: "machine.lan" })).toBe(REFUSED_HOST);
  });

  test("of the URL is taken where a request carries no Host", () => {
    const config = createConfig();
    const deps = { config, publicUrl: () => PUBLIC_URL };
    const check = (url: string) => () =>
      checkEntrance(deps, { request: new Request(url), server: null });
    expect(check("http://localhost/agents")).not.toThrow();
    expect(check("http://evil.test/agents")).toThrow(AppError);
  });
});

describe("of a forwarded name", () => {
  const PROXIED = { trustProxy: parseTrustProxy("10.0.0.1") };
  const via = (peer: string, forwarded: string, host = "10.0.0.2:3000") =>
    judge({ host, peer, headers: { "X-Forwarded-Host": forwarded } }, PROXIED);

  test("a trusted proxy's is checked as well", () => {
    expect(via("10.0.0.1", "hooks.example.com")).toBe("comes in");
    expect(via("10.0.0.1", "evil.test")).toBe(REFUSED_HOST);
    expect(via("10.0.0.1", "hooks.example.com, evil.test")).toBe(REFUSED_HOST);
  });

  test("a trusted proxy's does not stand in for the Host", () => {
    expect(via("10.0.0.1", "localhost", "evil.test")).toBe(REFUSED_HOST);
  });

  test("another peer's is not looked at", () => {
    expect(via("10.0.0.9", "evil.test")).toBe("comes in");
    expect(via("10.0.0.9", "localhost", "evil.test")).toBe(REFUSED_HOST);
  });
});

describe("what is open under every name, to every page", () => {
  const OPEN: [method: string, path: string][] = [
    ["POST", "/agents/agt_1/webhook"],
    ["POST", "/agents/agt_1/webhook/"],
    ["POST", "/agents/agt_1/webhook?source=/agents"],
    ["GET", "/agents/agt_1/webhook"],
    ["GET", "/healthz"],
    ["GET", "/healthz?x=1"],
    ["GET", "/readyz"],
  ];
  test.each(OPEN)("%s %s", (method, path) => {
    const headers = { Origin: "https://evil.test", "Sec-Fetch-Site": "cross-site" };
    expect(judge({ method, path, host: "evil.test", headers })).toBe("comes in");
  });

  const NOT_OPEN = [
    "/",
    "/agents",
    "/agents/agt_1",
    "/agents/agt_1/webhook/secrets",
    "/agents/agt_1/webhooks",
    "/agents//webhook",
    "/agents/agt_1/x/webhook",
    "/x/agents/agt_1/webhook",
    "/agents?x=/agents/agt_1/webhook",
    "/agents/agt_1?/webhook",
    "/agents/agt_1%2fwebhook",
    "/agents/webhook",
    "/AGENTS/agt_1/webhook",
    "/healthz/x",
    "/x/healthz",
    "/readyz.json",
    "/nowhere",
    "/tokens",
  ];
  test.each(NOT_OPEN)("not %s", (path) => {
    expect(judge({ path, host: "evil.test" })).toBe(REFUSED_HOST);
  });
});

describe("a write", () => {
  const WRITES = ["POST", "PUT", "PATCH", "DELETE"];

  const GOOD: [name: string, sent: Sent][] = [
    ["without an Origin", {}],
    ["from a page of this server", { headers: { Origin: "http://localhost:3000" } }],
    [
      "from a page under its address",
      { host: "192.168.1.20:3000", headers: { Origin: "http://192.168.1.20:3000" } },
    ],
    [
      "from a page on the scheme's own port",
      { host: "localhost:80", headers: { Origin: "http://localhost" } },
    ],
    [
      "from a page under the public URL",
      { host: "hooks.example.com", headers: { Origin: "https://hooks.example.com" } },
    ],
    [
      "that a browser calls of the same origin",
      { headers: { Origin: "http://localhost:3000", "Sec-Fetch-Site": "same-origin" } },
    ],
    ["that a user began", { headers: { "Sec-Fetch-Site": "none" } }],
  ];
  test.each(GOOD)("%s comes in", (_name, sent) => {
    for (const method of WRITES) expect(judge({ ...sent, method })).toBe("comes in");
  });

  const BAD: [name: string, headers: Record<string, string>][] = [
    ["another site's page", { Origin: "https://evil.test" }],
    ["a page without an origin", { Origin: "null" }],
    ["an empty origin", { Origin: "" }],
    ["another port", { Origin: "http://localhost:3001" }],
    ["the scheme's own port", { Origin: "http://localhost" }],
    ["another scheme", { Origin: "https://localhost:3000" }],
    ["the public host over http", { Origin: "http://hooks.example.com" }],
    ["a name below the public one", { Origin: "https://a.hooks.example.com" }],
    ["an address of the same server", { Origin: "http://127.0.0.1:3000" }],
    ["an origin with a path", { Origin: "http://localhost:3000/" }],
    ["two origins", { Origin: "http://localhost:3000, http://localhost:3000" }],
    ["an extension", { Origin: "chrome-extension://abcdef" }],
    ["another site, as the browser says", { "Sec-Fetch-Site": "cross-site" }],
    [
      "another site, as the browser says beside a good Origin",
      { Origin: "http://localhost:3000", "Sec-Fetch-Site": "cross-site" },
    ],
  ];
  test.each(BAD)("from %s is refused", (_name, headers) => {
    for (const method of WRITES) expect(judge({ method, headers })).toBe(REFUSED_ORIGIN);
  });

  test.each(BAD)("is meant, and no reading: from %s that comes in", (_name, headers) => {
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      expect(judge({ method, headers })).toBe("comes in");
    }
  });
});

describe("behind a proxy that ends TLS", () => {
  const FORWARDED = { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "hooks.lan" };
  const config = { allowedHosts: ["hooks.lan"], trustProxy: parseTrustProxy("10.0.0.1") };
  const write = (peer: string, headers: Record<string, string>, host = "hooks.lan") =>
    judge({ method: "POST", host, peer, headers }, config);

  test("its scheme and name make the origin", () => {
    const headers = { ...FORWARDED, Origin: "https://hooks.lan" };
    expect(write("10.0.0.1", headers)).toBe("comes in");
    expect(write("10.0.0.1", headers, "10.0.0.2:3000")).toBe("comes in");
    expect(write("10.0.0.1", { ...headers, Origin: "http://hooks.lan" })).toBe(REFUSED_ORIGIN);
  });

  test("they do not while it is not trusted", () => {
    const headers = { ...FORWARDED, Origin: "https://hooks.lan" };
    expect(write("10.0.0.9", headers)).toBe(REFUSED_ORIGIN);
  });
});
