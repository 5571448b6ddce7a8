// Instances of QuickJS: compiled once, a fresh one for every run, the next made ahead of it with the
// prelude run in it. Leaves running code to `evaluate.ts`.

import variant from "@jitl/quickjs-ng-wasmfile-release-sync";
import wasm from "@jitl/quickjs-ng-wasmfile-release-sync/wasm" with { type: "file" };
import type { QuickJSContext, QuickJSHandle, QuickJSWASMModule } from "quickjs-emscripten-core";
import { newQuickJSWASMModuleFromVariant, newVariant } from "quickjs-emscripten-core";
import prelude from "./prelude.js" with { type: "text" };

const PAGE_BYTES = 65_536;
/** What the engine asks for at its start: 16 MiB. */
const INITIAL_PAGES = 256;
/** 64 MiB. The engine's own limit does not count typed arrays: only this one holds. */
const MAX_PAGES = 1024;

/** Above it the memory is as good as full: it grows in steps and may miss the last one. */
const FULL_BYTES = 0.9 * MAX_PAGES * PAGE_BYTES;

/** An instance in which nothing of a user's has run. */
export interface Instance {
  readonly memory: WebAssembly.Memory;
  readonly context: QuickJSContext;
  /** Functions of `prelude.js`. */
  readonly run: QuickJSHandle;
  readonly describe: QuickJSHandle;
  /** Takes a line that the code logs; false where it takes no more. */
  log(line: string): boolean;
}

export interface Engine {
  /** An instance for one run; its memory may grow, and it is never used again. */
  take(): Promise<Instance>;
  /** Makes the next one, so that the run that takes it need not wait. */
  refill(): Promise<void>;
}

/** Whether an instance has taken more memory than it started with. */
export const hasGrown = ({ memory }: Instance): boolean =>
  memory.buffer.byteLength > INITIAL_PAGES * PAGE_BYTES;

/** Whether an instance has taken all the memory it may. */
export const isFull = ({ memory }: Instance): boolean => memory.buffer.byteLength > FULL_BYTES;

/** Runs the prelude, which takes about 1 ms. */
function open(quickjs: QuickJSWASMModule): Instance {
  const context = quickjs.newContext();
  const log = context.newFunction("log", (line) => {
    // Whatever way the code came to this function, only text passes.
    if (line === undefined || context.typeof(line) !== "string") return context.undefined;
    return instance.log(context.getString(line)) ? context.true : context.false;
  });
  const prepare = context.unwrapResult(context.evalCode(prelude, "prelude"));
  const pair = context.unwrapResult(context.callFunction(prepare, context.undefined, log));
  const instance: Instance = {
    memory: quickjs.getWasmMemory(),
    context,
    run: context.getProp(pair, 0),
    describe: context.getProp(pair, 1),
    log: () => false,
  };
  return instance;
}

/** Compiles the engine, which takes about 15 ms; an instance takes about 2 ms. */
export async function createEngine(): Promise<Engine> {
  const wasmModule = await WebAssembly.compile(await Bun.file(wasm).arrayBuffer());
  const make = async (): Promise<Instance> => {
    const wasmMemory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAX_PAGES });
    const own = newVariant(variant, { wasmModule, wasmMemory });
    return open(await newQuickJSWASMModuleFromVariant(own));
  };
  let next: Instance | null = null;
  return {
    async take() {
      const taken = next ?? (await make());
      next = null;
      return taken;
    },
    async refill() {
      next ??= await make();
    },
  };
}
