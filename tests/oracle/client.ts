// A program on the client that a generator makes of the document: it compiles only where the document
// types every call, and works only where the server keeps to it.

import createClient from "openapi-fetch";
import type { Failure } from "./answers";
import { dataOf, errorOf } from "./answers";
import type { components, paths } from "./generated/api";

type Pipeline = components["schemas"]["Pipeline"];

export interface Story {
  agentId: string;
  status: string;
  output: unknown;
  listed: string[];
  /** Failure of a call with a wrong token, and of one with a wrong body. */
  refused: Failure["error"];
  invalid: Failure["error"];
}

const PIPELINE: Pipeline = {
  nodes: [
    { id: "input", type: "input", data: {} },
    {
      id: "llm",
      type: "llm_call",
      data: { providerId: "echo", userPromptTemplate: "Hello {{input.name}}" },
    },
    { id: "output", type: "output", data: { mapping: "{{nodes.llm.output}}" } },
  ],
  edges: [
    { id: "e1", source: "input", target: "llm" },
    { id: "e2", source: "llm", target: "output" },
  ],
};

/** Makes an agent, turns its webhook on, delivers, polls until the end, and lists. */
export async function tellStory(data: { url: string; token: string }): Promise<Story> {
  const headers = { Authorization: `Bearer ${data.token}` };
  const api = createClient<paths>({ baseUrl: data.url, headers });
  const stranger = createClient<paths>({ baseUrl: data.url });

  const made = await api.POST("/agents", { body: { name: "greeter", pipeline: PIPELINE } });
  const { id } = dataOf(made);
  const path = { id };
  dataOf(await api.PATCH("/agents/{id}", { params: { path }, body: { webhookEnabled: true } }));

  const body = { name: "Ada" };
  const sent = await stranger.POST("/agents/{id}/webhook", { params: { path }, body });
  const { executionId } = dataOf(sent);
  if (executionId === null) throw new Error("the delivery started nothing");

  const poll = { params: { path: { id, executionId } } };
  let execution = dataOf(await api.GET("/agents/{id}/executions/{executionId}", poll));
  for (let tries = 0; execution.status === "running" && tries < 500; tries += 1) {
    execution = dataOf(await api.GET("/agents/{id}/executions/{executionId}", poll));
  }

  const query = { status: "completed", limit: 10 };
  const list = await api.GET("/agents/{id}/executions", { params: { path, query } });
  return {
    agentId: id,
    status: execution.status,
    output: execution.output,
    listed: dataOf(list).map((one) => one.id),
    refused: errorOf(await stranger.GET("/agents")),
    invalid: errorOf(await api.POST("/agents", { body: { name: "" } })),
  };
}
