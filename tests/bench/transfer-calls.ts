import type { Store } from '../../src/store.js';

interface Imported {
  readonly error: Error | null;
}

/** Imports files, and throws what went wrong with the first that failed. */
export async function importAll(store: Store, paths: readonly string[]): Promise<void> {
  const result: unknown = await store.importFiles({ paths, onError: 'stop' });
  const files = (Array.isArray(result) ? result : (result as { files: unknown }).files) as readonly Imported[];
  for (const { error } of files) if (error) throw error;
}

/** What the store has beside the import, where it has it. */
interface Transfers {
  verifyFiles?(options: { readonly paths: readonly string[] }): Promise<{ readonly passed: boolean }>;
  export?(options: {
    readonly kinds: readonly ['bars'];
    readonly symbols: readonly string[];
    readonly format: 'parquet';
    readonly directory: string;
  }): Promise<unknown>;
}

/** Milliseconds; undefined where the store has no such thing. */
export async function timeVerify(store: Store, paths: readonly string[]): Promise<number | undefined> {
  const transfers = store as unknown as Transfers;
  if (!transfers.verifyFiles) return undefined;
  const start = performance.now();
  const { passed } = await transfers.verifyFiles({ paths });
  if (!passed) throw new Error('what was imported differs from its files');
  return performance.now() - start;
}

export async function timeExport(store: Store, symbol: string, directory: string): Promise<number | undefined> {
  const transfers = store as unknown as Transfers;
  if (!transfers.export) return undefined;
  const start = performance.now();
  await transfers.export({ kinds: ['bars'], symbols: [symbol], format: 'parquet', directory });
  return performance.now() - start;
}
