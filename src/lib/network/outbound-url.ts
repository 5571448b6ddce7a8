// Which URLs can be called at all, judged by their text alone.
// Leaves the address behind a name to `outbound-address.ts` and `outbound.ts`.

import { AppError, type ErrorDetail } from "../../errors";
import { bareHost } from "./outbound-address";

/** Characters of a `baseUrl`. */
const MAX_BASE_URL = 2000;

/** A `baseUrl` that can be stored, without trailing slash, or what is wrong with it. */
export type BaseUrlCheck = { ok: true; url: string } | { ok: false; detail: ErrorDetail };

/** Checks the text of a `baseUrl` on save; whether its address may be reached shows on the call. */
export function checkBaseUrl(text: string): BaseUrlCheck {
  const fault = findBaseUrlFault(text);
  if (fault !== null) return { ok: false, detail: { code: "URL_INVALID", message: fault } };
  return { ok: true, url: new URL(text).href.replace(/\/+$/, "") };
}

function findBaseUrlFault(text: string): string | null {
  if (text.length > MAX_BASE_URL) return `The URL is longer than ${MAX_BASE_URL} characters.`;
  // The URL parser drops or mends these silently, and then another host is called than is read.
  if (/[\s\\\p{Cc}]/u.test(text))
    return "The URL has white space, a control character or a backslash.";
  if (!/^https?:\/\/[^/]/i.test(text)) return "The URL must start with http:// or https://.";
  if (text.includes("?") || text.includes("#")) return "The URL must end before ? and #.";
  if (!URL.canParse(text)) return "The URL cannot be read.";
  return findUrlFault(new URL(text));
}

/** What makes a URL one that is never called; null when nothing does. */
function findUrlFault(url: URL): string | null {
  if (url.protocol !== "http:" && url.protocol !== "https:")
    return "Only http and https are called.";
  if (url.username !== "" || url.password !== "") {
    return "The URL must not carry a user or a password.";
  }
  if (bareHost(url) === "") return "The URL has no host.";
  return url.port === "0" ? "Port 0 cannot be called." : null;
}

/** Reads the URL of a request; throws `URL_INVALID`. */
export function parseTarget(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const fault = url === null ? "The URL cannot be read." : findUrlFault(url);
  if (url === null || fault !== null) {
    throw new AppError("URL_INVALID", fault === null ? {} : { message: fault });
  }
  return url;
}
