// A server beside a model stub that it may call, and the pipelines that call it.

import { startModelStub, type ModelStub, type StubOptions } from "./model-stub";
import { within } from "./process-waiting";
import { makeAgent, makeProvider } from "./server-calls";
import { deliveryBytes, sendAtOnce } from "./server-load";
import type { Server } from "./server";
import { startServer } from "./server";

export interface ModelScene extends AsyncDisposable {
  server: Server;
  stub: ModelStub;
  /** The id of the provider at the stub. */
  provider: string;
}

/** The stub goes with its scope. */
export async function startStub(options: StubOptions = {}): Promise<ModelStub & AsyncDisposable> {
  const stub = await startModelStub(options);
  return { ...stub, [Symbol.asyncDispose]: () => stub.close() };
}

export const PROVIDER_KEY = "sk-of-the-stub-0123456789abcdef";

/** Starts the stub, and a server that may reach nothing else on this machine. */
export async function openModelScene(
  options: StubOptions & { env?: Record<string, string> } = {},
): Promise<ModelScene> {
  await using opened = new AsyncDisposableStack();
  const stub = opened.use(await startStub(options));
  const env = { HOOKLINE_ALLOW_PRIVATE: `127.0.0.1:${stub.port}`, ...options.env };
  const server = opened.use(await startServer({ env }));
  const provider = await makeProvider(server, { baseUrl: stub.baseUrl, apiKey: PROVIDER_KEY });
  const owned = opened.move();
  return { server, stub, provider, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface Node {
  id: string;
  type: string;
  data: Record<string, unknown>;
}

/** One node after the other. */
export function chain(nodes: Node[]) {
  const edges = nodes.slice(1).map((node, place) => {
    const source = nodes[place]?.id ?? "";
    return { id: `${source}-${node.id}`, source, target: node.id };
  });
  return { nodes, edges };
}

export const inputNode: Node = { id: "input", type: "input", data: {} };

export const outputNode = (mapping: unknown): Node => ({
  id: "output",
  type: "output",
  data: { mapping },
});

/** A call of a model in one attempt; `data` as of the node. */
export const modelNode = (data: { id: string } & Record<string, unknown>): Node => {
  const { id, ...fields } = data;
  return { id, type: "llm_call", data: { model: "ok", retries: 0, ...fields } };
};

/** input → one model call → output; `data` as of the call's node. */
export const modelPipeline = (data: Record<string, unknown>) =>
  chain([inputNode, modelNode({ id: "llm", ...data }), outputNode("{{nodes.llm.output}}")]);

/** input → two model calls, the second on the answer of the first → output. */
export const twoModelPipeline = (data: Record<string, unknown>) =>
  chain([
    inputNode,
    modelNode({ id: "first", ...data }),
    modelNode({ id: "second", ...data, userPromptTemplate: "{{nodes.first.output}}" }),
    outputNode("{{nodes.second.output}}"),
  ]);

/** Resolves once that many calls have reached the stub. */
export const callsCame = (scene: ModelScene, count: number): Promise<void> =>
  within(
    `${count} model calls`,
    scene.stub.until(() => scene.stub.calls.length >= count),
  );

export interface ModelAgent {
  agentId: string;
  /** Sends so many deliveries at once, numbered on. */
  send(count: number): ReturnType<typeof sendAtOnce>;
}

export interface ModelAgentOptions {
  /** The prompt of each call is `<name> <number of the delivery>`. */
  name: string;
  /** What the stub does with its calls; held until `stub.release` without it. */
  model?: string;
  limits?: Record<string, unknown>;
  /** More settings of the webhook. */
  webhook?: Record<string, unknown>;
}

/** An agent with one model call. */
export async function modelAgent(scene: ModelScene, data: ModelAgentOptions): Promise<ModelAgent> {
  const pipeline = modelPipeline({
    providerId: scene.provider,
    model: data.model ?? "hold",
    userPromptTemplate: `${data.name} {{input.number}}`,
  });
  const webhook = { ...data.webhook, limits: data.limits ?? {} };
  const { id: agentId } = await makeAgent(scene.server, { name: data.name, pipeline, webhook });
  let next = 0;
  return {
    agentId,
    send(count) {
      const make = (): Buffer => deliveryBytes({ agentId, body: { number: next++ } });
      return sendAtOnce(scene.server.url, Array.from({ length: count }, make));
    },
  };
}
