// Requests that come a byte at a time, five in a second: each ends by a deadline of the program or of
// its HTTP stack, 10 to 16 seconds from its start.

import type { Server } from "../../support/server";
import { Connection, type WireAnswer } from "../../support/server-wire";
import { nameOf } from "./exchange";

export interface Drip {
  name: string;
  /** What is sent at once. */
  start(path: string): string;
  /** What follows again and again; nothing where it is empty. */
  drop: string;
  /** `cut`, or the answer. */
  outcome: string;
}

export interface Dripping {
  outcome: string;
  answers: WireAnswer[];
}

const head = (path: string, framing: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`;
const chunked = (path: string): string => head(path, "Transfer-Encoding: chunked");
const large = (path: string): string => head(path, "Content-Length: 1000000");

const LATE = "408 BODY_TIMEOUT";

export const DRIPS: Drip[] = [
  {
    name: "a large body, a byte at a time, is answered 408",
    start: large,
    drop: " ",
    outcome: LATE,
  },
  {
    name: "chunks of a byte are answered 408",
    start: chunked,
    drop: "1\r\n \r\n",
    outcome: LATE,
  },
  {
    name: "an extension of a chunk, a byte at a time, is answered 408",
    start: (path) => `${chunked(path)}2;`,
    drop: "a",
    outcome: LATE,
  },
  {
    name: "a large body that is never sent is answered 408",
    start: large,
    drop: "",
    outcome: LATE,
  },
  {
    name: "a header, a byte at a time, is cut",
    start: (path) => `POST ${path} HTTP/1.1\r\nX-Odd: `,
    drop: "a",
    outcome: "cut",
  },
  {
    name: "the first line, a byte at a time, is cut",
    start: () => "POST /",
    drop: "a",
    outcome: "cut",
  },
];

const PAUSE_MS = 200;

/** Resolves when the request is answered or cut. */
export async function drip(server: Server, data: { one: Drip; path: string }): Promise<Dripping> {
  const { one, path } = data;
  using connection = await Connection.open(server.url);
  const answered = connection.answer();
  connection.send(one.start(path));
  const drops = setInterval(() => connection.send(one.drop), PAUSE_MS);
  const answer = await answered.finally(() => clearInterval(drops));
  return answer === null
    ? { outcome: "cut", answers: [] }
    : { outcome: nameOf(answer), answers: [answer] };
}
