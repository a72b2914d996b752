import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ts } from 'ts-morph';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readEntries } from '../../scripts/api-docs/entries.js';
import { allExamples } from '../../scripts/api-docs/examples.js';
import { openProject } from '../../scripts/api-docs/exports.js';
import * as wyckoffStore from '../../src/index.js';
import { weekdayBars } from '../setup/daily-bars.js';
import { createExampleRows } from '../setup/example-rows.js';
import { minuteBars } from '../setup/minute-bars.js';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.js';

const AsyncFunction = (async () => {}).constructor as new (
  ...parameters: string[]
) => (...given: unknown[]) => Promise<void>;
const examples = allExamples(readEntries(openProject()));

let database: TestDatabase;
let directory: string;
const before = { directory: process.cwd(), url: process.env.WYCKOFF_DATABASE_URL };

beforeAll(async () => {
  database = await createTestDatabase();
  process.env.WYCKOFF_DATABASE_URL = database.url; // for those that open a store themselves
  directory = await mkdtemp(join(tmpdir(), 'wyckoff-examples-'));
  process.chdir(directory);
  const store = await wyckoffStore.openStore();
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

it.each(examples)('$name does what its example does', async ({ source }) => {
  const store = await wyckoffStore.openStore({ ingest: { directory: join(directory, 'ingest') } });
  const live = source.includes('.subscribe(') ? setInterval(() => void trade(store), 100) : undefined;
  try {
    const given = { ...(await createExampleRows(store)), wyckoffStore, console: { log: () => {}, error: () => {} } };
    await new AsyncFunction(...Object.keys(given), runnable(source))(...Object.values(given));
  } finally {
    clearInterval(live);
    await store.close();
  }
});

/** Something that a subscription brings. */
async function trade(store: wyckoffStore.Store): Promise<void> {
  const [bar] = minuteBars('AAPL', 1);
  await store.bars.upsert([{ ...bar!, volume: Date.now() }]).catch(() => {}); // the store may be closed by now
}

/** An example as the body of a function: a block of its own may use the names of what is given for its own. */
function runnable(source: string): string {
  const { outputText } = ts.transpileModule(source, { compilerOptions: { target: ts.ScriptTarget.ES2022 } });
  const code = outputText
    .replace(/^import (\{[^}]+\}) from 'wyckoff-store';$/gm, 'const $1 = wyckoffStore;')
    .replace(/^export \{\};$/m, '');
  return `{${code}}`;
}
