// Instances of QuickJS: compiled once, a fresh one for every run, the next made ahead of it.
// Leaves running code to `evaluate.ts`.

import variant from "@jitl/quickjs-ng-wasmfile-release-sync";
import wasm from "@jitl/quickjs-ng-wasmfile-release-sync/wasm" with { type: "file" };
import type { QuickJSWASMModule } from "quickjs-emscripten-core";
import { newQuickJSWASMModuleFromVariant, newVariant } from "quickjs-emscripten-core";

const PAGE_BYTES = 65_536;
/** What the engine asks for at its start: 16 MiB. */
const INITIAL_PAGES = 256;
/** 64 MiB. The engine's own limit does not count typed arrays: only this one holds. */
const MAX_PAGES = 1024;

/** Above it the memory is as good as full: it grows in steps and may miss the last one. */
const FULL_BYTES = 0.9 * MAX_PAGES * PAGE_BYTES;

export interface Engine {
  /** An instance that nothing has run in. */
  take(): Promise<QuickJSWASMModule>;
  /** Makes the next one, so that the run that takes it need not wait. */
  refill(): Promise<void>;
}

/** Whether an instance has taken more memory than it started with. */
export const hasGrown = (quickjs: QuickJSWASMModule): boolean =>
  quickjs.getWasmMemory().buffer.byteLength > INITIAL_PAGES * PAGE_BYTES;

/** Whether an instance has taken all the memory it may. */
export const isFull = (quickjs: QuickJSWASMModule): boolean =>
  quickjs.getWasmMemory().buffer.byteLength > FULL_BYTES;

/** Compiles the engine, which takes about 15 ms; an instance takes about 1 ms. */
export async function createEngine(): Promise<Engine> {
  const wasmModule = await WebAssembly.compile(await Bun.file(wasm).arrayBuffer());
  const make = (): Promise<QuickJSWASMModule> => {
    const wasmMemory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAX_PAGES });
    return newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmModule, wasmMemory }));
  };
  let next: QuickJSWASMModule | null = null;
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
