// How long a connection may take to stand.

import { OutboundError } from "./outbound-error";

export interface ConnectLimit {
  /** Aborted with an `OutboundError` when the time is up. */
  signal: AbortSignal;
  /** Told once the connection stands. */
  readonly stands: () => void;
  [Symbol.dispose](): void;
}

/** A limit of so many milliseconds from now; null is none. */
export function createConnectLimit(ms: number | null): ConnectLimit {
  const controller = new AbortController();
  const expire = (): void => {
    const message = `No connection stood within ${ms} ms.`;
    controller.abort(new OutboundError("unreachable", { message }));
  };
  const timer = ms === null ? undefined : setTimeout(expire, ms);
  const stands = (): void => clearTimeout(timer);
  return { signal: controller.signal, stands, [Symbol.dispose]: stands };
}
