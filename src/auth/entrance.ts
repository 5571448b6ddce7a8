// Which requests come in at all, whoever sends them: those to a name of ours (a page of a stranger
// whose name was made to lead here calls us by that name: DNS rebinding), and of those that change
// something none from another site's page. Before the credential, and before a body is read.

import type { Config } from "../config";
import { AppError } from "../errors";
import type { Arrival, Forwarded, PeerLookup } from "../lib/network/forwarded";
import { arrivalOf, forwardedOf } from "../lib/network/forwarded";
import { hostNameOf, isAddress } from "../lib/network/host-names";

export interface EntranceDeps {
  config: Pick<Config, "host" | "allowedHosts" | "trustProxy">;
  publicUrl(): string;
}

/**
 * Webhooks, called by whatever name their sender was given, and the probes. Read off the whole URL:
 * it is a path alone where the `Host` is none.
 */
const OPEN_TO_ALL =
  /^(?:https?:\/\/[^/?#]+)?\/(?:healthz|readyz|agents\/[^/?#]+\/webhook)\/?(?:\?|$)/;

/** Methods that change nothing (RFC 9110 section 9.2.1). */
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

function isOurs(deps: EntranceDeps, host: string): boolean {
  const name = hostNameOf(host);
  if (name === null) return false;
  // Addresses are no names that somebody could lead elsewhere, and localhost never leaves a machine.
  if (isAddress(name) || name === "localhost" || name.endsWith(".localhost")) return true;
  const { allowedHosts, host: listened } = deps.config;
  if (allowedHosts.includes(name) || name === listened.toLowerCase()) return true;
  return name === hostNameOf(new URL(deps.publicUrl()).host);
}

/** The `Host`, which is part of the URL where a request was not read from a connection. */
const hostOf = (request: Request): string =>
  request.headers.get("host") ?? URL.parse(request.url)?.host ?? "";

/** Whether a browser says that the request comes from a page of another origin. */
function isForeign(deps: EntranceDeps, data: { request: Request; origin: string }): boolean {
  const { headers } = data.request;
  if (headers.get("sec-fetch-site") === "cross-site") return true;
  const origin = headers.get("origin");
  if (origin === null) return false;
  return ![data.origin, deps.publicUrl()].some((url) => URL.parse(url)?.origin === origin);
}

function checkOrigin(deps: EntranceDeps, data: { arrival: Arrival; forwarded: Forwarded }): void {
  const { request } = data.arrival;
  if (SAFE_METHODS.has(request.method)) return;
  const { protocol, host } = data.forwarded;
  const origin = `${protocol ?? "http"}://${host ?? hostOf(request)}`;
  if (isForeign(deps, { request, origin })) throw new AppError("ORIGIN_NOT_ALLOWED");
}

/** Throws HOST_NOT_ALLOWED or ORIGIN_NOT_ALLOWED. */
export function checkEntrance(
  deps: EntranceDeps,
  data: { request: Request; server: PeerLookup },
): void {
  if (OPEN_TO_ALL.test(data.request.url)) return;
  const arrival = arrivalOf(data);
  const forwarded = forwardedOf(deps, arrival);
  // Both: a proxy may pass on an `X-Forwarded-Host` that a page has set.
  const hosts = [hostOf(data.request), ...(forwarded.host === null ? [] : [forwarded.host])];
  if (!hosts.every((host) => isOurs(deps, host))) throw new AppError("HOST_NOT_ALLOWED");
  checkOrigin(deps, { arrival, forwarded });
}
