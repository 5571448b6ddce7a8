// Agents to start from: complete pipelines that run as they stand, on `echo`. A model takes its place by
// another `providerId`.

import type { Pipeline } from "../pipelines/pipelines.schema";
import type { BuiltPreset } from "../vocabulary";

/** An agent to start from. */
export interface AgentTemplate {
  id: string;
  name: string;
  description: string;
  /** Whose deliveries it expects; null for any JSON. */
  preset: BuiltPreset | null;
  pipeline: Pipeline;
}

type Data = Pipeline["nodes"][number]["data"];

const input: Pipeline["nodes"][number] = { id: "input", type: "input", data: {} };

const ask = (id: string, data: Data): Pipeline["nodes"][number] => ({
  id,
  type: "llm_call",
  data: { providerId: "echo", fenceData: true, ...data },
});

const output = (mapping: Data[string]): Pipeline["nodes"][number] => ({
  id: "output",
  type: "output",
  data: { mapping },
});

/** `a>b`, and `a>b:handle` from a node with handles. */
function edge(text: string): Pipeline["edges"][number] {
  const [ends = "", sourceHandle] = text.split(":");
  const [source = "", target = ""] = ends.split(">");
  const id = `${source}-${target}`;
  return { id, source, target, ...(sourceHandle === undefined ? {} : { sourceHandle }) };
}

const chain = (nodes: Pipeline["nodes"]): Pipeline => ({
  nodes,
  edges: nodes.slice(1).map((node, index) => edge(`${nodes[index]?.id ?? ""}>${node.id}`)),
});

const ISSUE_TRIAGE: AgentTemplate = {
  id: "github-issue-triage",
  name: "GitHub issue triage",
  description: "Sorts new issues by kind and urgency; what is not a new issue is left alone.",
  preset: "github",
  pipeline: {
    nodes: [
      input,
      { id: "isNew", type: "condition", data: { expression: "{{input.action}} === 'opened'" } },
      ask("triage", {
        systemPrompt: "You sort issues of a software project.",
        userPromptTemplate: "Title: {{input.issue.title}}\n\n{{input.issue.body}}",
        outputSchema: {
          type: "object",
          properties: {
            kind: { enum: ["bug", "feature", "question"] },
            urgency: { enum: ["low", "normal", "high"] },
            summary: { type: "string" },
          },
          required: ["kind", "urgency", "summary"],
        },
      }),
      output({ issue: "{{input.issue.html_url}}", triage: "{{nodes.triage.output}}" }),
    ],
    edges: ["input>isNew", "isNew>triage:true", "isNew>output:false", "triage>output"].map(edge),
  },
};

const PULL_REQUEST: AgentTemplate = {
  id: "github-pull-request-summary",
  name: "Pull request summary",
  description: "Tells in a few lines what a pull request changes and what to look at.",
  preset: "github",
  pipeline: chain([
    input,
    {
      id: "facts",
      type: "transform",
      data: {
        code: [
          "const { title, body, additions, deletions, changed_files } = {{input.pull_request}};",
          "return `${title}\\n${body ?? ''}\\n${changed_files} files, +${additions} -${deletions}`;",
        ].join("\n"),
      },
    },
    ask("summary", {
      systemPrompt: "Summarise the pull request in three lines for a reviewer.",
      userPromptTemplate: "{{nodes.facts.output}}",
    }),
    output({
      pullRequest: "{{input.pull_request.html_url}}",
      summary: "{{nodes.summary.output}}",
    }),
  ]),
};

const PAYMENT: AgentTemplate = {
  id: "stripe-payment-review",
  name: "Stripe payment review",
  description: "Asks a model about large payments only; small ones pass.",
  preset: null,
  pipeline: {
    nodes: [
      input,
      {
        id: "isLarge",
        type: "condition",
        data: { expression: "(input.data?.object?.amount_total ?? 0) >= 5000" },
      },
      ask("review", {
        systemPrompt: "Say whether a person should look at this payment, and why, in one line.",
        userPromptTemplate:
          "{{input.type}}: {{input.data.object.amount_total}} {{input.data.object.currency}}, {{input.data.object.payment_status}}, {{input.data.object.customer_details}}",
      }),
      { id: "small", type: "transform", data: { code: "return 'passed: a small payment'" } },
      {
        id: "either",
        type: "merge",
        data: { sources: ["review", "small"], strategy: "first_non_null" },
      },
      output({ event: "{{input.id}}", review: "{{nodes.either.output}}" }),
    ],
    edges: [
      "input>isLarge",
      "isLarge>review:true",
      "isLarge>small:false",
      "review>either",
      "small>either",
      "either>output",
    ].map(edge),
  },
};

const SLACK: AgentTemplate = {
  id: "slack-answer",
  name: "Slack answer",
  description: "Drafts an answer to a message; a tool with Slack's API can send it.",
  preset: null,
  pipeline: chain([
    input,
    ask("answer", {
      systemPrompt: "Answer the message briefly and kindly.",
      userPromptTemplate: "{{input.event.text}}",
    }),
    output({
      channel: "{{input.event.channel}}",
      thread: "{{input.event.ts}}",
      text: "{{nodes.answer.output}}",
    }),
  ]),
};

const ALERTS: AgentTemplate = {
  id: "alert-triage",
  name: "Alert triage",
  description:
    "Looks at each alert of a group by itself, three at a time, and lists what came of it.",
  preset: null,
  pipeline: {
    nodes: [
      {
        id: "input",
        type: "input",
        data: { schema: { type: "object", required: ["alerts"] } },
      },
      {
        id: "each",
        type: "loop",
        data: { iterableExpression: "{{input.alerts}}", concurrency: 3 },
      },
      ask("look", {
        systemPrompt: "Say in one line what this alert means and what to check first.",
        userPromptTemplate: "{{loop.item.labels}} {{loop.item.annotations}}",
      }),
      output({ status: "{{input.status}}", alerts: "{{nodes.each.output}}" }),
    ],
    edges: ["input>each", "each>look:body", "each>output:done"].map(edge),
  },
};

const SUMMARY: AgentTemplate = {
  id: "summary",
  name: "Summary",
  description: "Tells in plain words what any delivery says.",
  preset: null,
  pipeline: chain([
    input,
    ask("summary", {
      systemPrompt: "Say in two plain sentences what this event tells.",
      userPromptTemplate: "{{trigger.event}} {{input}}",
    }),
    output("{{nodes.summary.output}}"),
  ]),
};

/** All of them, the plainest last. */
export const AGENT_TEMPLATES: readonly AgentTemplate[] = [
  ISSUE_TRIAGE,
  PULL_REQUEST,
  PAYMENT,
  SLACK,
  ALERTS,
  SUMMARY,
];
