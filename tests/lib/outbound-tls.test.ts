// TLS of outgoing requests: the name is verified although the address is pinned.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server } from "node:https";
import { createServer as createPlainServer } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { createOutbound } from "../../src/lib/outbound";
import { parseAllowPrivate } from "../../src/lib/network/outbound-address";
import { rejection } from "../support/rejection";

// Made for these tests: a key of no value, a certificate for good.test that ends in 2126.
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQggxRxbs/jEZjxmA42
I3ELPTGmTOA0z8mL4GSRQvh4jP+hRANCAARXvS2zvLYLEm9iXMrbB5BTE90PT0f4
2cM+Wei557+Mv8jwnS88t9E0yt1Ray/3ph2OwWzz5Cs2HbQI92A38PZY
-----END PRIVATE KEY-----
`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUX507oxET8DaPPAMeOrp1i+8MlPkwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJZ29vZC50ZXN0MCAXDTI2MTEyNTIyNDE0NVoYDzIxMjYxMTAx
MjI0MTQ1WjAUMRIwEAYDVQQDDAlnb29kLnRlc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARXvS2zvLYLEm9iXMrbB5BTE90PT0f42cM+Wei557+Mv8jwnS88t9E0
yt1Ray/3ph2OwWzz5Cs2HbQI92A38PZYo2kwZzAdBgNVHQ4EFgQUZjqO5Fd3GA7l
lJxIx+jc5+h1mGUwHwYDVR0jBBgwFoAUZjqO5Fd3GA7llJxIx+jc5+h1mGUwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglnb29kLnRlc3QwCgYIKoZIzj0EAwID
SAAwRQIhALhs6bb2wBwQ3WUIGBImum7b2teYhlV3909w6Gkdw6/nAiBJkkrSKZjA
8dtLiShg+bn0H1/sBMUlQG8Rd+Wz3FkMmA==
-----END CERTIFICATE-----
`;

let server: Server;
let port = 0;
beforeAll(async () => {
  server = createServer({ key: KEY, cert: CERTIFICATE }, (_request, response) => {
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
  setDefaultCACertificates([CERTIFICATE]);
  expect(await call("good.test")).toBe("hello");
  expect(await call("good.test.")).toBe("hello");
  expect(await rejection(call("other.test"))).toMatchObject({ fault: "untrusted" });
  expect(await rejection(call("127.0.0.1"))).toMatchObject({ fault: "untrusted" });
  setDefaultCACertificates(before);
});
