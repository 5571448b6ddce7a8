// One row of the abuse table: what is sent to the binary over a socket, what may be answered, and
// what the ledger of its agent must say afterwards.

import { toChunk } from "../../support/server-wire";

/** In the address, the headers or the body of cases: it must come back in no answer and no log. */
export const CANARY = "canary-7f3a91";
export const MIB = 1024 * 1024;
/** Most cases take less than 10 ms, the largest bodies 100. */
const HANG_MS = 1_000;

/** The agent that a case has for itself. */
export interface CaseAgent {
  id: string;
  secret: string;
  /** Of its webhook. */
  path: string;
  /** Whom its requests say that they come from. */
  address: string;
}

/** A request by its parts, all written as they are; what is left out is that of a good delivery. */
export interface Parts {
  method?: string;
  target?: string;
  version?: string;
  /** Header lines by what they are for; none with an empty list. */
  host?: string[];
  type?: string[];
  framing?: string[];
  /** More header lines. */
  lines?: string[];
  body?: string | Uint8Array;
}

export interface Sent {
  bytes: Uint8Array;
  /** How the sender leaves right behind its bytes; without it stays. */
  leaves?: "by FIN" | "by RST";
}

export interface AbuseCase {
  name: string;
  /** Settings of the agent's webhook; it is open without. */
  webhook?: Record<string, unknown>;
  /** In place of the secret that is made. */
  secret?: string;
  send(agent: CaseAgent): Sent;
  /** One of them must come: answers in their order, each as `400 INVALID_JSON`, `400 bare` or `200`. */
  outcomes: readonly string[];
  /** One of them must be the ledger: rows in their order, each as `accepted` or `refused INVALID_JSON`. */
  ledgers: readonly string[];
  /** What an accepted or refused delivery must have kept. */
  body: Uint8Array;
  /** The answer is one to HEAD. */
  bodyless: boolean;
  /** The connection waits for more, so that no other request can follow on it. */
  unfinished: boolean;
  /** The same bytes are sent once more when the first are answered. */
  again: boolean;
  /** Milliseconds in which the last answer must have come: far beyond what it takes. */
  limitMs: number;
}

/** Columns of a row that not every case needs. */
export interface More {
  webhook?: Record<string, unknown>;
  secret?: string;
  ledger?: string | string[];
  leaves?: Sent["leaves"];
  /** Where it is not the body as it is sent. */
  kept?: string | Uint8Array;
  bodyless?: boolean;
  unfinished?: boolean;
  again?: boolean;
  limitMs?: number;
}

type Making = (agent: CaseAgent) => Parts | Uint8Array;
export type Row = [
  name: string,
  send: Parts | Making,
  outcome: string | readonly string[],
  more?: More,
];

/** The bytes of a request. */
export function toRequest(agent: CaseAgent, parts: Parts): Buffer {
  const body = Buffer.from(parts.body ?? "{}");
  const lines = [
    ...(parts.host ?? ["Host: localhost"]),
    `X-Forwarded-For: ${agent.address}`,
    ...(parts.type ?? ["Content-Type: application/json"]),
    ...(parts.framing ?? [`Content-Length: ${body.length}`]),
    ...(parts.lines ?? []),
  ];
  const { method = "POST", target = agent.path, version = "HTTP/1.1" } = parts;
  const head = `${method} ${target} ${version}\r\n${lines.join("\r\n")}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}

/** The ledger's row of a delivery that was answered so; none where the application saw nothing. */
function ledgerOf(outcome: string): string {
  const [first = ""] = outcome.split(", ");
  if (first === "200") return "accepted";
  const code = /^\d{3} ([A-Z_]+)$/.exec(first)?.[1];
  return code === undefined ? "" : `refused ${code}`;
}

function toCase([name, send, outcome, more = {}]: Row): AbuseCase {
  const { ledger, leaves, kept, ...agent } = more;
  const { bodyless = false, unfinished = false, again = false, limitMs = HANG_MS } = more;
  const outcomes = [outcome].flat();
  return {
    ...agent,
    name,
    send(target) {
      const made = typeof send === "function" ? send(target) : send;
      const bytes = made instanceof Uint8Array ? made : toRequest(target, made);
      return leaves === undefined ? { bytes } : { bytes, leaves };
    },
    outcomes,
    ledgers: ledger === undefined ? outcomes.map(ledgerOf) : [ledger].flat(),
    body: Buffer.from(kept ?? (typeof send === "function" ? "{}" : (send.body ?? "{}"))),
    bodyless,
    unfinished,
    again,
    limitMs,
  };
}

/** Cases whose requests are deliveries to their agent. */
export const toCases = (rows: readonly Row[]): AbuseCase[] => rows.map(toCase);

/** Cases whose requests go elsewhere, so that the ledger of their agent stays empty. */
export const toCasesElsewhere = (rows: readonly Row[]): AbuseCase[] =>
  rows.map(([name, send, outcome, more]) => toCase([name, send, outcome, { ledger: "", ...more }]));

const LAST_CHUNK = "0\r\n\r\n";

/** A chunked body. */
export const toChunks = (...chunks: (string | Uint8Array)[]): Buffer =>
  Buffer.concat([...chunks.map(toChunk), Buffer.from(LAST_CHUNK)]);

/** Parts of a delivery whose body, `{}` as one chunk unless given, stands on the wire as it is. */
export const chunked = (body: string | Uint8Array = toChunks("{}")): Parts => ({
  framing: ["Transfer-Encoding: chunked"],
  body,
});
