import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { writeEveryKind } from '../setup/every-kind.js';
import { manifestOf, sha256Of, temporaryDirectory, writeHardBars, writeLedger } from '../setup/exported.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

test('each format has what the database has, to the last digit', async () => {
  const { store, url } = await openTestStore();
  await writeHardBars(store);
  await writeEveryKind(url);
  await writeLedger(store, url);
  const raw = await openRawClient(url);
  const directory = await temporaryDirectory();
  for (const format of ['csv', 'ndjson', 'parquet'] as const) {
    const r = await store.export({ format, directory: join(directory, format) });
    console.log(r.files.map((f) => [f.path, f.rows, f.bytes, f.first, f.last, f.series]));
  }
  console.log((await readFile(join(directory, 'csv', 'bars.csv'), 'utf8')).split('\n').slice(0,3), (await readFile(join(directory, 'csv', 'order-books.csv'), 'utf8')), (await readFile(join(directory, 'csv', 'patterns.csv'), 'utf8')));
  console.log((await readFile(join(directory, 'ndjson', 'bars.ndjson'), 'utf8')).slice(-900), (await readFile(join(directory, 'ndjson', 'order-books.ndjson'), 'utf8')), (await readFile(join(directory, 'ndjson', 'patterns.ndjson'), 'utf8')));
});
