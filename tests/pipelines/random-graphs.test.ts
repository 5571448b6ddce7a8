// Random valid pipelines against an interpreter that knows nothing of graphs: it walks the blocks that
// they were built from.

import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Edge, Node, Pipeline } from "../../src/pipelines/pipelines.schema";
import type { Json, StepRecord } from "../../src/pipelines/record";
import { runPipeline } from "../../src/pipelines/run";
import { condition, createEchoHost, edge, loop, merge, node, parallel } from "./fixtures";
import { runData, transform, validate } from "./fixtures";

type Block =
  | { kind: "step" }
  | { kind: "if"; isTrue: boolean; ways: [Block[], Block[]] }
  | { kind: "parallel"; branches: Block[][] }
  | { kind: "loop"; items: number; concurrency: number; body: Block[] };

const { blocks } = fc.letrec<{ block: Block; blocks: Block[] }>((tie) => ({
  block: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ kind: fc.constant("step" as const) }),
    fc.record({
      kind: fc.constant("if" as const),
      isTrue: fc.boolean(),
      ways: fc.tuple(tie("blocks"), tie("blocks")),
    }),
    fc.record({
      kind: fc.constant("parallel" as const),
      branches: fc.array(tie("blocks"), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant("loop" as const),
      items: fc.nat(3),
      concurrency: fc.integer({ min: 1, max: 3 }),
      body: tie("blocks"),
    }),
  ),
  blocks: fc.array(tie("block"), { minLength: 1, maxLength: 3, depthIdentifier: "blocks" }),
}));

/** Where a block begins, what reads its result, and the edges that lead on from it. */
interface Built {
  entry: string;
  result: string;
  exits: string[];
  /** Its steps on this path, and its result. */
  run(path: number[]): { value: Json; steps: string[] };
  /** The nodes that are skipped with it. */
  skipped: string[];
}

interface Builder {
  nodes: Node[];
  edges: Edge[];
}

const nextId = ({ nodes }: Builder): string => `n${nodes.length}`;
const stepOf = (id: string, path: number[]): string => `${id}/${path.join(".")} completed`;

function buildStep(builder: Builder): Built {
  const id = nextId(builder);
  builder.nodes.push(transform(id, `return "${id}"`));
  const run = (path: number[]) => ({ value: id, steps: [stepOf(id, path)] });
  return { entry: id, result: id, exits: [id], run, skipped: [id] };
}

function buildIf(builder: Builder, block: Block & { kind: "if" }): Built {
  const id = nextId(builder);
  builder.nodes.push(condition(id, String(block.isTrue)));
  const [yes, no] = block.ways.map((way) => buildBlocks(builder, way)) as [Built, Built];
  builder.edges.push(edge(`${id}>${yes.entry}:true`), edge(`${id}>${no.entry}:false`));
  const join = nextId(builder);
  const sources = [yes.result, no.result];
  builder.nodes.push(merge(join, sources, { strategy: "first_non_null" }));
  for (const exit of [...yes.exits, ...no.exits]) connect(builder, exit, join);
  const [taken, left] = block.isTrue ? [yes, no] : [no, yes];
  return {
    entry: id,
    result: join,
    exits: [join],
    run(path) {
      const { value, steps } = taken.run(path);
      const skips = left.skipped.map((one) => `${one}/${path.join(".")} skipped`);
      return { value, steps: [stepOf(id, path), ...steps, ...skips, stepOf(join, path)] };
    },
    skipped: [id, ...yes.skipped, ...no.skipped, join],
  };
}

function buildParallel(builder: Builder, block: Block & { kind: "parallel" }): Built {
  const id = nextId(builder);
  const owner = parallel(id, []);
  builder.nodes.push(owner);
  const built = block.branches.map((branch) => buildBlocks(builder, branch));
  owner.data.branches = built.map(({ entry }) => entry);
  builder.edges.push(...built.map(({ entry }) => edge(`${id}>${entry}`)));
  return {
    entry: id,
    result: id,
    exits: built.flatMap(({ exits }) => exits),
    run(path) {
      const ran = built.map((branch) => branch.run(path));
      const steps = ran.flatMap((branch) => branch.steps);
      return { value: ran.map(({ value }) => value), steps: [...steps, stepOf(id, path)] };
    },
    skipped: [id],
  };
}

