// The document and its page over HTTP: who may read them, and that they need nothing from elsewhere.

import { describe, expect, test } from "bun:test";
import type { TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp } from "../../support/app";
import { bearerHeaders } from "../../support/signing";
import { addToken } from "../../support/tokens";

const statusOf = async (app: TestApp, path: string, init: RequestInit = {}): Promise<number> =>
  (await app.request(path, init)).status;

const urlsOf = (document: { servers: { url: string }[] }): string[] =>
  document.servers.map(({ url }) => url);

/** What a page loads, by `src` and `href`. */
const loadedBy = (page: string): string[] =>
  [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? "");

describe("the document", () => {
  test("is valid JSON of the stated version, with this server first and the public URL second", async () => {
    const app = await createTestApp({ config: { publicUrl: "https://hooks.example.com" } });
    const { headers, body } = await app.api("GET /swagger/json");
    expect(headers.get("content-type")).toBe("application/json");
    expect(body.openapi).toMatch(/^3\.1\.\d$/);
    expect(urlsOf(body)).toEqual(["/", "https://hooks.example.com"]);
  });

  test("names only this server where there is no public URL", async () => {
    const app = await createTestApp();
    expect(urlsOf((await app.api("GET /swagger/json")).body)).toEqual(["/"]);
  });

  test("is answered 304 to who has it already", async () => {
    const app = await createTestApp();
    const etag = (await app.request("/swagger/json")).headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    // A proxy that compresses makes the tag a weak one.
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await app.request("/swagger/json", { headers: { "If-None-Match": known } });
      expect([known, again.status, await again.text()]).toEqual([known, 304, ""]);
    }
    const other = { headers: { "If-None-Match": '"other"' } };
    expect(await statusOf(app, "/swagger/json", other)).toBe(200);
  });
});

describe("the page", () => {
  test("may load from this origin only, run no inline code and be framed by nobody", async () => {
    const app = await createTestApp();
    const response = await app.request("/swagger");
    expect(response.headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    const page = await response.text();
    expect(page).not.toMatch(/<script(?![^>]* src=)|<style| style=| on\w+=/);
    expect(loadedBy(page).filter((url) => !/^(\/swagger\/|data:,$)/.test(url))).toEqual([]);
  });

  test("loads files that are kept for a year, as their names change with them", async () => {
    const app = await createTestApp();
    const page = await (await app.request("/swagger")).text();
    const files = loadedBy(page).filter((url) => url.startsWith("/swagger/"));
    expect(files).toHaveLength(3);
    for (const file of files) {
      const response = await app.request(file);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toMatch(
        /^text\/(css|javascript); charset=utf-8$/,
      );
      expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect((await response.text()).length).toBeGreaterThan(500);
    }
  });

  test("loads files by gzip where the browser takes it", async () => {
    const app = await createTestApp();
    const page = await (await app.request("/swagger")).text();
    const script = loadedBy(page).find((url) => /swagger-ui-.*\.js$/.test(url)) ?? "";
    const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());
    const plain = await bytesOf(await app.request(script));
    const load = async (accepted: string) => {
      const response = await app.request(script, { headers: { "Accept-Encoding": accepted } });
      expect(response.headers.get("vary")).toBe("Accept-Encoding");
      return { coding: response.headers.get("content-encoding"), bytes: await bytesOf(response) };
    };
    for (const accepted of ["gzip", "br, GZIP;q=0.5", "deflate,x-gzip"]) {
      const { coding, bytes } = await load(accepted);
      expect([accepted, coding]).toEqual([accepted, "gzip"]);
      expect(bytes.length).toBeLessThan(plain.length / 3);
      expect(Bun.gunzipSync(bytes)).toEqual(plain);
    }
    for (const accepted of ["", "br", "gzip;q=0", "gzip ; q=0.0", "*"]) {
      const { coding, bytes } = await load(accepted);
      expect([accepted, coding, bytes.length]).toEqual([accepted, null, plain.length]);
    }
  });

  test.each(["/swagger/init.js", "/swagger/..%2fpackage.json", "/swagger/swagger-ui-0.0.0.js"])(
    "has no file %s",
    async (path) => {
      expect(await statusOf(await createTestApp(), path)).toBe(404);
    },
  );
});

describe("with HOOKLINE_DOCS=auth", () => {
  const config = { docs: "auth" } as const;

  test("the document needs a token of scope read, and says so", async () => {
    const app = await createTestApp({ config });
    expect(await statusOf(app, "/swagger/json")).toBe(401);
    const token = await addToken(app, { scope: "read" });
    const { status, body } = await app.api("GET /swagger/json", undefined, token);
    expect(status).toBe(200);
    expect(body.paths["/swagger/json"].get.security).toEqual([{ token: ["read"] }]);
  });

  test("a token of one agent does not read it", async () => {
    const app = await createTestApp({ config });
    const { id } = await app.agent();
    const token = await addToken(app, { scope: "admin", agentId: id });
    expect(await statusOf(app, "/swagger/json", { headers: bearerHeaders(token) })).toBe(403);
  });

  test("the page is open, and holds nothing of the document", async () => {
    const app = await createTestApp({ config });
    const response = await app.request("/swagger");
    expect(response.status).toBe(200);
    expect(await response.text()).not.toContain("/agents");
  });
});

describe("with HOOKLINE_DOCS=off", () => {
  test.each(["/swagger", "/swagger/json", "/swagger/init.js"])(
    "%s is as an unknown address, whoever asks and by whatever method",
    async (path) => {
      const app = await createTestApp({ config: { docs: "off" } });
      const headers = bearerHeaders(ADMIN_TOKEN);
      expect(await statusOf(app, path, { headers })).toBe(404);
      expect(await statusOf(app, path, { headers, method: "POST" })).toBe(404);
    },
  );
});
