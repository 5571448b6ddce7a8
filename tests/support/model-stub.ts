// A model server for tests that streams every provider's wire format, with faults on demand.
// In process by `startModelStub`; `bun tests/support/model-stub.ts` prints `{"port":…}` and serves.

import { createServer, type Server, type Socket } from "node:net";
import { answerAs } from "./model-stub-answers";
import { formatOf } from "./model-stub-formats";
import { readRequest, sendJson, type StubRequest } from "./model-stub-http";

/** One request as it came. */
export interface StubCall {
  /** Counts from 1. */
  number: number;
  /** Epoch milliseconds. */
  at: number;
  path: string;
  /** Behind the `?`. */
  query: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  model: string;
  system: string | null;
  /** The last user message. */
  prompt: string;
  /** Whether its socket is open; false once answered or broken off. */
  open: boolean;
}

export interface ModelStub {
  port: number;
  /** Ends in `/v1`, as providers store it. */
  baseUrl: string;
  calls: StubCall[];
  /** TCP connections so far, silent ones included. */
  connections(): number;
  /** Calls with an open socket now. */
  open(): number;
  /** The most calls that were open at once. */
  peak(): number;
  /** Lets held calls answer: all that wait now, or the oldest `count`. */
  release(count?: number): void;
  /** As `release`, and none is held from now on. */
  stopHolding(): void;
  /** Resolves once the condition holds; looked at after every change. */
  until(holds: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export interface StubOptions {
  /** Replaces the behaviour that the model's name tells; see `model-stub-answers.ts`. */
  behaviour?: (call: StubCall) => string;
  /** 127.0.0.1 by default. */
  host?: string;
  port?: number;
}

interface State {
  calls: StubCall[];
  sockets: Set<Socket>;
  held: (() => void)[];
  holding: boolean;
  connections: number;
  peak: number;
  waiting: { holds: () => boolean; done: () => void }[];
}

const countOpen = (state: State): number => state.calls.filter((call) => call.open).length;

function changed(state: State): void {
  state.peak = Math.max(state.peak, countOpen(state));
  const ready = state.waiting.filter(({ holds }) => holds());
  state.waiting = state.waiting.filter((entry) => !ready.includes(entry));
  for (const { done } of ready) done();
}

function until(state: State, holds: () => boolean): Promise<void> {
  if (holds()) return Promise.resolve();
  return new Promise((done) => state.waiting.push({ holds, done }));
}

function release(state: State, count: number = state.held.length): void {
  for (const go of state.held.splice(0, count)) go();
}

/** Starts the stub on a free port. */
export async function startModelStub(options: StubOptions = {}): Promise<ModelStub> {
  const state: State = {
    calls: [],
    sockets: new Set(),
    held: [],
    holding: true,
    connections: 0,
    peak: 0,
    waiting: [],
  };
  const server = createServer({ noDelay: true }, (socket) => accept({ state, options }, socket));
  const port = await listen(server, options);
  const stopHolding = () => {
    state.holding = false;
    release(state);
  };
  return {
    port,
    baseUrl: `http://127.0.0.1:${port}/v1`,
    calls: state.calls,
    connections: () => state.connections,
    open: () => countOpen(state),
    peak: () => state.peak,
    release: (count) => release(state, count),
    stopHolding,
    until: (holds) => until(state, holds),
    close: () => closeServer(server, state),
  };
}

function listen(server: Server, options: StubOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

function closeServer(server: Server, state: State): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of state.sockets) socket.destroy();
  });
}

interface StubDeps {
  state: State;
  options: StubOptions;
}

function accept(deps: StubDeps, socket: Socket): void {
  const { state } = deps;
  state.connections += 1;
  state.sockets.add(socket);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => state.sockets.delete(socket));
  readRequest(socket, (request) => void answer(deps, { socket, request }));
  changed(state);
}

async function answer(
  deps: StubDeps,
  data: { socket: Socket; request: StubRequest },
): Promise<void> {
  const { socket, request } = data;
  if (request.path.startsWith("/control/")) return control(deps.state, data);
  const call = toCall(deps.state, request);
  deps.state.calls.push(call);
  socket.on("close", () => {
    call.open = false;
    changed(deps.state);
  });
  changed(deps.state);
  const behaviour = deps.options.behaviour?.(call) ?? call.model;
  if (behaviour === "hold" && deps.state.holding) {
    await new Promise<void>((go) => deps.state.held.push(go));
  }
  await answerAs(behaviour, { socket, call });
}

const toCall = (state: State, request: StubRequest): StubCall => ({
  number: state.calls.length + 1,
  at: Date.now(),
  path: request.path,
  query: request.query.toString(),
  headers: request.headers,
  body: request.body,
  ...formatOf(request.path).read(request),
  open: true,
});

/**
 * `GET /control/calls`: `{calls, connections, open, peak}`. `GET /control/wait?calls=N&open=M`: the
 * same once N calls came and M are open. `POST /control/release?count=N`; `?for=ever` holds no more.
 */
async function control(
  state: State,
  data: { socket: Socket; request: StubRequest },
): Promise<void> {
  const { path, query } = data.request;
  if (path === "/control/release") {
    if (query.get("for") === "ever") state.holding = false;
    release(state, query.has("count") ? Number(query.get("count")) : undefined);
  }
  if (path === "/control/wait") {
    await until(
      state,
      () =>
        state.calls.length >= Number(query.get("calls") ?? 0) &&
        (!query.has("open") || countOpen(state) === Number(query.get("open"))),
    );
  }
  const { calls, connections, peak } = state;
  sendJson(data.socket, { calls, connections, open: countOpen(state), peak });
}

if (import.meta.main) {
  const stub = await startModelStub({ port: Number(Bun.argv[2] ?? 0) });
  console.log(JSON.stringify({ port: stub.port, baseUrl: stub.baseUrl }));
}
