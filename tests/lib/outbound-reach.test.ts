// Which targets a request reaches: a listener on loopback counts the connections.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createOutbound, type Outbound, type Resolve } from "../../src/lib/outbound";
import { parseAllowPrivate } from "../../src/lib/network/outbound-address";
import { startModelStub, type ModelStub } from "../support/model-stub";
import { rejection } from "../support/rejection";

let stub: ModelStub;
beforeAll(async () => {
  stub = await startModelStub({ host: "::" });
});
afterAll(() => stub.close());

const NAMES: Record<string, string[]> = {
  localhost: ["127.0.0.1", "::1"],
  "inside.test": ["127.0.0.1"],
  "inside6.test": ["::1"],
  "mapped.test": ["::ffff:127.0.0.1"],
  "mixed.test": ["8.8.8.8", "127.0.0.1"],
  "mixed-first.test": ["127.0.0.1", "8.8.8.8"],
  "zone.test": ["fe80::1%lo"],
  "nothing.test": [],
};

const family = (address: string): number => (address.includes(":") ? 6 : 4);

const resolveNames: Resolve = async (host) => {
  const addresses = NAMES[host];
  if (addresses === undefined) throw new Error("ENOTFOUND");
  return addresses.map((address) => ({ address, family: family(address) }));
};

const door = (rules: string): Outbound =>
  createOutbound({
    allowPrivate: parseAllowPrivate(rules.replaceAll("PORT", String(stub.port))),
    resolve: resolveNames,
  });

const target = (url: string): string => url.replaceAll("PORT", String(stub.port));

