// Host names as requests carry them, and as HOOKLINE_ALLOWED_HOSTS lists them.

import { canonicalHost } from "./outbound-address";

/**
 * Reads `hookline, hooks.lan`. Throws an Error that names the first part that cannot be read; naming
 * the setting is for config.
 */
export function parseHostNames(text: string): string[] {
  return text.split(",").map((part) => {
    const name = part.includes(":") ? null : canonicalHost(part.trim());
    if (name !== null) return name;
    throw new Error(
      `"${part.trim()}" cannot be read: write a name such as hooks.lan, without scheme, port or *`,
    );
  });
}

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(?::\d{0,5})?$/;

/**
 * The name or address in a `Host`, in lower case, without port and trailing dot; null for none, and
 * where no URL has it, such as one with the port 99999.
 */
export const hostNameOf = (host: string): string | null =>
  URL.canParse(`http://${host}`) ? (HOST.exec(host.toLowerCase())?.[1] ?? null) : null;

/** Whether that is an address, as a browser writes it. */
export const isAddress = (name: string): boolean =>
  name.startsWith("[") || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name);
