/** What may be looked for in the wrong place, or may have changed under way: another backend, another folder, an export that was touched. */
import { readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { Archive } from '../../src/transfer/import/archive.js';
import { hashFile } from '../../src/transfer/import/file-identity.js';
import { wyckoff } from '../setup/commands.js';
import { temporaryDirectory } from '../setup/exported.js';
import { openTestStore } from '../setup/test-database.js';

const HEADER = 'date,open,high,low,close,volume';
const ROWS = ['2024-01-02,10,12,9,11,100', '2024-01-03,11,12,9,11,120', '2024-01-05,11,12,9,10,130'];
const CSV = `${[HEADER, ...ROWS].join('\n')}\n`;

/** As {@link wyckoff}, with these variables beside the usual ones. */
async function wyckoffWith(environment: Record<string, string>, url: string, ...lines: string[]) {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  return wyckoff(url, ...lines).finally(() => vi.unstubAllEnvs());
}

test('bars gaps looks where WYCKOFF_BACKEND has the bars', async () => {
  const { store, url } = await openTestStore();
  const folder = await temporaryDirectory();
  await writeFile(join(folder, 'ACME_1d.csv'), CSV);
  // The database has another history of it, and in a cutover that has not begun the files are read.
  await store.bars.upsert([
    { symbol: 'ACME', timeframe: '1d', timestamp: '2024-01-02', open: 1, high: 1, low: 1, close: 1, volume: 1 },
  ]);
  const files = { WYCKOFF_BARS_DIR: folder, WYCKOFF_BACKEND: 'files' };
  const judged = 'bars gaps acme 1d --calendar nyse --json';
  const gap = { from: '2024-01-04T00:00:00Z', to: '2024-01-05T00:00:00Z', bars: 1, reason: 'outage' };
  const [inFiles, nothing, unknown] = await wyckoffWith(
    files,
    'postgresql://nobody@127.0.0.1:1/none',
    judged,
    'bars gaps acme 1d --from 2025-01-01 --calendar nyse',
    'bars gaps nope 1d',
  );
  const [inDual] = await wyckoffWith({ ...files, WYCKOFF_BACKEND: 'dual' }, url, judged);
  for (const { code, output } of [inFiles!, inDual!]) {
    expect(code).toBe(1);
    expect(JSON.parse(output)).toMatchObject({ symbol: 'ACME', bars: 3, expected: 4, missing: 1, gaps: [gap] });
  }
  expect(nothing).toMatchObject({ code: 0, output: expect.stringContaining('Nothing was judged.') });
  expect(unknown).toMatchObject({ code: 1, output: expect.stringContaining('hint: there are ACME 1d') });
  const [stored] = await wyckoffWith({ ...files, WYCKOFF_BACKEND: 'postgres' }, url, judged);
  expect(JSON.parse(stored!.output)).toMatchObject({ bars: 1, missing: 0 });
});

test('cutover plan says when the folder is not the one of the cutover', async () => {
  const { url } = await openTestStore();
  const [folder, other] = [await temporaryDirectory(), await temporaryDirectory()];
  await writeFile(join(folder, 'ACME_1d.csv'), CSV);
  const [started, ours] = await wyckoffWith({ WYCKOFF_BARS_DIR: folder }, url, 'cutover start', 'cutover plan');
  expect(started!.code).toBe(0);
  expect(ours!.output).toMatch(/^The phase is "backfilled".\nThe files of .* have 3 bars/);
  const [told, json] = await wyckoffWith({ WYCKOFF_BARS_DIR: other }, url, 'cutover plan', 'cutover plan --json');
  expect(told!.output).toContain('It is the cutover of another folder');
  expect(JSON.parse(json!.output)).toMatchObject({ ours: false });
});

test('a file beside the manifest of its export is imported as it was exported, or not at all', async () => {
  const { store } = await openTestStore();
  const folder = await temporaryDirectory();
  await writeFile(join(folder, 'ACME_1d.csv'), CSV);
  await store.files.import({ paths: [folder] });
  for (const format of ['csv', 'parquet'] as const) {
    const directory = join(folder, format);
    await store.files.export({ kinds: ['bars'], format, directory });
    const path = join(directory, `bars.${format}`);
    const { store: target } = await openTestStore();
    const importIt = async () => {
      const { files } = await target.files.import({ paths: [directory] });
      return files.map(({ status, error }) => error?.code ?? status);
    };
    const whole = await readFile(path);
    // A row that is gone, and another volume: both sound by themselves.
    const text = whole.toString('latin1');
    const changed =
      format === 'csv' ? [text.replace(/^ACME,1d,2024-01-03.*\n/m, ''), text.replace(',130,', ',139,')] : [];
    for (const content of [...changed, `${text}\n`]) {
      expect(content).not.toBe(text);
      await writeFile(path, content, 'latin1');
      expect(await importIt()).toEqual(['EXPORT_FILE_CHANGED']);
    }
    expect(await target.bars.series()).toEqual([]);
    await writeFile(path, whole);
    expect(await importIt()).toEqual(['imported']);
  }
  // Where it was meant, and beside the manifest of something else.
  await rename(join(folder, 'csv/bars.csv'), join(folder, 'bars.csv'));
  const meant = (await readFile(join(folder, 'bars.csv'), 'utf8')).replace(',130,', ',139,');
  await writeFile(join(folder, 'bars.csv'), meant);
  await writeFile(join(folder, 'manifest.json'), '{ "name": "app" }');
  const { files } = await store.files.import({ paths: [join(folder, 'bars.csv')] });
  expect(files).toMatchObject([{ status: 'imported', changed: 1 }]);
});

test('a file that was imported, and is changed or moved before it is archived, is not said to be unwritten', async () => {
  const { store, url } = await openTestStore();
  const database = await Database.open(readConfig({ databaseUrl: url }));
  onTestFinished(() => database.close());
  const folder = await temporaryDirectory();
  const path = join(folder, 'ACME_1d.csv');
  await writeFile(path, CSV);
  const [result] = (await store.files.import({ paths: [path] })).files;
  const hashed = await hashFile(path, {}, undefined);
  const context = { session: database.pool, actor: 'test', runId: '', reading: {}, onError: 'stop' } as const;
  const archive = new Archive(
    { ...context, dryRun: false, again: false, hash: async () => hashed, signal: undefined },
    join(folder, 'archive'),
  );
  const found = {
    path,
    below: 'ACME_1d.csv',
    bytes: hashed.bytes,
    named: { symbol: 'ACME', timeframe: '1d' },
    told: {},
  } as const;
  const take = async () => (await archive.take(found, result!, hashed)).archiveError;
  await utimes(path, 0, 0);
  const changed = 'the file stays where it is: it has changed since it was imported';
  expect(await take()).toMatchObject({ code: 'FILE_NOT_ARCHIVED', message: changed });
  await rename(path, join(folder, 'taken.csv'));
  const gone = `${path} was imported, and is not there any more: somebody else has moved it`;
  expect(await take()).toMatchObject({ code: 'FILE_NOT_ARCHIVED', message: gone });
  expect(await readdir(folder)).toEqual(['taken.csv']);
});
