// Host names: as a setting lists them, and as a request carries them.

import { describe, expect, test } from "bun:test";
import { hostNameOf, isAddress, parseHostNames } from "../../../src/lib/network/host-names";

describe("parseHostNames", () => {
  const GOOD: [text: string, names: string[]][] = [
    ["hookline", ["hookline"]],
    ["hookline, hooks.lan", ["hookline", "hooks.lan"]],
    [" Hooks.LAN. ", ["hooks.lan"]],
    ["my_service", ["my_service"]],
    ["bücher.example", ["xn--bcher-kva.example"]],
  ];
  test.each(GOOD)("reads %j", (text, names) => {
    expect(parseHostNames(text)).toEqual(names);
  });

  test.each([
    ["", '""'],
    ["hooks.lan,", '""'],
    ["https://hooks.lan", '"https://hooks.lan"'],
    ["hooks.lan:3000", '"hooks.lan:3000"'],
    ["hooks.lan/path", '"hooks.lan/path"'],
    ["a, *.hooks.lan", '"*.hooks.lan"'],
    ["*", '"*"'],
    ["user@hooks.lan", '"user@hooks.lan"'],
    ["hooks lan", '"hooks lan"'],
  ])("refuses %j, naming %s", (text, named) => {
    expect(() => parseHostNames(text)).toThrow(`${named} cannot be read: write a name`);
  });
});

describe("hostNameOf", () => {
  const ROWS: [host: string, name: string | null][] = [
    ["hooks.lan", "hooks.lan"],
    ["hooks.lan:3000", "hooks.lan"],
    ["Hooks.LAN.:3000", "hooks.lan"],
    ["hooks.lan:", "hooks.lan"],
    ["192.0.2.1:80", "192.0.2.1"],
    ["[2001:DB8::1]:80", "[2001:db8::1]"],
    ["[::1]", "[::1]"],
    ["my_service", "my_service"],
    ["", null],
    [":80", null],
    ["a b", null],
    ["a.test, b.test", null],
    ["user@a.test", null],
    ["a.test/path", null],
    ["a.test#x", null],
    ["a.test:80:80", null],
    ["a.test:http", null],
    ["2001:db8::1", null],
    ["[::1", null],
    ["[a.test]", null],
    ["bücher.example", null],
    ["a.test:65535", "a.test"],
    ["a.test:65536", null],
    ["192.0.2.256", null],
    ["999.999.999.999", null],
    ["[::::]", null],
    ["[1]", null],
    ["xn--.localhost", null],
  ];
  test.each(ROWS)("of %j is %j", (host, name) => {
    expect(hostNameOf(host)).toBe(name);
  });
});

test.each([
  ["192.0.2.1", true],
  ["[::1]", true],
  ["localhost", false],
  ["192.0.2", false],
  ["192.0.2.1.example", false],
  ["1234.0.2.1", false],
  ["192-0-2-1.nip.io", false],
])("%j is an address: %p", (name, expected) => {
  expect(isAddress(name)).toBe(expected);
});
