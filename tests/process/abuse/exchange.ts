// Sends one case to the server and tells what came: answers as words, and what they let slip.

import { isRecord } from "../../../src/lib/json-value";
import type { Server } from "../../support/server";
import { askData, makeAgent } from "../../support/server-calls";
import { Connection, toBytes, type WireAnswer } from "../../support/server-wire";
import { CANARY, type AbuseCase, type CaseAgent } from "./abuse-case";

/** Text of the program, of its parts or of the machine, which no caller may see. */
const INTERNAL =
  /\bat [\w.<>]+ \(|node_modules|bunfs|sqlite|drizzle|elysia|typebox|\bbun\b|undefined|\[object|\w*Error:|\/(?:tmp|home|root|usr|var)\/|\bselect\b.*\bfrom\b|\.ts:/i;

/** The webhook's credential in place of that of `makeAgent`. */
async function setSecret(server: Server, data: { id: string; secret: string }): Promise<void> {
  const body = { secret: data.secret, graceSeconds: 0 };
  await askData(server, { call: `POST /agents/${data.id}/webhook/secrets`, body });
}

/** A new agent for a case; `number` is that of the case, and gives it an address of its own. */
export async function makeCaseAgent(
  server: Server,
  data: { one: AbuseCase; number: number },
): Promise<CaseAgent> {
  const { one, number } = data;
  const agent = await makeAgent(server, one.webhook === undefined ? {} : { webhook: one.webhook });
  if (one.secret !== undefined) await setSecret(server, { id: agent.id, secret: one.secret });
  return {
    id: agent.id,
    secret: one.secret ?? agent.webhookSecret ?? "",
    path: `/agents/${agent.id}/webhook?q=${CANARY}`,
    address: `192.0.2.${(number % 250) + 1}`,
  };
}

const isBare = ({ headers, status }: WireAnswer): boolean =>
  status >= 200 && !headers.has("content-type");

/** An answer as `200`, `400 INVALID_JSON`, or `400 bare` where the HTTP stack gave it. */
export function nameOf(answer: WireAnswer): string {
  const code = /"code":"([A-Z_]+)"/.exec(answer.text)?.[1];
  const rest = isBare(answer) ? "bare" : code;
  return rest === undefined ? String(answer.status) : `${answer.status} ${rest}`;
}

/** What is wrong with an answer whatever its status: internals, what was sent, another shape. */
export function faultsOf(answer: WireAnswer): string[] {
  const shown = `${[...answer.headers].flat().join("\n")}\n${answer.text}`;
  const faults = [];
  const internal = INTERNAL.exec(shown)?.[0];
  if (internal !== undefined) faults.push(`shows "${internal}"`);
  if (shown.includes(CANARY)) faults.push("sends back what was sent");
  if (answer.status >= 500 && nameOf(answer) !== "505 bare") faults.push(`is ${answer.status}`);
  if (answer.status === 405 && !answer.headers.has("allow")) faults.push("allows nothing");
  if (answer.status >= 400 && answer.text !== "" && !isFailure(answer)) faults.push("has no shape");
  return faults;
}

/** The one failure shape, under the headers of every answer. */
function isFailure({ headers, text }: WireAnswer): boolean {
  const { error, ...rest } = JSON.parse(text);
  const known = ["code", "message", "hint", "details", "requestId"];
  return (
    JSON.stringify(rest) === '{"success":false}' &&
    isRecord(error) &&
    Object.keys(error).every((key) => known.includes(key)) &&
    /^[A-Z][^\n]+\.$/.test(String(error["message"])) &&
    error["requestId"] === headers.get("x-request-id") &&
    /^application\/json; ?charset=utf-8$/.test(headers.get("content-type") ?? "") &&
    headers.get("cache-control") === "no-store" &&
    headers.get("x-content-type-options") === "nosniff"
  );
}

export interface Exchanged {
  /** All answers in a row, as in `outcomes` of the case; `cut` where none came. */
  outcome: string;
  answers: WireAnswer[];
  /** What a probe on the same connection was answered; null where that is closed. */
  next: string | null;
  /** Milliseconds from the first byte to the last answer. */
  took: number;
}

const PROBE = toBytes({ method: "GET", path: "/healthz" });

/** As many answers as may come at most to the bytes of a case. */
function awaitAnswers(connection: Connection, one: AbuseCase): Promise<WireAnswer | null>[] {
  const most = Math.max(...one.outcomes.map((outcome) => outcome.split(", ").length));
  const length = one.again ? most / 2 : most;
  return Array.from({ length }, () => connection.answer({ bodyless: one.bodyless }));
}

/** Sends a case on a connection of its own, and a probe behind it where more may follow. */
export async function exchange(
  server: Server,
  data: { one: AbuseCase; agent: CaseAgent },
): Promise<Exchanged> {
  const { one, agent } = data;
  using connection = await Connection.open(server.url);
  const { bytes, leaves } = one.send(agent);
  const startedAt = performance.now();
  const answers = [];
  for (let round = 0; round < (one.again ? 2 : 1); round += 1) {
    const waiting = awaitAnswers(connection, one);
    connection.send(bytes);
    if (leaves === "by FIN") connection.end();
    if (leaves === "by RST") connection.reset();
    answers.push(...(await Promise.all(waiting)).filter((answer) => answer !== null));
  }
  const took = performance.now() - startedAt;
  const next = one.unfinished ? null : await connection.exchange(PROBE);
  const all = [...answers, ...connection.unasked];
  const outcome = all.length === 0 ? "cut" : all.map(nameOf).join(", ");
  return { outcome, answers: all, next: next?.text ?? null, took };
}