/** The code of the refusal, or the status of the answer. */
async function outcome(outbound: Outbound, url: string): Promise<string | number> {
  try {
    const response = await outbound.fetch(target(url), { method: "POST", body: "{}" });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

/** URL, and the rule that lets it reach the listener. */
const LOOPBACK: [url: string, rule: string][] = [
  ["http://127.0.0.1:PORT/", "127.0.0.1:PORT"],
  ["http://127.0.0.1.:PORT/", "127.0.0.0/8:PORT"],
  ["http://[::1]:PORT/", "[::1]:PORT"],
  ["http://[0:0:0:0:0:0:0:1]:PORT/", "[::1]:*"],
  ["http://[::ffff:127.0.0.1]:PORT/", "127.0.0.1:PORT"],
  ["http://[::ffff:7f00:1]:PORT/", "127.0.0.1:PORT"],
  ["http://0.0.0.0:PORT/", "0.0.0.0:PORT"],
  ["http://0:PORT/", "0.0.0.0:PORT"],
  ["http://2130706433:PORT/", "127.0.0.1:PORT"],
  ["http://017700000001:PORT/", "127.0.0.1:PORT"],
  ["http://0177.0.0.1:PORT/", "127.0.0.1:PORT"],
  ["http://0x7f000001:PORT/", "127.0.0.1:PORT"],
  ["http://0x7f.0.0.1:PORT/", "127.0.0.1:PORT"],
  ["http://127.1:PORT/", "127.0.0.1:PORT"],
  ["http://１２７.０.０.１:PORT/", "127.0.0.1:PORT"],
  ["http://①②⑦.0.0.1:PORT/", "127.0.0.1:PORT"],
  ["http://127。0。0。1:PORT/", "127.0.0.1:PORT"],
  ["http:127.0.0.1:PORT/", "127.0.0.1:PORT"],
  ["http:\\\\127.0.0.1:PORT/", "127.0.0.1:PORT"],
  ["http://%31%32%37.0.0.1:PORT/", "127.0.0.1:PORT"],
  ["http://localhost:PORT/", "localhost:PORT"],
  ["http://LOCALHOST.:PORT/", "127.0.0.1:PORT,[::1]:PORT"],
  ["http://inside.test:PORT/", "inside.test:PORT"],
  ["http://inside.test.:PORT/", "127.0.0.0/8:PORT"],
  ["http://inside6.test:PORT/", "inside6.test:*"],
];

describe("a private target reaches no listener unless a rule allows it:", () => {
  test.each(LOOPBACK)("loopback as %s, allowed by %s", async (url, rule) => {
    const before = stub.connections();
    expect(await outcome(door(""), url)).toBe("ADDRESS_FORBIDDEN");
    expect(await outcome(door("other.test:PORT,127.0.0.1:1,10.0.0.0/8:PORT"), url)).toBe(
      "ADDRESS_FORBIDDEN",
    );
    expect(stub.connections()).toBe(before);
    expect(await outcome(door(rule), url)).toBe(200);
    expect(stub.connections()).toBe(before + 1);
  });
});

describe("refused before anything is dialled is", () => {
  test.each([
    "http://10.0.0.1:PORT/",
    "http://172.16.0.1:PORT/",
    "http://192.168.0.1:PORT/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1:PORT/",
    "http://[fd00::1]:PORT/",
    "http://[fe80::1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://mapped.test:PORT/",
    "http://mixed.test:PORT/",
    "http://mixed-first.test:PORT/",
    "http://zone.test:PORT/",
  ])("%s as ADDRESS_FORBIDDEN", async (url) => {
    const before = stub.connections();
    expect(await outcome(door(""), url)).toBe("ADDRESS_FORBIDDEN");
    expect(stub.connections()).toBe(before);
  });

  test.each([
    "http://user@127.0.0.1:PORT/",
    "http://user:word@127.0.0.1:PORT/",
    "http://8.8.8.8:80@127.0.0.1:PORT/",
    "http://[fe80::1%25eth0]:PORT/",
    "http://[fe80::1%eth0]:PORT/",
    "http://127.0.0.1:0/",
    "http://256.256.256.256/",
    "file:///etc/hosts",
    "data:text/plain,hello",
    "blob:http://127.0.0.1:PORT/1",
    "s3://bucket/key",
    "ftp://127.0.0.1:PORT/",
    "gopher://127.0.0.1:PORT/",
    "ws://127.0.0.1:PORT/",
    "unix:/run/docker.sock",
    "http+unix://%2Frun%2Fdocker.sock/",
    "//127.0.0.1:PORT/",
    "127.0.0.1:PORT",
    "",
  ])("%s as URL_INVALID, whatever is allowed", async (url) => {
    const before = stub.connections();
    expect(await outcome(door("0.0.0.0/0:*,[::/0]:*,localhost:*"), url)).toBe("URL_INVALID");
    expect(stub.connections()).toBe(before);
  });

  test.each(["http://unknown.test:PORT/", "http://nothing.test:PORT/"])(
    "%s as ADDRESS_UNRESOLVED",
    async (url) => {
      expect(await outcome(door("0.0.0.0/0:*"), url)).toBe("ADDRESS_UNRESOLVED");
    },
  );
});

test("a refusal names the setting and the target as it was written", async () => {
  const failed = door("").fetch(target("http://inside.test:PORT/v1"));
  expect(await rejection(failed)).toMatchObject({
    code: "ADDRESS_FORBIDDEN",
    message: `The address is not public; allow it with HOOKLINE_ALLOW_PRIVATE=inside.test:${stub.port}.`,
  });
  const literal = door("").fetch(target("http://[::1]:PORT/"));
  expect(await rejection(literal)).toMatchObject({
    message: expect.stringContaining(`HOOKLINE_ALLOW_PRIVATE=[::1]:${stub.port}`),
  });
  expect(await rejection(door("").fetch("https://inside.test/"))).toMatchObject({
    message: expect.stringContaining("=inside.test:443"),
  });
});

test("the system's resolver is asked where none is given", async () => {
  const outbound = createOutbound({
    allowPrivate: parseAllowPrivate(`localhost:${stub.port}`),
  });
  expect(await outcome(outbound, "http://localhost:PORT/")).toBe(200);
  expect(await outcome(createOutbound({ allowPrivate: [] }), "http://localhost:PORT/")).toBe(
    "ADDRESS_FORBIDDEN",
  );
});

describe("a name that changes its address", () => {
  /** Answers the given addresses one after the other, the last one for ever. */
  function changing(addresses: string[]) {
    const asked: string[] = [];
    const resolve: Resolve = async (host) => {
      asked.push(host);
      const address = addresses[asked.length - 1] ?? addresses.at(-1) ?? "";
      return [{ address, family: family(address) }];
    };
    return { asked, resolve };
  }

  test("is connected to where it was checked, by one resolution per request", async () => {
    // 127.0.0.2 stands for the public address, 127.0.0.1 for the private one behind it.
    const allowed = await startModelStub({ host: "127.0.0.2" });
    const canary = await startModelStub({ port: allowed.port });
    const { asked, resolve } = changing(["127.0.0.2", "127.0.0.1"]);
    const rules = `127.0.0.2:${allowed.port}`;
    const outbound = createOutbound({ allowPrivate: parseAllowPrivate(rules), resolve });
    const url = `http://rebind.test:${allowed.port}/`;
    expect(await outcome(outbound, url)).toBe(200);
    expect(asked).toEqual(["rebind.test"]);
    expect(await outcome(outbound, url)).toBe("ADDRESS_FORBIDDEN");
    expect(asked).toHaveLength(2);
    expect([allowed.connections(), canary.connections()]).toEqual([1, 0]);
    await allowed.close();
    await canary.close();
  });

  test("is tried at its next address when one refuses the connection", async () => {
    const only4 = await startModelStub();
    const outbound = createOutbound({
      allowPrivate: parseAllowPrivate(`two.test:${only4.port}`),
      resolve: async () => [
        { address: "::1", family: 6 },
        { address: "127.0.0.1", family: 4 },
      ],
    });
    expect(await outcome(outbound, `http://two.test:${only4.port}/`)).toBe(200);
    await only4.close();
  });
});

describe("a redirect is an ordinary answer:", () => {
  test.each([301, 302, 303, 307, 308])(
    "%i to a private address is not followed",
    async (status) => {
      const canary = await startModelStub();
      const location = `http://127.0.0.1:${canary.port}/secret`;
      const allowed = await startModelStub({ behaviour: () => `redirect-${status}:${location}` });
      const outbound = createOutbound({
        allowPrivate: parseAllowPrivate(`127.0.0.1:${allowed.port}`),
      });
      const response = await outbound.fetch(`http://127.0.0.1:${allowed.port}/`);
      expect(response.status).toBe(status);
      expect(response.headers.get("location")).toBe(location);
      await response.body?.cancel();
      expect([allowed.connections(), canary.connections()]).toEqual([1, 0]);
      await allowed.close();
      await canary.close();
    },
  );

  test("also to an allowed address it is not followed", async () => {
    const allowed: ModelStub = await startModelStub({
      behaviour: () => `redirect:http://127.0.0.1:${allowed.port}/again`,
    });
    const outbound = createOutbound({ allowPrivate: parseAllowPrivate("127.0.0.1:*") });
    expect(await outcome(outbound, `http://127.0.0.1:${allowed.port}/`)).toBe(302);
    expect(allowed.connections()).toBe(1);
    await allowed.close();
  });
});

test("a proxy of the environment is not used", async () => {
  const proxy = await startModelStub();
  const before = process.env["HTTP_PROXY"];
  process.env["HTTP_PROXY"] = `http://127.0.0.1:${proxy.port}`;
  expect(await outcome(door("127.0.0.1:PORT"), "http://127.0.0.1:PORT/")).toBe(200);
  expect(proxy.connections()).toBe(0);
  if (before === undefined) delete process.env["HTTP_PROXY"];
  else process.env["HTTP_PROXY"] = before;
  await proxy.close();
});
