import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readEntries } from '../../scripts/api-docs/entries.js';
import { allExamples } from '../../scripts/api-docs/examples.js';
import { openProject } from '../../scripts/api-docs/exports.js';
import { openStore, type Store } from '../../src/index.js';
import { LEDGER_KINDS } from '../../src/transfer/export/kinds.js';
import { weekdayBars } from '../setup/daily-bars.js';
import { createExampleRows } from '../setup/example-rows.js';
import { minuteBars } from '../setup/minute-bars.js';
import { runExample } from '../setup/run-example.js';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.js';

const examples = allExamples(readEntries(openProject()));

let database: TestDatabase;
let directory: string;
const before = { directory: process.cwd(), url: process.env.WYCKOFF_DATABASE_URL };

beforeAll(async () => {
  database = await createTestDatabase();
  process.env.WYCKOFF_DATABASE_URL = database.url; // for those that open a store themselves
  directory = await mkdtemp(join(tmpdir(), 'wyckoff-examples-'));
  process.chdir(directory);
  for (const name of ['AAPL_1d.csv', 'MSFT_1d.csv'])
    await writeFile(name, 'date,open,high,low,close,volume\n2023-12-29,193.90,194.40,191.73,192.53,42628800\n');
  const store = await openStore();
  await store.bars.upsert([...minuteBars('AAPL', 1_500), ...weekdayBars('AAPL', '2024-01-01', '2025-01-01')]);
  await store.close();
});

afterAll(async () => {
  process.chdir(before.directory);
  if (before.url === undefined) delete process.env.WYCKOFF_DATABASE_URL;
  else process.env.WYCKOFF_DATABASE_URL = before.url;
  await rm(directory, { recursive: true, force: true });
  await database.drop();
});

it('there are examples', () => {
  expect(examples.length).toBeGreaterThan(100);
});

it.each(examples)('the example of $name runs', async ({ source }) => {
  const store = await openStore({ ingest: { directory: join(directory, 'ingest') } });
  const live = source.includes('.subscribe(') ? setInterval(() => void write(store), 100) : undefined;
  try {
    const rows = await createExampleRows(store);
    if (source.includes('restoreLedger'))
      await restore(store, (empty) => runExample(source, { ...rows, store: empty }));
    else await runExample(source, rows);
  } finally {
    clearInterval(live);
    await store.close();
  }
});

/** A ledger is restored into an empty one. */
async function restore(store: Store, run: (empty: Store) => Promise<unknown>): Promise<void> {
  await store.files.export({ kinds: LEDGER_KINDS, format: 'ndjson', directory: 'ledger' });
  const other = await createTestDatabase();
  const empty = await openStore({ databaseUrl: other.url });
  try {
    await run(empty);
  } finally {
    await empty.close();
    await other.drop();
  }
}

/** Something that a subscription brings. */
async function write(store: Store): Promise<void> {
  const [bar] = minuteBars('AAPL', 1);
  await store.bars.upsert([{ ...bar!, volume: Date.now() }]).catch(() => {}); // the store may be closed by now
}
