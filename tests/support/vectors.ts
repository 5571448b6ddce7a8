// The signature vectors as requests; their origin stands in tests/fixtures/vectors/README.md.

import { readFileSync } from "node:fs";

export interface Vector {
  id: string;
  provider: string;
  level: string;
  headers: Record<string, string | string[]>;
  body?: string;
  bodyBase64?: string;
  secret: string;
  /** Unix seconds. */
  now: number;
  valid: boolean;
  why: string;
  expect?: { deliveryId?: string; eventType?: string };
}

const FILE = new URL("../fixtures/vectors/vectors.json", import.meta.url);

export const VECTORS: readonly Vector[] = JSON.parse(readFileSync(FILE, "utf8"));

/** The bytes that were sent. */
export const bodyOf = (vector: Vector): Uint8Array =>
  vector.bodyBase64 === undefined
    ? Buffer.from(vector.body ?? "")
    : Buffer.from(vector.bodyBase64, "base64");

/** The headers as they arrive: several lines of a name are joined. */
export function headersOf(vector: Vector): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(vector.headers)) {
    for (const line of [value].flat()) headers.append(name, line);
  }
  return headers;
}
