// The rules of HOOKLINE_ALLOW_PRIVATE and of public addresses, without a network.

import { describe, expect, test } from "bun:test";
import { isPublicAddress, mayReach } from "../../../src/lib/network/outbound-address";
import { parseAllowPrivate } from "../../../src/lib/network/outbound-address";
import { checkBaseUrl } from "../../../src/lib/network/outbound-url";

const PRIVATE: [address: string, what: string][] = [
  ["0.0.0.0", "this host"],
  ["0.1.2.3", "this network"],
  ["10.0.0.1", "10/8"],
  ["100.64.0.1", "carrier-grade NAT"],
  ["100.100.100.200", "Alibaba's metadata"],
  ["127.0.0.1", "loopback"],
  ["127.255.255.254", "the end of loopback"],
  ["168.63.129.16", "Azure's platform"],
  ["169.254.169.254", "cloud metadata"],
  ["172.16.0.1", "172.16/12"],
  ["172.31.255.255", "the end of 172.16/12"],
  ["192.0.0.192", "Oracle's metadata"],
  ["192.0.2.1", "documentation"],
  ["192.88.99.1", "6to4 relays"],
  ["192.168.0.1", "192.168/16"],
  ["198.18.0.1", "benchmarking"],
  ["198.51.100.1", "documentation"],
  ["203.0.113.1", "documentation"],
  ["224.0.0.1", "multicast"],
  ["240.0.0.1", "reserved"],
  ["255.255.255.255", "broadcast"],
  ["::", "unspecified"],
  ["::1", "loopback in IPv6"],
  ["::7f00:1", "IPv4-compatible loopback"],
  ["::ffff:127.0.0.1", "mapped loopback"],
  ["::ffff:a9fe:a9fe", "mapped metadata"],
  ["::ffff:0:7f00:1", "translated loopback"],
  ["64:ff9b::7f00:1", "NAT64 of loopback"],
  ["64:ff9b:1::a00:1", "local NAT64"],
  ["100::1", "discard"],
  ["2001::1", "Teredo"],
  ["2001:db8::1", "documentation"],
  ["2002:7f00:1::", "6to4 of loopback"],
  ["3fff::1", "documentation"],
  ["4000::1", "space that is not given out"],
  ["5f00::1", "segment routing"],
  ["fc00::1", "unique local"],
  ["fd00:ec2::254", "Amazon's metadata"],
  ["fe80::1", "link-local"],
  ["fe80::1%eth0", "link-local with a zone"],
  ["fec0::1", "site-local"],
  ["ff02::1", "multicast"],
  ["localhost", "a name instead of an address"],
  ["", "nothing"],
];

describe("not public is", () => {
  test.each(PRIVATE)("%s (%s)", (address) => {
    expect(isPublicAddress(address)).toBe(false);
    expect(mayReach({ allowPrivate: [] }, { to: { host: "a.test", port: 80 }, address })).toBe(
      false,
    );
  });
});

test.each(["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1", "::ffff:8.8.8.8"])(
  "public is %s",
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

const RULES: [rule: string, host: string, port: number, address: string, allowed: boolean][] = [
  ["ollama:11434", "ollama", 11434, "172.17.0.2", true],
  ["OLLAMA.:11434", "ollama", 11434, "172.17.0.2", true],
  ["ollama:11434", "ollama", 11435, "172.17.0.2", false],
  ["ollama:11434", "other", 11434, "172.17.0.2", false],
  ["ollama:*", "ollama", 1, "172.17.0.2", true],
  ["10.0.0.0/8:80", "any", 80, "10.200.0.1", true],
  ["10.0.0.0/8:80", "any", 443, "10.200.0.1", false],
  ["10.0.0.0/8:80", "any", 80, "11.0.0.1", true],
  ["10.0.0.0/8:80", "any", 80, "192.168.0.1", false],
  ["10.0.0.0/8:80", "any", 80, "fd00::1", false],
  ["10.0.0.0/8:80", "any", 80, "::ffff:10.0.0.1", true],
  ["127.0.0.1:80", "localhost", 80, "127.0.0.1", true],
  ["127.0.0.1:80", "localhost", 80, "127.0.0.2", false],
  ["2130706433:80", "localhost", 80, "127.0.0.1", true],
  ["[::1]:80", "localhost", 80, "::1", true],
  ["[::1]:80", "localhost", 80, "127.0.0.1", false],
  ["[::ffff:127.0.0.1]:80", "localhost", 80, "127.0.0.1", true],
  ["[fd00::/8]:*", "any", 9, "fd12::1", true],
  ["[fd00::]/8:*", "any", 9, "fd12::1", true],
  ["[fd00::/8]:*", "any", 9, "fe80::1", false],
  ["a:1, 10.0.0.0/8:80", "any", 80, "10.0.0.1", true],
];

test.each(RULES)("the rule %s decides on %s:%i at %s: %p", (rule, host, port, address, allowed) => {
  const deps = { allowPrivate: parseAllowPrivate(rule) };
  expect(mayReach(deps, { to: { host, port }, address })).toBe(allowed);
});

test("no text is no rule", () => {
  expect(parseAllowPrivate(" ")).toEqual([]);
});

test.each([
  ["ollama", "ollama"],
  ["ollama:", "ollama:"],
  ["ollama:0", "ollama:0"],
  ["ollama:65536", "ollama:65536"],
  ["ollama:http", "ollama:http"],
  ["a:1,,b:2", ""],
  ["a:1,b", "b"],
  ["*:80", "*:80"],
  ["10.0.0.0/33:80", "10.0.0.0/33:80"],
  ["name/8:80", "name/8:80"],
  ["::1:80", "::1:80"],
  ["[::1:80", "[::1:80"],
  ["[nonsense]:80", "[nonsense]:80"],
  ["http://ollama:80", "http://ollama:80"],
  ["user@ollama:80", "user@ollama:80"],
  ["256.1.1.1:80", "256.1.1.1:80"],
])("the list %p is refused, naming %p", (text, part) => {
  expect(() => parseAllowPrivate(text)).toThrow(`"${part}" cannot be read`);
});

test.each([
  ["http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"],
  ["https://api.example.com/v1/", "https://api.example.com/v1"],
  ["HTTPS://API.example.com", "https://api.example.com"],
])("the baseUrl %p can be stored as %p", (text, url) => {
  expect(checkBaseUrl(text)).toEqual({ ok: true, url });
});

test.each([
  "",
  "ollama",
  "ollama:11434/v1",
  "//ollama/v1",
  "http:ollama",
  "http:///ollama",
  "http://",
  "file:///etc/passwd",
  "data:text/plain,hi",
  "blob:http://a/b",
  "s3://bucket/key",
  "ftp://host/",
  "gopher://host/",
  "unix:/run/docker.sock",
  "http://user@host/",
  "http://user:password@host/",
  "http://:password@host/",
  "http://host/v1?key=1",
  "http://host/v1?",
  "http://host/v1#a",
  "http://host/a b",
  " http://host/",
  "http://host\\@other/",
  "http://ho\r\nst/",
  "http://ho\u0000st/",
  "http://[fe80::1%eth0]/",
  "http://256.1.1.1/",
  "http://host:0/",
  "http://host:99999/",
  `http://host/${"a".repeat(2000)}`,
])("the baseUrl %p cannot be stored", (text) => {
  expect(checkBaseUrl(text)).toMatchObject({ ok: false, detail: { code: "URL_INVALID" } });
});
