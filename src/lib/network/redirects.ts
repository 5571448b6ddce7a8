// Whether and how a redirect is followed. Pure; connecting, and checking the address anew, is
// `outbound.ts`'s.

import { AppError } from "../../errors";
import { parseTarget } from "./outbound-url";

/** What is sent, apart from how. */
export interface OutgoingRequest {
  url: URL;
  method: string;
  headers: Headers;
  bytes: Uint8Array | null;
}

/** Redirects of one request; a further one refuses it. */
export const MAX_REDIRECTS = 5;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** What describes a body that is not sent again. */
const BODY_HEADER = /^(content-|repr-|digest$)/;

/** Whether the method becomes GET (Fetch, HTTP-redirect fetch). */
const becomesGet = ({ method }: OutgoingRequest, status: number): boolean =>
  status === 303
    ? method !== "GET" && method !== "HEAD"
    : (status === 301 || status === 302) && method === "POST";

/** The same host, which credentials and the owner's choice are for; up to https, never down to http. */
function isWithin(from: URL, to: URL): boolean {
  return from.host === to.host && !(from.protocol === "https:" && to.protocol === "http:");
}

type Head = Pick<Response, "status" | "headers">;

/** Whether the answer is a redirect that says where to. */
export const isRedirect = ({ status, headers }: Head): boolean =>
  REDIRECTS.has(status) && headers.has("location");

/**
 * The request that a redirect asks for. Throws REDIRECT_FORBIDDEN where it leads to another host, to
 * plain http, or nowhere.
 */
export function redirectOf(request: OutgoingRequest, { status, headers }: Head): OutgoingRequest {
  const location = headers.get("location") ?? "";
  if (!URL.canParse(location, request.url.href)) throw new AppError("REDIRECT_FORBIDDEN");
  const url = parseTarget(new URL(location, request.url.href).href);
  if (!isWithin(request.url, url)) throw new AppError("REDIRECT_FORBIDDEN");
  if (!becomesGet(request, status)) return { ...request, url };
  const kept = new Headers([...request.headers].filter(([name]) => !BODY_HEADER.test(name)));
  return { url, method: "GET", headers: kept, bytes: null };
}
