// What the server and a child say to each other, and the reading of what a child says: the code it
// runs is a stranger's, so nothing of it is believed before it has been checked.

import { decodeUtf8, nestsDeeperThan } from "../lib/json";
import type { Json } from "../lib/json-value";
import { isRecord } from "../lib/json-value";
import { toFrame } from "./frames";

/** JSON of the values that one request carries. */
export const MAX_VALUES_BYTES = 8 * 1024 * 1024;
/** JSON of a result, as UTF-8. */
export const MAX_RESULT_BYTES = 1024 * 1024;
/** Levels of arrays and objects in a result. */
export const MAX_RESULT_DEPTH = 128;
/** Lines that one run logs, each with its line end, as UTF-8. */
export const MAX_LOG_BYTES = 64 * 1024;
/** Stands last where more was logged than is kept. */
export const LOG_CUT = "… more was logged; 64 KiB are kept.";

/** Largest payload that a child reads: the values, or a body or schema with its escapes. */
export const MAX_REQUEST_BYTES = 2 * MAX_VALUES_BYTES;
/** Largest payload that the server reads: a result, or a logged line with its escapes. */
export const MAX_ANSWER_BYTES = MAX_RESULT_BYTES + 1024;

/** What a child is asked; the values follow in a frame of their own, as the JSON text they are. */
export type Request =
  { task: "code"; body: string; names: string[] } | { task: "schema"; schema: string };

/** Why a run gave no value. */
export const FAILURES = ["failed", "memory", "invalid", "promise", "deep", "large"] as const;
export type FailureKind = (typeof FAILURES)[number];

/** How a run ended; `line` tells of what was thrown and belongs to the logs. */
export type RunEnd =
  { kind: "value"; value: Json } | { kind: "failure"; why: FailureKind; line: string | null };

/** What a child says: that it is ready, then to each request lines, one end, and ready again. */
export type Answer = { kind: "ready" } | { kind: "log"; line: string } | RunEnd;

/** A request and its values, as bytes for the pipe. */
export const toRequest = (request: Request, values: string): Uint8Array[] => [
  toFrame(JSON.stringify(request)),
  toFrame(values),
];

/** An answer as bytes for the pipe. */
export const toAnswer = (answer: Exclude<Answer, { kind: "value" }>): Uint8Array =>
  toFrame(JSON.stringify(answer));

/** The end of a run whose value is this JSON text. */
export const toValueAnswer = (text: string): Uint8Array =>
  toFrame(`{"kind":"value","value":${text}}`);

function parseJson(bytes: Uint8Array): unknown {
  // One level more than a result: the answer around it.
  if (nestsDeeperThan(bytes, MAX_RESULT_DEPTH + 1)) return null;
  const text = decodeUtf8(bytes);
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    // A child that writes no JSON is no longer ours.
    return null;
  }
}

const readFailure = (value: unknown): FailureKind | null =>
  FAILURES.find((why) => why === value) ?? null;

/** The answer in a payload, or null where it is none. */
export function readAnswer(bytes: Uint8Array): Answer | null {
  const said = parseJson(bytes);
  if (!isRecord(said)) return null;
  const { kind, line = null } = said;
  if (kind === "ready") return { kind };
  if (kind === "log") return typeof line === "string" ? { kind, line } : null;
  if (kind === "value") return isJson(said["value"]) ? { kind, value: said["value"] } : null;
  const why = readFailure(said["why"]);
  if (kind !== "failure" || why === null) return null;
  return line === null || typeof line === "string" ? { kind, why, line } : null;
}

/** What `JSON.parse` gave is JSON wherever there is something. */
const isJson = (value: unknown): value is Json => value !== undefined;