function buildLoop(builder: Builder, block: Block & { kind: "loop" }): Built {
  const id = nextId(builder);
  const { items, concurrency } = block;
  builder.nodes.push(loop(id, `{{input.items[${items}]}}`, { concurrency }));
  const body = buildBlocks(builder, block.body);
  builder.edges.push(edge(`${id}>${body.entry}:body`));
  return {
    entry: id,
    result: id,
    exits: [`${id}:done`],
    run(path) {
      const ran = Array.from({ length: items }, (_, index) => body.run([...path, index]));
      const steps = ran.flatMap((iteration) => iteration.steps);
      return { value: ran.map(({ value }) => value), steps: [...steps, stepOf(id, path)] };
    },
    skipped: [id],
  };
}

/** `id` or `id:handle` to a node. */
function connect(builder: Builder, exit: string, target: string): void {
  const [id = "", handle] = exit.split(":");
  builder.edges.push(edge(`${id}>${target}${handle === undefined ? "" : `:${handle}`}`));
}

function buildBlock(builder: Builder, block: Block): Built {
  switch (block.kind) {
    case "step":
      return buildStep(builder);
    case "if":
      return buildIf(builder, block);
    case "parallel":
      return buildParallel(builder, block);
    case "loop":
      return buildLoop(builder, block);
  }
}

function buildBlocks(builder: Builder, [head, ...tail]: Block[]): Built {
  let last = buildBlock(builder, head ?? { kind: "step" });
  const built = [last];
  for (const block of tail) {
    const next = buildBlock(builder, block);
    for (const exit of last.exits) connect(builder, exit, next.entry);
    built.push(next);
    last = next;
  }
  return {
    entry: built[0]?.entry ?? "",
    result: last.result,
    exits: last.exits,
    run(path) {
      const ran = built.map((one) => one.run(path));
      const steps = ran.flatMap((one) => one.steps);
      return { value: ran.at(-1)?.value ?? null, steps };
    },
    skipped: built.flatMap((one) => one.skipped),
  };
}

function buildPipeline(list: Block[]): { pipeline: Pipeline; expected: Built } {
  const builder: Builder = { nodes: [node({ id: "in", type: "input" })], edges: [] };
  const expected = buildBlocks(builder, list);
  const mapping = `{{nodes.${expected.result}.output}}`;
  builder.edges.push(edge(`in>${expected.entry}`));
  for (const exit of expected.exits) connect(builder, exit, "out");
  builder.nodes.push(node({ id: "out", type: "output", data: { mapping } }));
  return { pipeline: builder, expected };
}

const INPUT = { items: [0, 1, 2, 3].map((count) => Array.from({ length: count }, () => "x")) };

/** Every node of an edge ended before the one it leads to, on the same path. */
function expectOrder(steps: StepRecord[], { edges }: Pipeline): void {
  const at = new Map(steps.map((step, index) => [`${step.nodeId}/${step.iteration}`, index]));
  const owners = new Set(steps.map((step) => step.iteration));
  for (const { source, target, sourceHandle } of edges) {
    // A loop or parallel ends after what it runs.
    if (sourceHandle === "body") continue;
    for (const path of owners) {
      const [before, after] = [at.get(`${source}/${path}`), at.get(`${target}/${path}`)];
      if (before === undefined || after === undefined) continue;
      expect([source, target, before < after]).toEqual([source, target, true]);
    }
  }
}

test("a random pipeline runs each node once a path, in the order of its edges, to its result", async () => {
  let most = 0;
  await fc.assert(
    fc.asyncProperty(blocks, async (list) => {
      const { pipeline, expected } = buildPipeline(list);
      fc.pre(pipeline.nodes.length <= 100);
      most = Math.max(most, pipeline.nodes.length);
      expect(validate(pipeline).faults).toEqual([]);
      const result = await runPipeline(createEchoHost(), runData(pipeline, { input: INPUT }));
      const { value, steps } = expected.run([]);
      expect({ status: result.status, output: result.output }).toEqual({
        status: "completed",
        output: value,
      });
      const ran = result.steps.map((step) => `${step.nodeId}/${step.iteration} ${step.status}`);
      expect(ran.toSorted()).toEqual(["in/ completed", "out/ completed", ...steps].toSorted());
      const inOrder = {
        ...pipeline,
        edges: pipeline.edges.filter(
          ({ source }) => pipeline.nodes.find(({ id }) => id === source)?.type !== "parallel",
        ),
      };
      expectOrder(result.steps, inOrder);
    }),
    { numRuns: 300 },
  );
  // Of pipelines with a handful of nodes only, this would say little.
  expect(most).toBeGreaterThan(30);
});
