// Providers that no answer comes from: names without an address, and TLS that cannot be trusted.

import { describe, expect, test } from "bun:test";
import { createServer } from "node:https";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { createManualClock } from "../../src/lib/clock";
import { createOutbound, type Resolve } from "../../src/lib/outbound";
import { parseAllowPrivate } from "../../src/lib/network/outbound-address";
import { callProvider } from "../../src/providers/call";
import type { CallableType } from "../../src/providers/formats";
import { EXPIRED, VALID, type Certificate } from "../support/certificates";
import { failureOf, modelCall } from "../support/provider-calls";

const TYPES: CallableType[] = ["openai", "anthropic", "google", "openai-compatible"];

/** Calls `baseUrl` with two retries; resolves with the failure and how often the name was asked for. */
async function callAt(data: { type: CallableType; baseUrl: string; resolve: Resolve }) {
  let asked = 0;
  const resolve: Resolve = (host) => {
    asked += 1;
    return data.resolve(host);
  };
  const deps = {
    outbound: createOutbound({ allowPrivate: parseAllowPrivate("127.0.0.1:*"), resolve }),
    clock: createManualClock(),
    wait: async () => {},
    random: () => 0,
  };
  const provider = { type: data.type, baseUrl: data.baseUrl, apiKey: () => "k", script: null };
  const call = modelCall({ retries: 2 });
  const { code } = await failureOf(callProvider(deps, { provider, call }));
  return { code, asked };
}

describe("a name without an address is ADDRESS_UNRESOLVED after three attempts:", () => {
  test.each(TYPES)("%s", async (type) => {
    const resolve = async () => {
      throw Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
    };
    const baseUrl = "https://models.test/v1";
    expect(await callAt({ type, baseUrl, resolve })).toEqual({
      code: "ADDRESS_UNRESOLVED",
      asked: 3,
    });
  });
});

/** A TLS server; it answers, so that a call that trusts it does not fail for its answer. */
async function startTls(certificate: Certificate) {
  const paths: string[] = [];
  const server = createServer(certificate, (request, response) => {
    paths.push(request.url ?? "");
    response.writeHead(401).end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  return { paths, port, [Symbol.dispose]: () => server.close() };
}

/** Trusts this certificate besides the machine's, until it is disposed of. */
function trust(cert: string) {
  const before = getCACertificates("default");
  setDefaultCACertificates([cert]);
  return { [Symbol.dispose]: () => setDefaultCACertificates(before) };
}

const resolve: Resolve = async () => [{ address: "127.0.0.1", family: 4 }];

describe("TLS that cannot be trusted is PROVIDER_TLS_FAILED after one attempt, nothing sent:", () => {
  test.each(TYPES)("%s, signed by nobody known", async (type) => {
    using server = await startTls(VALID);
    const baseUrl = `https://good.test:${server.port}/v1`;
    expect(await callAt({ type, baseUrl, resolve })).toEqual({
      code: "PROVIDER_TLS_FAILED",
      asked: 1,
    });
    expect(server.paths).toEqual([]);
  });

  test.each(TYPES)("%s, for another name", async (type) => {
    using server = await startTls(VALID);
    using _trusted = trust(VALID.cert);
    const baseUrl = `https://other.test:${server.port}/v1`;
    expect(await callAt({ type, baseUrl, resolve })).toEqual({
      code: "PROVIDER_TLS_FAILED",
      asked: 1,
    });
    expect(server.paths).toEqual([]);
    const good = `https://good.test:${server.port}/v1`;
    expect(await callAt({ type, baseUrl: good, resolve })).toMatchObject({
      code: "PROVIDER_ERROR",
    });
    expect(server.paths).toHaveLength(1);
  });

  test.each(TYPES)("%s, expired", async (type) => {
    using server = await startTls(EXPIRED);
    using _trusted = trust(EXPIRED.cert);
    const baseUrl = `https://good.test:${server.port}/v1`;
    expect(await callAt({ type, baseUrl, resolve })).toEqual({
      code: "PROVIDER_TLS_FAILED",
      asked: 1,
    });
    expect(server.paths).toEqual([]);
  });
});
