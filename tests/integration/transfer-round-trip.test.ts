import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import type { ExportFormat } from '../../src/index.js';
import { importBars } from '../../src/repositories/bars/import-run.js';
import { importTickFile } from '../../src/transfer/import/tick-import.js';
import { openFile } from '../../src/transfer/read/open-file.js';
import { writeEveryKind } from '../setup/every-kind.js';
import { manifestOf, sha256Of, temporaryDirectory, writeHardBars } from '../setup/exported.js';
import { openTestStore } from '../setup/test-database.js';

const MARKET = ['bars', 'trades', 'quotes', 'order-books', 'indicators'] as const;

/** Imports a file of an export as it stands: no option says anything about it. */
async function importExport(url: string, path: string): Promise<void> {
  const database = await Database.open(readConfig({ databaseUrl: url }));
  const file = await openFile(path);
  const run = { id: randomUUID(), actor: 'test', source: path };
  if (file.kind === 'bars') expect({ problems: file.problems, path }).toEqual({ problems: [], path });
  await database.pool.transaction<unknown>((client) =>
    file.kind === 'bars' ? importBars(client, file.series, run) : importTickFile(client, file, run),
  );
  await file.close();
  await database.close();
}

test('an export that is imported into an empty database and exported again is the same, byte for byte', async () => {
  const { store, url } = await openTestStore();
  await writeHardBars(store);
  await writeEveryKind(url);
  const directory = await temporaryDirectory();
  const exported = async (from: typeof store, name: string, format: ExportFormat) => {
    const path = join(directory, name);
    await from.files.export({
      kinds: MARKET,
      format,
      directory: path,
      compression: name.endsWith('gz') ? 'gzip' : undefined,
    });
    return path;
  };
  const original = await exported(store, 'original', 'csv');
  for (const format of ['csv', 'csv-gz', 'parquet'] as const) {
    const { store: other, url: to } = await openTestStore();
    const path = format === 'csv' ? original : await exported(store, format, format === 'csv-gz' ? 'csv' : format);
    for (const file of (await manifestOf(path)).files) {
      // Files of ticks are read back as text.
      const readable = format === 'csv' || file.kind === 'bars';
      await importExport(to, join(readable ? path : original, readable ? file.path : `${file.kind}.csv`));
    }
    const again = await exported(other, `again-after-${format}.csv`, 'csv');
    for (const file of (await manifestOf(original)).files) {
      expect(await sha256Of(join(again, file.path)), `${format} ${file.kind}`).toBe(file.sha256);
    }
    expect(await other.bars.series()).toMatchObject((await store.bars.series()).map(({ id: _, ...series }) => series));
  }
});
