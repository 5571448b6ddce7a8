// Whom a request comes from and what it was sent to, where proxies stand in between. `X-Forwarded-*`
// count from trusted peers alone, as anybody can send them; `Forwarded` (RFC 7239) is not read.

import ipaddr from "ipaddr.js";

type Address = ReturnType<typeof ipaddr.process>;

/** Addresses that share their first bits; one address has all of them. */
export interface Network {
  address: Address;
  bits: number;
}

/** Words of HOOKLINE_TRUST_PROXY for networks that many setups have (RFC 1122, 1918, 4193, 4291). */
const NAMED_NETWORKS = new Map([
  ["loopback", ["127.0.0.0/8", "::1"]],
  ["private", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]],
]);

/**
 * Reads `10.0.0.1, fd00::/8, loopback`. Throws an Error that names the first part that cannot be
 * read; naming the setting is for config.
 */
export function parseTrustProxy(text: string): Network[] {
  return text
    .split(",")
    .map((part) => part.trim().toLowerCase())
    .flatMap((part) => NAMED_NETWORKS.get(part) ?? [part])
    .map(readNetwork);
}

function readNetwork(part: string): Network {
  const [host = "", size, ...rest] = part.split("/");
  const address = readAddress(host);
  if (address === null || rest.length > 0) {
    throw new Error(`"${part}" cannot be read: write an address, a CIDR, loopback or private`);
  }
  const most = address.kind() === "ipv4" ? 32 : 128;
  const bits = size === undefined ? most : Number(/^\d{1,3}$/.exec(size)?.[0]);
  // Without a bit it would be everybody, and every sender could choose its own address.
  if (bits >= 1 && bits <= most) return { address, bits };
  throw new Error(`"${part}" cannot be read: the size of the network must be 1 to ${most}`);
}

/** Without the forms that other programs read as another address, such as `010.0.0.1` or `10.1`. */
function readAddress(text: string): Address | null {
  const isPlain = ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
  return isPlain ? ipaddr.process(text.replace(/%.*$/, "")) : null;
}

const holds = (network: Network, address: Address): boolean =>
  network.address.kind() === address.kind() && address.match(network.address, network.bits);

/** What of the configuration says whom to believe. */
export interface ProxyDeps {
  config: { trustProxy: readonly Network[] };
}

/** A request, and the address of its connection's other end; null where there is none. */
export interface Arrival {
  request: Request;
  peer: string | null;
}

/** The server as routes see it; null where the app is called without one. */
export type PeerLookup = {
  requestIP(request: Request): { address: string } | null;
} | null;

/** The request with its peer; IPv4 in its own form, also on a socket that takes both. */
export function arrivalOf(data: { request: Request; server: PeerLookup }): Arrival {
  const address = data.server?.requestIP(data.request)?.address ?? null;
  return { request: data.request, peer: address?.replace(/^::ffff:(?=[\d.]+$)/i, "") ?? null };
}

function isTrusted(deps: ProxyDeps, peer: string | null): boolean {
  const { trustProxy } = deps.config;
  if (trustProxy.length === 0 || peer === null) return false;
  const address = readAddress(peer);
  return address !== null && trustProxy.some((network) => holds(network, address));
}

/** Hops of one request that are looked at. */
const MAX_HOPS = 20;
/** `192.0.2.1:443` and `[2001:db8::1]:443`, as some proxies write. */
const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/;

function readHop(text: string): Address | null {
  const match = WITH_PORT.exec(text.trim());
  return readAddress(match?.[1] ?? match?.[2] ?? text.trim());
}

/**
 * The client's address: the peer's, or behind trusted proxies the right-most entry of
 * `X-Forwarded-For` that is none of them. What cannot be read ends the way back: then it is the
 * last one that could.
 */
export function clientOf(deps: ProxyDeps, { request, peer }: Arrival): string | null {
  if (!isTrusted(deps, peer)) return peer;
  const hops = (request.headers.get("x-forwarded-for") ?? "").split(",").slice(-MAX_HOPS);
  let client = peer;
  for (const hop of hops.toReversed()) {
    const address = readHop(hop);
    if (address === null) return client;
    client = address.toString();
    if (!deps.config.trustProxy.some((network) => holds(network, address))) return client;
  }
  return client;
}

/** What one client holds at least: its address of IPv4, or the /64 it chooses its IPv6 ones from. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const read = readAddress(address);
  if (!(read instanceof ipaddr.IPv6)) return address;
  return `${read.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(":")}::/64`;
}

/** What a trusted proxy says that a request was sent to; null where nothing is said. */
export interface Forwarded {
  protocol: "http" | "https" | null;
  /** With its port, as the client wrote it. */
  host: string | null;
}

/** The entry of the nearest proxy: each adds its own behind those that it was given. */
const lastEntry = (request: Request, name: string): string | null =>
  request.headers.get(name)?.split(",").at(-1)?.trim() || null;

/** `X-Forwarded-Proto` and `-Host` of a trusted peer. */
export function forwardedOf(deps: ProxyDeps, { request, peer }: Arrival): Forwarded {
  if (!isTrusted(deps, peer)) return { protocol: null, host: null };
  const protocol = lastEntry(request, "x-forwarded-proto")?.toLowerCase();
  return {
    protocol: protocol === "http" || protocol === "https" ? protocol : null,
    host: lastEntry(request, "x-forwarded-host"),
  };
}
