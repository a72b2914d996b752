import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import type { Store } from '../../src/store.js';
import { importTickFile, type TickImport, type TickImportOptions } from '../../src/transfer/import/tick-import.js';
import { type FileOptions, openFile } from '../../src/transfer/read/open-file.js';
import type { TickFile } from '../../src/transfer/read/ticks/tick-file.js';
import { type TickFileVerification, verifyTickFile } from '../../src/transfer/verify/ticks.js';
import { openTestStore } from './test-database.js';

/** A store, and beside it what imports and verifies files of ticks in its database. */
export interface TickStore {
  readonly store: Store;
  readonly url: string;
  readonly database: Database;
  import(path: string, options?: FileOptions & TickImportOptions): Promise<TickImport[]>;
  verify(path: string, options?: FileOptions): Promise<TickFileVerification>;
}

export async function openTickStore(): Promise<TickStore> {
  const { store, url } = await openTestStore();
  const database = await Database.open(readConfig({ databaseUrl: url }));
  onTestFinished(() => database.close());
  return {
    ...{ store, url, database },
    async import(path, { onProgress, dryRun, replace, ...options } = {}) {
      const file = await openTicks(path, options);
      const run = { id: randomUUID(), actor: 'test', source: path };
      const { signal } = options;
      return database.pool.transaction((client) =>
        importTickFile(client, file, run, { onProgress, dryRun, replace, signal }),
      );
    },
    async verify(path, options) {
      return verifyTickFile(database.pool, await openTicks(path, options), { onError: 'stop' });
    },
  };
}

/** @throws TypeError for a file of bars */
export async function openTicks(path: string, options: FileOptions = {}): Promise<TickFile> {
  const file = await openFile(path, options);
  onTestFinished(() => file.close());
  if (file.kind === 'bars') throw new TypeError(`${path} has bars`);
  return file;
}

/** Writes files into a folder that is gone when the test ends. */
export async function folderOf(files: Readonly<Record<string, readonly string[]>>): Promise<(name: string) => string> {
  const folder = await mkdtemp(join(tmpdir(), 'wyckoff-ticks-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, lines] of Object.entries(files)) await writeFile(join(folder, name), lines.join('\n'));
  return (name) => join(folder, name);
}

/** All rows of a file, of all its kinds. */
export async function rowsOf({ parts }: TickFile): Promise<object[]> {
  const rows: object[] = [];
  for (const part of parts) for await (const batch of part.batches()) rows.push(...batch.rows);
  return rows;
}
