import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  buildGraph,
  findCycles,
  findReachable,
  findUpstream,
  type Graph,
  sortTopologically,
} from "../../../src/pipelines/shape/graph";
import { edge, node } from "../fixtures";

const graphOf = (ids: string, edges: string[]): Graph =>
  buildGraph({
    nodes: ids.split("").map((id) => node({ id, type: "merge" })),
    edges: edges.map(edge),
  });

const names = (graph: Graph, nodes: Iterable<number>): string =>
  [...nodes].map((one) => graph.ids[one]).join("");

test("a diamond is sorted with every node after all its predecessors", () => {
  const graph = graphOf("dcba", ["a>b", "a>c", "b>d", "c>d"]);
  expect(names(graph, sortTopologically(graph) ?? [])).toBe("abcd");
});

test("a graph with a cycle has no order", () => {
  expect(sortTopologically(graphOf("abc", ["a>b", "b>c", "c>b"]))).toBeNull();
});

test("edges whose ends are unknown are left out", () => {
  const graph = graphOf("ab", ["a>b", "a>x", "x>b"]);
  expect(graph.successors).toEqual([[1], []]);
  expect(graph.predecessors).toEqual([[], [0]]);
});

test("of two nodes with one id edges mean the first", () => {
  expect(graphOf("aab", ["a>b"]).successors).toEqual([[2], [], []]);
});

const CYCLES: [string, string[], string[]][] = [
  ["abc", ["a>b", "b>c"], []],
  ["a", ["a>a"], ["a"]],
  ["abcd", ["a>b", "b>c", "c>b", "c>d"], ["bc"]],
  ["abcdef", ["a>b", "b>a", "c>d", "d>e", "e>c", "e>f"], ["ab", "cde"]],
];

test.each(CYCLES)("the cycles of %s with %p are %p", (ids, edges, expected) => {
  const graph = graphOf(ids, edges);
  expect([...findCycles(graph)].map((cycle) => names(graph, cycle))).toEqual(expected);
});

test("what is reachable includes the start, what is upstream does not include the node", () => {
  const graph = graphOf("abcd", ["a>b", "b>c"]);
  expect(names(graph, findReachable(graph, [1]))).toBe("bc");
  expect(names(graph, findUpstream(graph, 2))).toBe("ba");
  expect(findUpstream(graph, 3).size).toBe(0);
});

test("a node on a cycle is upstream of itself", () => {
  expect(findUpstream(graphOf("ab", ["a>b", "b>a"]), 0).has(0)).toBe(true);
});

test("a graph has an order exactly when it has no cycle, and each cycle found is one", () => {
  const pairs = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 14 });
  fc.assert(
    fc.property(pairs, (list) => {
      const graph = graphOf(
        "abcdefgh",
        list.map(([a, b]) => `${"abcdefgh"[a]}>${"abcdefgh"[b]}`),
      );
      const order = sortTopologically(graph);
      const cycles = [...findCycles(graph)];
      expect(order === null).toBe(cycles.length > 0);
      for (const cycle of cycles) {
        cycle.forEach((from, index) => {
          const to = cycle[(index + 1) % cycle.length] ?? -1;
          expect(graph.successors[from]).toContain(to);
        });
      }
      order?.forEach((one, index) => {
        for (const source of graph.predecessors[one] ?? []) {
          expect(order.indexOf(source)).toBeLessThan(index);
        }
      });
    }),
  );
});

test("a chain of 50,000 nodes is walked without using up the stack", () => {
  const nodes = Array.from({ length: 50_000 }, (_, index) =>
    node({ id: `n${index}`, type: "merge" }),
  );
  const edges = nodes.slice(1).map((_, index) => edge(`n${index}>n${index + 1}`));
  const graph = buildGraph({ nodes, edges });
  expect(findCycles(graph).next().done).toBe(true);
  expect(findReachable(graph, [0]).size).toBe(50_000);
});
