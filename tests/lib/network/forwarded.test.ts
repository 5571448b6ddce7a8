// Behind proxies: which networks are trusted, and whose word about the client, name and scheme counts.

import { describe, expect, test } from "bun:test";
import type { Forwarded } from "../../../src/lib/network/forwarded";
import {
  arrivalOf,
  clientOf,
  forwardedOf,
  networkOf,
  parseTrustProxy,
} from "../../../src/lib/network/forwarded";

const depsFor = (trust: string) => ({
  config: { trustProxy: trust === "" ? [] : parseTrustProxy(trust) },
});

const requestWith = (headers: Record<string, string>): Request =>
  new Request("http://localhost/", { headers });

describe("parseTrustProxy", () => {
  const GOOD: [text: string, networks: string[]][] = [
    ["10.0.0.1", ["10.0.0.1/32"]],
    ["10.0.0.0/8,192.0.2.7", ["10.0.0.0/8", "192.0.2.7/32"]],
    [" 10.0.0.0/8 , ::1 ", ["10.0.0.0/8", "::1/128"]],
    ["FD00::/8", ["fd00::/8"]],
    ["::ffff:10.0.0.1", ["10.0.0.1/32"]],
    ["0.0.0.0/1", ["0.0.0.0/1"]],
    ["loopback", ["127.0.0.0/8", "::1/128"]],
    ["Private", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]],
    ["loopback,10.0.0.1", ["127.0.0.0/8", "::1/128", "10.0.0.1/32"]],
  ];
  test.each(GOOD)("reads %j", (text, networks) => {
    const found = parseTrustProxy(text).map(({ address, bits }) => `${address.toString()}/${bits}`);
    expect(found).toEqual(networks);
  });

  const BAD: [text: string, named: string, says: string][] = [
    ["", '""', "write an address"],
    ["10.0.0.1,", '""', "write an address"],
    ["proxy.lan", '"proxy.lan"', "write an address"],
    ["10.0.0.1,*", '"*"', "write an address"],
    ["true", '"true"', "write an address"],
    ["constructor", '"constructor"', "write an address"],
    ["10.1", '"10.1"', "write an address"],
    ["010.0.0.1", '"010.0.0.1"', "write an address"],
    ["10/8", '"10/8"', "write an address"],
    ["10.0.0.1:80", '"10.0.0.1:80"', "write an address"],
    ["[::1]", '"[::1]"', "write an address"],
    ["10.0.0.0/8/8", '"10.0.0.0/8/8"', "write an address"],
    ["0.0.0.0/0", '"0.0.0.0/0"', "1 to 32"],
    ["::/0", '"::/0"', "1 to 128"],
    ["10.0.0.0/33", '"10.0.0.0/33"', "1 to 32"],
    ["10.0.0.0/", '"10.0.0.0/"', "1 to 32"],
    ["10.0.0.0/-1", '"10.0.0.0/-1"', "1 to 32"],
    ["10.0.0.0/1e1", '"10.0.0.0/1e1"', "1 to 32"],
    ["fd00::/129", '"fd00::/129"', "1 to 128"],
    ["::ffff:10.0.0.0/104", '"::ffff:10.0.0.0/104"', "1 to 32"],
  ];
  test.each(BAD)("refuses %j, naming %s", (text, named, says) => {
    expect(() => parseTrustProxy(text)).toThrow(named);
    expect(() => parseTrustProxy(text)).toThrow(says);
  });
});

describe("arrivalOf", () => {
  const PEERS: [address: string | null, peer: string | null][] = [
    [null, null],
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::1", "::1"],
    ["::ffff:0:1", "::ffff:0:1"],
    ["2001:db8::ffff:1", "2001:db8::ffff:1"],
  ];
  test.each(PEERS)("of a connection from %j has the peer %j", (address, peer) => {
    const request = requestWith({});
    const server = { requestIP: () => (address === null ? null : { address }) };
    expect(arrivalOf({ request, server })).toEqual({ request, peer });
  });

  test("without a server has no peer", () => {
    expect(arrivalOf({ request: requestWith({}), server: null }).peer).toBeNull();
  });
});

