// TLS of outgoing requests: the name is verified although the address is pinned.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server } from "node:https";
import { createServer as createPlainServer } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { createOutbound } from "../../src/lib/outbound";
import { parseAllowPrivate } from "../../src/lib/network/outbound-address";
import { VALID } from "../support/certificates";
import { rejection } from "../support/rejection";

let server: Server;
let port = 0;
beforeAll(async () => {
  server = createServer(VALID, (_request, response) => {
    response.end("hello");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  port = typeof address === "object" ? (address?.port ?? 0) : 0;
});
afterAll(() => server.close());

const outbound = createOutbound({
  allowPrivate: parseAllowPrivate("127.0.0.1:*"),
  resolve: async () => [{ address: "127.0.0.1", family: 4 }],
});

const call = async (host: string): Promise<string> =>
  (await outbound.fetch(`https://${host}:${port}/`)).text();

test("a certificate that nobody vouches for is refused, whatever the environment says", async () => {
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  expect(await rejection(call("good.test"))).toMatchObject({ fault: "untrusted" });
  delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
});

test("a port that speaks no TLS is no peer to trust", async () => {
  const plain = createPlainServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const address = plain.address();
  const url = `https://good.test:${typeof address === "object" ? address?.port : 0}/`;
  expect(await rejection(outbound.fetch(url))).toMatchObject({ fault: "untrusted" });
  plain.close();
});

test("a trusted certificate serves its own name only, not the pinned address", async () => {
  const before = getCACertificates("default");
  setDefaultCACertificates([VALID.cert]);
  expect(await call("good.test")).toBe("hello");
  expect(await call("good.test.")).toBe("hello");
  expect(await rejection(call("other.test"))).toMatchObject({ fault: "untrusted" });
  expect(await rejection(call("127.0.0.1"))).toMatchObject({ fault: "untrusted" });
  setDefaultCACertificates(before);
});
