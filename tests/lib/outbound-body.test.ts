// What is sent, what is read of an answer, and when the socket closes; peers on loopback.

import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { OutboundError } from "../../src/lib/network/outbound-error";
import { createOutbound } from "../../src/lib/outbound";
import { parseAllowPrivate } from "../../src/lib/network/outbound-address";
import { startModelStub } from "../support/model-stub";
import { rejection } from "../support/rejection";

const allowPrivate = parseAllowPrivate("127.0.0.1:*");
const outbound = createOutbound({ allowPrivate });

interface Peer {
  url: string;
  /** What came of the request. */
  received(): string;
  /** Resolves when the peer's socket is closed. */
  closed: Promise<void>;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A peer that answers the first bytes of a request by `answer`. */
async function startPeer(answer: (socket: Socket) => void): Promise<Peer> {
  const { promise: closed, resolve: onClose } = Promise.withResolvers<void>();
  let text = "";
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("close", () => onClose());
    socket.once("data", () => answer(socket));
    socket.on("data", (bytes) => (text += bytes.toString()));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return { url: `http://127.0.0.1:${port}/`, received: () => text, closed };
}

const says = (text: string) => (socket: Socket) => void socket.end(text);
const holds = (text: string) => (socket: Socket) => void socket.write(text);

const HEAD = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;

/** The text of the body, or the fault or code of the failure. */
async function read(url: string, init: { maxResponseBytes?: number } = {}): Promise<string> {
  try {
    return await (await outbound.fetch(url, init)).text();
  } catch (error) {
    if (error instanceof OutboundError) return error.fault;
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

describe("the request", () => {
  test("carries method, path, headers and body, over a connection of its own", async () => {
    const peer = await startPeer(says(`${HEAD}Content-Length: 2\r\n\r\nok`));
    const response = await outbound.fetch(`${peer.url}v1/chat?a=b#c`, {
      method: "POST",
      headers: { authorization: "Bearer key", "Idempotency-Key": "e/n//0" },
      body: "héllo",
    });
    expect(await response.text()).toBe("ok");
    const [head = "", body] = peer.received().split("\r\n\r\n");
    expect(head.split("\r\n")[0]).toBe("POST /v1/chat?a=b HTTP/1.1");
    expect(head).toContain("\r\nauthorization: Bearer key");
    expect(head.toLowerCase()).toContain("\r\nidempotency-key: e/n//0");
    expect(head).toContain("\r\nContent-Length: 6");
    expect(head).toContain("\r\nConnection: close");
    expect(body).toBe("héllo");
  });

  test("asks for no encoding and lets no header of the connection be set", async () => {
    const peer = await startPeer(says(`${HEAD}Content-Length: 0\r\n\r\n`));
    const own = ["accept-encoding", "host", "te", "keep-alive", "upgrade", "proxy-authorization"];
    const headers = Object.fromEntries(own.map((name) => [name, "planted"]));
    await outbound.fetch(peer.url, { headers });
    expect(peer.received()).toStartWith("GET / HTTP/1.1\r\n");
    expect(peer.received()).not.toContain("planted");
    expect(peer.received().toLowerCase()).not.toContain("accept-encoding");
    expect(peer.received()).toContain(`Host: ${new URL(peer.url).host}`);
  });

  test("refuses header values that hold a line break, and sends nothing", async () => {
    const peer = await startPeer(says(`${HEAD}\r\n`));
    const sent = outbound.fetch(peer.url, { headers: { a: "b\r\nhost: c" } });
    expect(await rejection(sent)).toBeInstanceOf(Error);
    expect(peer.received()).toBe("");
  });
});

describe("the answer", () => {
  test("has status and headers, and a body that ends with the connection", async () => {
    const peer = await startPeer(says("HTTP/1.1 429 Slow\r\nRetry-After: 7\r\n\r\nlater"));
    const response = await outbound.fetch(peer.url);
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "7"]);
    expect(await response.text()).toBe("later");
  });

  test("follows informational heads", async () => {
    const early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(50);
    const peer = await startPeer(says(`${early}${HEAD}Content-Length: 2\r\n\r\nok`));
    expect(await read(peer.url)).toBe("ok");
  });

  test("204 has no body", async () => {
    const peer = await startPeer(says("HTTP/1.1 204 No Content\r\n\r\n"));
    const response = await outbound.fetch(peer.url);
    expect([response.status, response.body]).toEqual([204, null]);
  });

  const GZIPPED = "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc";

  test("that is encoded keeps its status and refuses its body", async () => {
    const peer = await startPeer(says(`HTTP/1.1 500 No\r\n${GZIPPED}`));
    const response = await outbound.fetch(peer.url);
    expect(response.status).toBe(500);
    expect(await rejection(response.text())).toMatchObject({ fault: "malformed" });
    await peer.closed;
  });
});

describe("an answer of the limit's size", () => {
  const limit = { maxResponseBytes: 10 };

  test("is read to its end", async () => {
    const declared = await startPeer(says(`${HEAD}Content-Length: 10\r\n\r\n0123456789`));
    expect(await read(declared.url, limit)).toBe("0123456789");
    const chunked = await startPeer(says(`${CHUNKED}a\r\n0123456789\r\n0\r\n\r\n`));
    expect(await read(chunked.url, limit)).toBe("0123456789");
  });

  test("is RESPONSE_TOO_LARGE with one byte more, and the socket closes", async () => {
    const declared = await startPeer(holds(`${HEAD}Content-Length: 11\r\n\r\n`));
    expect(await read(declared.url, limit)).toBe("RESPONSE_TOO_LARGE");
    await declared.closed;
    const chunked = await startPeer(holds(`${CHUNKED}b\r\n0123456789a\r\n`));
    expect(await read(chunked.url, limit)).toBe("RESPONSE_TOO_LARGE");
    await chunked.closed;
  });

  test("is 16 MiB where none is set, also for a body without end", async () => {
    const piece = Buffer.alloc(65_536, "x");
    const peer = await startPeer((socket) => {
      socket.write(`${HEAD}\r\n`);
      const more = (): void => {
        while (!socket.destroyed && socket.write(piece));
        if (!socket.destroyed) socket.once("drain", more);
      };
      more();
    });
    const response = await outbound.fetch(peer.url);
    let bytes = 0;
    const reading = (async () => {
      for await (const chunk of response.body ?? []) bytes += chunk.length;
    })();
    expect(await rejection(reading)).toMatchObject({ code: "RESPONSE_TOO_LARGE" });
    expect(bytes).toBeGreaterThan(15 * 1024 * 1024);
    expect(bytes).toBeLessThanOrEqual(16 * 1024 * 1024);
    await peer.closed;
  });
});

describe("a peer that fails is", () => {
  const resets = (text: string) => (socket: Socket) => {
    socket.write(text);
    setTimeout(() => socket.resetAndDestroy(), 100);
  };
  test.each<[what: string, fault: string, answer: (socket: Socket) => void]>([
    ["that closes without a word", "unreachable", says("")],
    ["that resets without a word", "unreachable", (socket) => void socket.resetAndDestroy()],
    ["that ends within the head", "unreachable", says("HTTP/1.1 200 OK\r\nConte")],
    ["that ends within a chunk", "broken", says(`${CHUNKED}9\r\nhello`)],
    ["that ends before the last chunk", "broken", says(`${CHUNKED}5\r\nhello\r\n`)],
    ["that ends before Content-Length", "broken", says(`${HEAD}Content-Length: 9\r\n\r\nhello`)],
    ["that resets within the body", "broken", resets(`${HEAD}\r\nhello`)],
    ["that is no HTTP server", "malformed", says("SSH-2.0-OpenSSH_9.2\r\n")],
    [
      "that switches protocols",
      "malformed",
      holds("HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    ],
    ["with a status that is none", "malformed", says("HTTP/1.1 999 No\r\n\r\n")],
    ["with 10,000 headers", "malformed", says(`${HEAD}${"a: b\r\n".repeat(10_000)}\r\n`)],
    ["with a head of 1 MiB", "malformed", says(`${HEAD}a: ${"b".repeat(1 << 20)}\r\n\r\n`)],
  ])("%s: %s", async (_what, fault, answer) => {
    const peer = await startPeer(answer);
    expect(await read(peer.url)).toBe(fault);
    await peer.closed;
  });

  test("one that does not listen: unreachable", async () => {
    const stub = await startModelStub();
    await stub.close();
    expect(await read(`http://127.0.0.1:${stub.port}/`)).toBe("unreachable");
  });
});

describe("an abort rejects with its reason and closes the socket within a second:", () => {
  const reason = new Error("changed my mind");

  test("before the answer", async () => {
    const stub = await startModelStub({ behaviour: () => "silent" });
    const controller = new AbortController();
    const answer = outbound.fetch(stub.baseUrl, { signal: controller.signal });
    await stub.until(() => stub.open() === 1);
    controller.abort(reason);
    expect(await rejection(answer)).toBe(reason);
    await stub.until(() => stub.open() === 0);
    await stub.close();
  }, 1000);

  test("within the body", async () => {
    const peer = await startPeer(holds(`${CHUNKED}5\r\nhello\r\n`));
    const controller = new AbortController();
    const response = await outbound.fetch(peer.url, { signal: controller.signal });
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("hello");
    const next = reader?.read();
    controller.abort(reason);
    expect(await rejection(next)).toBe(reason);
    await peer.closed;
  }, 1000);

  test("within the body while nobody reads", async () => {
    const peer = await startPeer(holds(`${CHUNKED}5\r\nhello\r\n`));
    const controller = new AbortController();
    await outbound.fetch(peer.url, { signal: controller.signal });
    controller.abort(reason);
    await peer.closed;
  }, 1000);

  test("while the name is resolved, and before the request", async () => {
    const slow = createOutbound({ allowPrivate, resolve: () => new Promise(() => {}) });
    const controller = new AbortController();
    const answer = slow.fetch("http://slow.test/", { signal: controller.signal });
    controller.abort(reason);
    expect(await rejection(answer)).toBe(reason);
    expect(await rejection(slow.fetch("http://slow.test/", { signal: controller.signal }))).toBe(
      reason,
    );
  }, 1000);

  test("right after the call, before its body is read and its name resolved", async () => {
    const stub = await startModelStub();
    for (const door of [
      outbound,
      createOutbound({ allowPrivate, resolve: () => new Promise(() => {}) }),
    ]) {
      const controller = new AbortController();
      const url = door === outbound ? stub.baseUrl : "http://slow.test/";
      const answer = door.fetch(url, { method: "POST", body: "{}", signal: controller.signal });
      controller.abort(reason);
      expect(await rejection(answer)).toBe(reason);
    }
    expect(stub.connections()).toBe(0);
    await stub.close();
  }, 1000);

  test("and a cancelled body closes the socket, also while a read waits", async () => {
    const peer = await startPeer(holds(`${CHUNKED}5\r\nhello\r\n`));
    const reader = (await outbound.fetch(peer.url)).body?.getReader();
    await reader?.read();
    const waiting = reader?.read();
    await reader?.cancel();
    expect((await waiting)?.done).toBe(true);
    await peer.closed;
  }, 1000);
});
