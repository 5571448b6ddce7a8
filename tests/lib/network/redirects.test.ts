// Which redirects are followed, and as what request.

import { describe, expect, test } from "bun:test";
import { AppError } from "../../../src/errors";
import { isRedirect, redirectOf } from "../../../src/lib/network/redirects";

const HEADERS = {
  authorization: "Bearer x",
  "content-type": "text/plain",
  "content-language": "en",
  "content-md5": "x",
  digest: "x",
  "repr-digest": "x",
};

const follow = (from: string, to: { location: string; status?: number; method?: string }) =>
  redirectOf(
    {
      url: new URL(from),
      method: to.method ?? "POST",
      headers: new Headers(HEADERS),
      bytes: Buffer.from("body"),
    },
    { status: to.status ?? 302, headers: new Headers({ location: to.location }) },
  );

function codeOf(work: () => unknown): string {
  try {
    return `followed ${JSON.stringify(work())}`;
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

describe("a redirect", () => {
  test.each([
    ["https://h.test/a", "http://h.test/b"],
    ["https://h.test/a", "https://h.test:444/b"],
    ["http://h.test/a", "https://other.test/b"],
    ["https://h.test/a", "https://h.test.other.test/b"],
  ])("from %s to %s is refused", (from, location) => {
    expect(codeOf(() => follow(from, { location }))).toBe("REDIRECT_FORBIDDEN");
  });

  test.each([
    ["http://h.test/a", "https://h.test/b", "https://h.test/b"],
    ["https://h.test/a/b", "../c?d=1", "https://h.test/c?d=1"],
  ])("from %s to %s leads to %s", (from, location, url) => {
    expect(follow(from, { location }).url.href).toBe(url);
  });

  test.each([
    [303, "HEAD", "HEAD"],
    [303, "GET", "GET"],
    [303, "DELETE", "GET"],
    [302, "DELETE", "DELETE"],
  ])("with %i of %s is followed by %s", (status, method, expected) => {
    expect(follow("http://h.test/", { location: "/b", status, method }).method).toBe(expected);
  });

  test("that becomes a GET takes nothing along that describes the body", () => {
    const { headers, bytes } = follow("http://h.test/", { location: "/b" });
    expect([[...headers.keys()], bytes]).toEqual([["authorization"], null]);
  });

  test.each([
    [304, "/b"],
    [300, "/b"],
    [200, "/b"],
    [302, null],
  ])("is none with %i and the place %p", (status, location) => {
    const headers = new Headers(location === null ? {} : { location });
    expect(isRedirect({ status, headers })).toBe(false);
  });
});
