// The OpenAPI document as a contract: what of an answer it does not tell. Every request of a test
// app is held against it, so that an undocumented status, header or shape shows wherever it occurs.

import type { Schema } from "@cfworker/json-schema";
import { dereference, validate } from "@cfworker/json-schema";
import type { AnyElysia } from "elysia";
import type { OpenApiDocument } from "../../src/ops/openapi/document";
import { createDocument } from "../../src/ops/openapi/document";

/** A request that was answered; `path` as sent, with its query. */
export interface Exchange {
  method: string;
  path: string;
  response: Response;
}

interface AnswerObject {
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: Schema }>;
}

interface OperationObject {
  operationId: string;
  responses: Record<string, AnswerObject & { $ref?: string }>;
}

interface DocumentObject {
  paths: Record<string, Record<string, OperationObject>>;
  components: {
    headers: Record<string, unknown>;
    responses: Record<string, AnswerObject>;
    schemas: Record<string, Schema>;
  };
}

/** One answer of an operation, its references resolved. */
interface Promised {
  headers: string[];
  /** Media type to schema; empty where there is no body. */
  content: Record<string, Schema>;
}

export interface Contract {
  document: OpenApiDocument;
  /** The operation's id, or null where the document has none for the method and path. */
  operationOf(data: { method: string; path: string }): string | null;
  /** What of the answer is not as documented, or null; reads a copy of the body. */
  faultOf(exchange: Exchange): Promise<string | null>;
}

function fits(template: string, path: string): boolean {
  const wanted = template.split("/");
  const given = path.split("/");
  return (
    wanted.length === given.length &&
    wanted.every((part, place) => part.startsWith("{") || part === given[place])
  );
}

function promisesOf(document: DocumentObject): Map<string, Promised> {
  const promises = new Map<string, Promised>();
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  for (const { operationId, responses } of operations) {
    for (const [status, { $ref, ...own }] of Object.entries(responses)) {
      const name = $ref?.split("/").at(-1) ?? "";
      const { headers = {}, content = {} } = document.components.responses[name] ?? own;
      promises.set(`${operationId} ${status}`, {
        headers: Object.keys(headers).map((header) => header.toLowerCase()),
        content: Object.fromEntries(
          Object.entries(content).map(([type, { schema }]) => [type, schema]),
        ),
      });
    }
  }
  return promises;
}

/** What a set of headers has that is documented, but not for this answer, or lacks. */
function faultOfHeaders(headers: Headers, data: { promised: Promised; known: string[] }) {
  if (!headers.has("x-request-id")) return "has no X-Request-Id";
  const extra = data.known.find(
    (name) => headers.has(name) && !data.promised.headers.includes(name),
  );
  return extra === undefined ? null : `has a header ${extra} that is not documented`;
}

/** The contract of an app. */
export function createContract(app: AnyElysia): Contract {
  const document = createDocument({ app, publicUrl: null });
  const copy: DocumentObject = JSON.parse(JSON.stringify(document));
  const promises = promisesOf(copy);
  const known = Object.keys(copy.components.headers).map((name) => name.toLowerCase());
  // Schemas only: an example's `id` would be taken for a schema's.
  const lookup = dereference({
    components: { schemas: copy.components.schemas },
    answers: Object.fromEntries([...promises].map(([name, { content }]) => [name, content])),
  });
  // What is named exactly comes before what is named by a parameter.
  const templates = Object.keys(copy.paths).toSorted((a, b) => countOf(a, "{") - countOf(b, "{"));

  function operationOf(data: { method: string; path: string }): string | null {
    const path = data.path.replace(/\?.*$/s, "");
    const template = templates.find((one) => fits(one, path)) ?? "";
    return copy.paths[template]?.[data.method.toLowerCase()]?.operationId ?? null;
  }

  function faultOfBody(text: string, data: { type: string; schema: Schema }): string | null {
    const value: unknown = data.type === "application/json" ? JSON.parse(text) : text;
    const { valid, errors } = validate(value, data.schema, "2020-12", lookup);
    const deepest = errors.at(-1);
    return valid ? null : `is ${deepest?.error} at ${deepest?.instanceLocation}`;
  }

  async function faultOf({ method, path, response }: Exchange): Promise<string | null> {
    const operation = operationOf({ method, path });
    if (operation === null) return null;
    const answer = `${operation} ${response.status}`;
    const promised = promises.get(answer);
    if (promised === undefined) return `${answer} is not documented`;
    const inHeaders = faultOfHeaders(response.headers, { promised, known });
    if (inHeaders !== null) return `${answer} ${inHeaders}`;
    const type = (response.headers.get("content-type") ?? "").replace(/;.*$/, "");
    const schema = promised.content[type];
    const text = await response.clone().text();
    if (schema === undefined) {
      const isEmpty = Object.keys(promised.content).length === 0 && text === "" && type === "";
      return isEmpty ? null : `${answer} has a body of type ${type} that is not documented`;
    }
    const inBody = faultOfBody(text, { type, schema });
    return inBody === null ? null : `${answer} ${inBody}`;
  }

  return { document, operationOf, faultOf };
}

const countOf = (text: string, part: string): number => text.split(part).length;

const contracts = new Map<string, Contract>();

/** Throws where an answer of the app breaks its contract; `docs` is the setting that changes it. */
export async function holdToContract(
  data: { app: AnyElysia; docs: string },
  exchange: Exchange,
): Promise<void> {
  // The document is the same for every app, and made once.
  const contract = contracts.get(data.docs) ?? createContract(data.app);
  contracts.set(data.docs, contract);
  const fault = await contract.faultOf(exchange);
  if (fault !== null) throw new Error(`${exchange.method} ${exchange.path}: ${fault}`);
}