describe("clientOf", () => {
  const TRUST = "10.0.0.0/8, fd00::/8";
  /** Peer, `X-Forwarded-For`, client. */
  const ROWS: [name: string, peer: string | null, header: string | null, client: string | null][] =
    [
      ["nobody without a peer", null, "192.0.2.1", null],
      ["the peer without a header", "10.0.0.1", null, "10.0.0.1"],
      ["the peer itself where it is not trusted", "192.0.2.9", "192.0.2.1", "192.0.2.9"],
      ["what a trusted peer names", "10.0.0.1", "192.0.2.1", "192.0.2.1"],
      ["the right-most that is not trusted", "10.0.0.1", "192.0.2.1, 192.0.2.2", "192.0.2.2"],
      ["the one before trusted hops", "10.0.0.1", "192.0.2.1,10.0.0.3,10.0.0.2", "192.0.2.1"],
      ["not what a client put before", "10.0.0.1", "127.0.0.1, 192.0.2.1, 10.0.0.2", "192.0.2.1"],
      [
        "not a trusted address that a client made up",
        "10.0.0.1",
        "10.9.9.9, 192.0.2.1",
        "192.0.2.1",
      ],
      ["the farthest where all are trusted", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
      ["without its port", "10.0.0.1", "192.0.2.1:4711", "192.0.2.1"],
      ["without brackets and port", "10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"],
      ["without brackets", "10.0.0.1", "[2001:db8::1]", "2001:db8::1"],
      ["without its zone", "10.0.0.1", "fe80::1%eth0", "fe80::1"],
      ["in its short form", "10.0.0.1", "2001:DB8:0:0::1", "2001:db8::1"],
      ["IPv4 in its own form", "10.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"],
      ["over a trusted IPv6 peer", "fd00::1", "192.0.2.1", "192.0.2.1"],
      ["the peer where nothing is in the header", "10.0.0.1", "", "10.0.0.1"],
      ["the peer behind garbage", "10.0.0.1", "unknown", "10.0.0.1"],
      ["the peer behind an empty entry", "10.0.0.1", "192.0.2.1,", "10.0.0.1"],
      ["the last that can be read", "10.0.0.1", "192.0.2.1, _hidden, 10.0.0.2", "10.0.0.2"],
      ["not an octal address", "10.0.0.1", "0300.0.2.1", "10.0.0.1"],
      ["not a short address", "10.0.0.1", "192.1", "10.0.0.1"],
      ["not a number", "10.0.0.1", "3221225985", "10.0.0.1"],
      ["not a network", "10.0.0.1", "192.0.2.0/24", "10.0.0.1"],
      ["not a name", "10.0.0.1", "localhost", "10.0.0.1"],
      ["not markup", "10.0.0.1", "<script>alert(1)</script>", "10.0.0.1"],
      ["not quoted text", "10.0.0.1", '"192.0.2.1"', "10.0.0.1"],
    ];
  test.each(ROWS)("is %s", (_name, peer, header, client) => {
    const request = requestWith(header === null ? {} : { "X-Forwarded-For": header });
    expect(clientOf(depsFor(TRUST), { request, peer })).toBe(client);
  });

  test("is the peer where nobody is trusted, whatever headers say", () => {
    const request = requestWith({
      "X-Forwarded-For": "192.0.2.1",
      Forwarded: "for=192.0.2.1",
      "X-Real-IP": "192.0.2.1",
    });
    expect(clientOf(depsFor(""), { request, peer: "127.0.0.1" })).toBe("127.0.0.1");
  });

  test("is read from X-Forwarded-For alone", () => {
    const request = requestWith({ Forwarded: "for=192.0.2.1", "X-Real-IP": "192.0.2.1" });
    expect(clientOf(depsFor(TRUST), { request, peer: "10.0.0.1" })).toBe("10.0.0.1");
  });

  test("is read over headers that were sent more than once", () => {
    const headers = new Headers([
      ["X-Forwarded-For", "127.0.0.1"],
      ["X-Forwarded-For", "192.0.2.1"],
    ]);
    const request = new Request("http://localhost/", { headers });
    expect(clientOf(depsFor(TRUST), { request, peer: "10.0.0.1" })).toBe("192.0.2.1");
  });

  test("is looked for over 20 hops and no further", () => {
    const hops = (count: number) => Array.from({ length: count }, (_, hop) => `10.0.1.${hop}`);
    const clientBehind = (count: number) => {
      const request = requestWith({ "X-Forwarded-For": ["192.0.2.1", ...hops(count)].join(", ") });
      return clientOf(depsFor(TRUST), { request, peer: "10.0.0.1" });
    };
    expect(clientBehind(19)).toBe("192.0.2.1");
    expect(clientBehind(20)).toBe("10.0.1.0");
  });
});

describe("forwardedOf", () => {
  const BOTH = { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "hooks.example.com:8443" };
  const NOTHING: Forwarded = { protocol: null, host: null };

  test("is what a trusted peer says", () => {
    const arrival = { request: requestWith(BOTH), peer: "10.0.0.1" };
    const said: Forwarded = { protocol: "https", host: "hooks.example.com:8443" };
    expect(forwardedOf(depsFor("10.0.0.0/8"), arrival)).toEqual(said);
  });

  test.each([
    ["another peer", "10.0.0.0/8", "192.0.2.1"],
    ["no peer", "10.0.0.0/8", null],
    ["any peer while nobody is trusted", "", "10.0.0.1"],
  ])("is nothing from %s", (_name, trust, peer) => {
    expect(forwardedOf(depsFor(trust), { request: requestWith(BOTH), peer })).toEqual(NOTHING);
  });

  const HEADERS: [headers: Record<string, string>, said: Partial<Forwarded>][] = [
    [{}, {}],
    [{ "X-Forwarded-Proto": "HTTPS" }, { protocol: "https" }],
    [{ "X-Forwarded-Proto": "https, http" }, { protocol: "http" }],
    [{ "X-Forwarded-Proto": "javascript" }, {}],
    [{ "X-Forwarded-Proto": "" }, {}],
    [{ "X-Forwarded-Host": "evil.test, a.test" }, { host: "a.test" }],
    [{ "X-Forwarded-Host": "evil.test, " }, {}],
    [{ "X-Forwarded-Host": "" }, {}],
  ];
  test.each(HEADERS)("of %j is %j", (headers, said) => {
    const arrival = { request: requestWith(headers), peer: "10.0.0.1" };
    expect(forwardedOf(depsFor("10.0.0.1"), arrival)).toEqual({ ...NOTHING, ...said });
  });
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"],
  ["2001:db8::", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
  ["", ""],
])("the network of %j is %j", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
