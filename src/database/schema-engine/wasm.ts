import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as Bindings from '@prisma/schema-engine-wasm/schema_engine_bg';

export type WasmSchemaEngine = Bindings.SchemaEngine;
export type WasmBindings = typeof Bindings;

/** TypeScript declares this global only beside the browser's. */
declare const WebAssembly: {
  instantiate(
    binary: Uint8Array,
    imports: Record<string, Record<string, unknown>>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
  readonly RuntimeError: typeof Error;
};

interface PanicRegistry {
  message: string | undefined;
  set_message(message: string): void;
}

/** The engine looks this object up on `global` when it panics; without it the reason is lost behind `RuntimeError: unreachable`. */
const panicRegistry: PanicRegistry = {
  message: undefined,
  set_message(message) {
    this.message = message;
  },
};

/**
 * The bindings are one module that holds one instance, for all who import it. This file may be there twice in a process (two installed
 * versions, a test runner's module graphs): a second instance would pull the memory from under the first, so all share the first one.
 */
const LOADED = Symbol.for('wyckoff-store.schema-engine');
const shared = globalThis as { [LOADED]?: Promise<WasmBindings> };

/**
 * Prisma's schema engine, compiled once a process (about 50 ms) and only when something asks for it. The package's own entry point
 * imports the `.wasm` file as an ES module, which Node 20 cannot do, so the instance is put together here.
 */
export function loadSchemaEngineWasm(): Promise<WasmBindings> {
  shared[LOADED] ??= instantiate();
  return shared[LOADED];
}

async function instantiate(): Promise<WasmBindings> {
  const bindingsFile = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const [bindings, binary] = await Promise.all([
    import('@prisma/schema-engine-wasm/schema_engine_bg'),
    readFile(join(dirname(bindingsFile), 'schema_engine_bg.wasm')),
  ]);
  const { instance } = await WebAssembly.instantiate(binary, {
    './schema_engine_bg.js': { ...bindings, ...unreferencedTimers(bindings) },
  });
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: panicRegistry });
  bindings.__wbg_set_wasm(instance.exports);
  const start = instance.exports.__wbindgen_start;
  if (typeof start === 'function') start();
  return bindings;
}

/**
 * The engine never clears the ten-second timer with which it guards its lock, and a process that has nothing else to do would wait for it.
 * The import's name ends in a hash, so it is found by its beginning.
 */
function unreferencedTimers(bindings: object): Record<string, unknown> {
  const names = Object.keys(bindings).filter((name) => name.startsWith('__wbg_setTimeout_'));
  const start = (callback: () => void, milliseconds: number) => setTimeout(callback, milliseconds >>> 0).unref();
  return Object.fromEntries(names.map((name) => [name, start]));
}

/** Why the engine panicked, when `error` is what a panic looks like from outside. */
export function panicReason(error: unknown): string | undefined {
  return error instanceof WebAssembly.RuntimeError ? (panicRegistry.message ?? error.message) : undefined;
}
