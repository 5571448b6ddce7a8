// Which addresses outgoing requests may reach: public ones, and what HOOKLINE_ALLOW_PRIVATE lists.
// Pure; leaves resolving and connecting to `outbound.ts`.

import ipaddr from "ipaddr.js";

type Address = ReturnType<typeof ipaddr.process>;

/** One entry of HOOKLINE_ALLOW_PRIVATE; `port` null is any port. */
export type AllowRule =
  | { kind: "name"; name: string; port: number | null }
  | { kind: "range"; network: Address; bits: number; port: number | null };

/** Where a request goes: the canonical host of its URL, without brackets and trailing dot. */
export interface Destination {
  host: string;
  port: number;
}

// All of IPv6 that is given out (RFC 4291); ipaddr.js calls `::/96` and all unassigned space unicast.
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");

// Azure's platform service: a public address that answers each machine with its own credentials.
const CLOUD_PLATFORM = new Set(["168.63.129.16"]);

const RULE = /^(?:\[([^\]]+)\](\/\d+)?|([^:[\]]+)):(\*|\d+)$/;

/**
 * Reads `host:port,cidr:port`. IPv6 stands in brackets (`[fd00::/8]:8080`), `*` is any port.
 * Throws an Error that names the first part that cannot be read; naming the setting is for config.
 */
export function parseAllowPrivate(text: string): AllowRule[] {
  if (text.trim() === "") return [];
  return text.split(",").map((part) => parseRule(part.trim()));
}

function parseRule(part: string): AllowRule {
  const match = RULE.exec(part);
  if (match === null) throw ruleError(part, "write host:port, address:port or cidr:port");
  const port = readPort(part, match[4] ?? "");
  const target = match[1] === undefined ? (match[3] ?? "") : `${match[1]}${match[2] ?? ""}`;
  if (target.includes("/")) return { kind: "range", ...readCidr(part, target), port };
  const host = canonicalHost(match[1] === undefined ? target : `[${target}]`);
  if (host === null) throw ruleError(part, "the host is not a name or an address");
  const network = readAddress(host);
  if (network === null) return { kind: "name", name: host, port };
  return { kind: "range", network, bits: network.kind() === "ipv4" ? 32 : 128, port };
}

function readPort(part: string, text: string): number | null {
  if (text === "*") return null;
  const port = Number(text);
  if (port < 1 || port > 65_535) throw ruleError(part, "the port must be 1 to 65535, or *");
  return port;
}

function readCidr(part: string, text: string): { network: Address; bits: number } {
  if (!ipaddr.isValidCIDR(text))
    throw ruleError(part, "the range is not a CIDR such as 10.0.0.0/8");
  const [network, bits] = ipaddr.parseCIDR(text);
  return { network, bits };
}

const ruleError = (part: string, why: string): Error =>
  new Error(`"${part}" cannot be read: ${why}`);

/** The host as the URL parser writes it, without brackets and trailing dot; null when it is none. */
export function canonicalHost(text: string): string | null {
  if (/[\s/?#@\\%*]/.test(text)) return null;
  try {
    return bareHost(new URL(`http://${text}/`));
  } catch {
    return null;
  }
}

/** The host of a URL without brackets and trailing dot; empty when it has none. */
export const bareHost = (url: URL): string =>
  url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");

/** The address that a text is, IPv4-mapped ones as IPv4; null for a name. */
export function readAddress(text: string): Address | null {
  return ipaddr.isValid(text) ? ipaddr.process(text) : null;
}

/** Whether the public internet routes to this address (IANA special-purpose registries). */
export function isPublicAddress(text: string): boolean {
  const address = readAddress(text);
  if (address === null || address.range() !== "unicast") return false;
  if (CLOUD_PLATFORM.has(address.toString())) return false;
  return address.kind() === "ipv4" || address.match(GLOBAL_IPV6);
}

/** Whether a request to `data.to` may connect to `data.address`. */
export function mayReach(
  deps: { allowPrivate: readonly AllowRule[] },
  data: { to: Destination; address: string },
): boolean {
  return isPublicAddress(data.address) || deps.allowPrivate.some((rule) => ruleAllows(rule, data));
}

function ruleAllows(rule: AllowRule, data: { to: Destination; address: string }): boolean {
  if (rule.port !== null && rule.port !== data.to.port) return false;
  if (rule.kind === "name") return rule.name === data.to.host;
  const address = readAddress(data.address);
  if (address === null || address.kind() !== rule.network.kind()) return false;
  return address.match(rule.network, rule.bits);
}
