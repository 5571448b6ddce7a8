// A page of Debian's Chromium that notes what must never happen: requests to elsewhere, breaches of
// the page's policy, and errors.

import type { Page } from "playwright-core";
import { chromium } from "playwright-core";

/** Flags under which Chromium starts as root and asks nothing of the internet by itself. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface WatchedPage extends AsyncDisposable {
  page: Page;
  /** Everything that must not happen, in words. */
  faults: string[];
}

/** A new browser with one page; only requests to `origin` count as its own. */
export async function openPage(origin: string): Promise<WatchedPage> {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  const faults: string[] = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith("data:")) faults.push(`asks for ${url}`);
  });
  page.on("requestfailed", (request) => faults.push(`fails to load ${request.url()}`));
  page.on("pageerror", (error) => faults.push(`throws ${error.message}`));
  // Breaches of the policy are told there as well. A refused call is what some tests are about.
  page.on("console", (message) => {
    const isAnswer = /the server responded with a status of 4/.test(message.text());
    if (message.type() === "error" && !isAnswer) faults.push(`logs ${message.text()}`);
  });
  return { page, faults, [Symbol.asyncDispose]: () => browser.close() };
}
