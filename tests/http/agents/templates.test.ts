// Agents to start from, each on a real delivery.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/${name}.body`, import.meta.url), "utf8");

/** As Grafana and Alertmanager group them. */
const ALERTS = JSON.stringify({
  status: "firing",
  alerts: ["disk", "memory"].map((name) => ({
    labels: { alertname: name, severity: "warning" },
    annotations: { summary: `${name} is nearly full` },
  })),
});

async function runTemplate(app: TestApp, data: { id: string; body: string }) {
  const { data: templates } = await app.api("GET /agents/templates");
  const template = templates.find(({ id }: { id: string }) => id === data.id);
  const agent = await app.agent({ name: template.name, pipeline: template.pipeline });
  const sent = await app.deliver(agent.id, data.body);
  await app.pool.idle();
  return (await app.api(`GET /agents/${agent.id}/executions/${sent.data.executionId}`)).data;
}

const ISSUE = JSON.parse(fixture("github-issues"));

const opened = (): string => JSON.stringify({ ...ISSUE, action: "opened" });

describe("the template", () => {
  test.each<[id: string, body: () => string, output: unknown]>([
    [
      "github-issue-triage",
      opened,
      {
        issue: ISSUE.issue.html_url,
        triage: {
          kind: "bug",
          urgency: "low",
          summary: expect.stringContaining(ISSUE.issue.title),
        },
      },
    ],
    [
      "github-issue-triage",
      () => JSON.stringify({ ...ISSUE, action: "labeled" }),
      { issue: ISSUE.issue.html_url, triage: null },
    ],
    [
      "github-pull-request-summary",
      () => fixture("github-pull-request"),
      {
        pullRequest: expect.stringMatching(/^https:\/\/github\.com\/.*\/pull\/\d+$/),
        summary: expect.stringMatching(/\d+ files, \+\d+ -\d+\n<\/data-[0-9a-f]{12}>$/),
      },
    ],
    [
      "stripe-payment-review",
      () => fixture("stripe-checkout"),
      { event: expect.stringMatching(/^evt_/), review: "passed: a small payment" },
    ],
    [
      "stripe-payment-review",
      () => {
        const event = JSON.parse(fixture("stripe-checkout"));
        event.data.object.amount_total = 999_900;
        return JSON.stringify(event);
      },
      { event: expect.stringMatching(/^evt_/), review: expect.stringContaining(">999900<") },
    ],
    [
      "slack-answer",
      () => fixture("slack-event"),
      {
        channel: JSON.parse(fixture("slack-event")).event.channel,
        thread: JSON.parse(fixture("slack-event")).event.ts,
        text: expect.stringContaining(JSON.parse(fixture("slack-event")).event.text),
      },
    ],
    [
      "alert-triage",
      () => ALERTS,
      {
        status: "firing",
        alerts: [expect.stringContaining("disk is nearly full"), expect.stringContaining("memory")],
      },
    ],
    ["summary", () => fixture("github-push"), expect.stringContaining("refs/")],
  ])("%s runs on a real delivery", async (id, body, output) => {
    const execution = await runTemplate(await createTestApp(), { id, body: body() });
    expect(execution).toMatchObject({ status: "completed", error: null });
    expect(execution.output).toEqual(output);
  });

  test("of each id is there once, with a name and a description", async () => {
    const { data } = await (await createTestApp()).api("GET /agents/templates");
    expect(new Set(data.map(({ id }: { id: string }) => id)).size).toBe(6);
    for (const { name, description } of data) expect([name, description]).not.toContain("");
  });
});
