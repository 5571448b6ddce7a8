// `/swagger` of the built binary in a browser, with its policy on: it shows every operation, needs
// nothing from elsewhere, and "Try it out" works.

import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { guardProcesses } from "../support/process-cleanup";
import { ask, askData } from "../support/server-calls";
import type { Server } from "../support/server";
import { startServer } from "../support/server";
import { openPage } from "./page";

guardProcesses();

const SCREENSHOTS = join(import.meta.dir, "screenshots");
mkdirSync(SCREENSHOTS, { recursive: true });

const shoot = (page: Page, name: string) =>
  page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });

const operation = (page: Page, id: string): Locator => page.locator(`[id$="-${id}"].opblock`);

/** A port that was free a moment ago: with a public URL the server's log does not tell its own. */
async function findFreePort(): Promise<number> {
  const probe = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const { port = 0 } = probe;
  await probe.stop(true);
  return port;
}

/** Opens the page and waits until the document is shown. */
async function show(page: Page, server: Server): Promise<void> {
  await page.goto(`${server.url}/swagger`);
  await page.locator(".opblock").first().waitFor();
}

/** Enters what a scheme asks for, each in its field, in the dialog of "Authorize". */
async function enter(page: Page, data: { scheme: string; texts: string[] }): Promise<void> {
  await page.locator(".auth-wrapper .authorize").first().click();
  const scheme = page.locator(".auth-container", { hasText: data.scheme });
  for (const [place, text] of data.texts.entries()) {
    await scheme.locator("input").nth(place).fill(text);
  }
  await scheme.locator("button.authorize").click();
  await page.locator(".btn-done").first().click();
}

const authorize = (page: Page, token: string): Promise<void> =>
  enter(page, { scheme: "An API token", texts: [token] });

interface Trial {
  id: string;
  /** By name; the others keep their examples. */
  parameters: Record<string, string>;
}

/** Opens an operation and sends it with its examples; returns the status that the page shows. */
async function tryOut(page: Page, trial: Trial | string): Promise<string> {
  const { id, parameters } = typeof trial === "string" ? { id: trial, parameters: {} } : trial;
  const block = operation(page, id);
  await block.locator(".opblock-summary").click();
  await block.locator(".try-out__btn").click();
  for (const [name, value] of Object.entries(parameters)) {
    await block.locator(`tr[data-param-name="${name}"] input`).fill(value);
  }
  await block.locator(".execute").click();
  const status = block.locator(".live-responses-table .response-col_status").last();
  await status.waitFor();
  return (await status.innerText()).trim().slice(0, 3);
}

test("shows every operation of the document, from the binary alone", async () => {
  await using server = await startServer();
  await using browser = await openPage(server.url);
  await show(browser.page, server);
  const { body } = await ask(server, "GET /swagger/json");
  const ids = Object.values<Record<string, { operationId: string }>>(body.paths)
    .flatMap((methods) => Object.values(methods))
    .map(({ operationId }) => operationId);
  const shown: string[] = await browser.page
    .locator(".opblock")
    .evaluateAll((blocks) => blocks.map((block) => block.id.split("-").at(-1) ?? ""));
  expect(shown.toSorted()).toEqual(ids.toSorted());
  await shoot(browser.page, "swagger");
  expect(browser.faults).toEqual([]);
});

test("calls the server with the token of Authorize, and shows what it answers", async () => {
  await using server = await startServer();
  await using browser = await openPage(server.url);
  const { page } = browser;
  await show(page, server);
  await authorize(page, server.token);
  expect(await tryOut(page, "listAgents")).toBe("200");
  expect(await tryOut(page, "createAgent")).toBe("201");
  await shoot(page, "try-it-out");
  const { body } = await ask(server, "GET /agents");
  expect(body.data).toMatchObject([{ name: "Issue triage", webhookEnabled: true }]);
  expect(browser.faults).toEqual([]);
});

const WEBHOOKS: [type: string, textsOf: (secret: string) => string[]][] = [
  ["bearer", (secret) => [secret]],
  ["basic", (secret) => secret.split(":")],
];
test.each(WEBHOOKS)(
  "delivers to a webhook of the method %s with its own secret, and once for a key",
  async (type, textsOf) => {
    await using server = await startServer();
    const body = { name: "a", webhookEnabled: true, webhook: { auth: { type } } };
    const { id, webhookSecret } = await askData(server, { call: "POST /agents", body });
    await using browser = await openPage(server.url);
    const { page } = browser;
    await show(page, server);
    await enter(page, { scheme: `method is ${type}`, texts: textsOf(webhookSecret) });
    const parameters = { id, "Idempotency-Key": "order-1" };
    expect(await tryOut(page, { id: "deliverWebhook", parameters })).toBe("200");
    await operation(page, "deliverWebhook").locator(".execute").click();
    await page.locator(".live-responses-table", { hasText: "idempotent-replayed" }).waitFor();
    expect(await askData(server, `GET /agents/${id}/executions`)).toHaveLength(1);
    expect(browser.faults).toEqual([]);
  },
);

test("shows the failure of a call with a wrong token", async () => {
  await using server = await startServer();
  await using browser = await openPage(server.url);
  await show(browser.page, server);
  await authorize(browser.page, "hk_live_wrong");
  expect(await tryOut(browser.page, "listAgents")).toBe("401");
  expect(await operation(browser.page, "listAgents").innerText()).toContain("UNAUTHORIZED");
  expect(browser.faults).toEqual([]);
});

test("calls this server, although the public URL is another", async () => {
  const port = await findFreePort();
  const env = { PORT: String(port), HOOKLINE_PUBLIC_URL: "https://hooks.hookline.test" };
  await using _server = await startServer({ env });
  const local = `http://127.0.0.1:${port}`;
  await using browser = await openPage(local);
  await browser.page.goto(`${local}/swagger`);
  expect(await tryOut(browser.page, "getHealth")).toBe("200");
  expect(browser.faults).toEqual([]);
});

test("asks for a token where the document needs one, and keeps it for the calls", async () => {
  await using server = await startServer({ env: { HOOKLINE_DOCS: "auth" } });
  await using browser = await openPage(server.url);
  const { page } = browser;
  await page.goto(`${server.url}/swagger`);
  await page.getByLabel("API token").fill("hk_live_wrong");
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("status").filter({ hasText: "A valid credential is required." }).waitFor();
  await page.getByLabel("API token").fill(server.token);
  await shoot(page, "token");
  await page.getByRole("button", { name: "Open" }).click();
  await page.locator(".opblock").first().waitFor();
  expect(await tryOut(page, "listAgents")).toBe("200");
  expect(browser.faults).toEqual([]);
});
