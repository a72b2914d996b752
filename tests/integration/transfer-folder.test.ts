import { utimesSync } from 'node:fs';
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/index.js';
import { wyckoff } from '../setup/commands.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-folder-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(directory, name, '..'), { recursive: true });
    await writeFile(join(directory, name), content);
  }
  return directory;
}

/** Three daily bars. */
const csv = (close = 11) =>
  `date,open,high,low,close,volume\n${['02', '03', '04'].map((day) => `2024-01-${day},10,12,9,${close},100`).join('\n')}\n`;
const closes = async (store: Awaited<ReturnType<typeof openStore>>, symbol: string) =>
  (await store.bars.range({ symbol, timeframe: '1d' })).map(({ close }) => close.toNumber());

test('a folder is searched for data files, whose series names, folders and a pattern tell', async () => {
  const { store } = await openTestStore();
  const root = await folder({
    'AAPL_1d.csv': csv(),
    'deep/er/MSFT.csv': csv(),
    'NVDA/1d.csv': csv(),
    'ORCL/1d.csv': csv(), // the same content under the same name is another series in another folder
    'symbol=BTC%2FUSDT/timeframe=1d/part-0.csv': csv(),
    'eod/spy-daily-1d.csv': csv(),
    '.hidden.csv': csv(),
    '.git/AAPL_1d.csv': csv(),
    'README.md': 'no data',
  });
  await symlink(root, join(root, 'deep/loop'));
  await link(join(root, 'AAPL_1d.csv'), join(root, 'COPY_1d.csv')); // another name is another series
  const result = await store.files.import({
    paths: [root, join(root, 'AAPL_1d.csv')],
    pattern: '{symbol}-{any}-{timeframe}.csv',
  });
  expect(
    result.files.map(({ path, status, series }) => [path.slice(root.length + 1), status, series[0]?.symbol]),
  ).toEqual([
    ['AAPL_1d.csv', 'imported', 'AAPL'],
    ['COPY_1d.csv', 'imported', 'COPY'],
    ['NVDA/1d.csv', 'imported', 'NVDA'],
    ['ORCL/1d.csv', 'imported', 'ORCL'],
    ['deep/er/MSFT.csv', 'imported', 'MSFT'],
    ['eod/spy-daily-1d.csv', 'imported', 'SPY'],
    ['symbol=BTC%2FUSDT/timeframe=1d/part-0.csv', 'imported', 'BTC/USDT'],
  ]);
  expect(result.leftOut.map(({ path, reason }) => [path.slice(root.length + 1), reason])).toEqual([
    ['.git', 'hidden'],
    ['.hidden.csv', 'hidden'],
    ['README.md', 'not a data file by its name'],
  ]);
  expect(result.totals).toMatchObject({ files: 7, imported: 7, inserted: 21, failed: 0 });
  const again = await store.files.import({ paths: [root], pattern: '{symbol}-{any}-{timeframe}.csv' });
  expect(again.totals).toMatchObject({ files: 7, imported: 0, skipped: 7, unchanged: 21 });
  const empty = await folder({ 'notes.md': '' });
  await expect(store.files.import({ paths: [empty] })).rejects.toMatchObject({ code: 'NO_FILES' });
  await expect(store.files.import({ paths: [root], pattern: 'x.csv' })).rejects.toMatchObject({
    code: 'PATTERN_INVALID',
  });
});

test('of files that say different things of a bar the later one holds, by date and name, and the same content is read once', async () => {
  const { store, url } = await openTestStore();
  const files: Record<string, string> = {};
  for (let month = 1; month <= 9; month += 1) files[`z${9 - month}/2024-0${month}.csv`] = csv(10 + month / 10);
  files['also/2024-01.csv'] = csv(10.1); // the first once more
  const root = await folder(files);
  const settings = { paths: [root], symbol: 'LAST', timeframe: '1d', parallel: 3 } as const;
  expect((await store.files.import(settings)).totals).toMatchObject({
    imported: 9,
    skipped: 1,
    inserted: 3,
    changed: 24,
  });
  expect(await closes(store, 'LAST')).toEqual([10.9, 10.9, 10.9]);
  expect((await store.files.import(settings)).totals).toMatchObject({ imported: 0, skipped: 10 });

  // Other options are another import; and `again` means it. Files that disagree then take each other's place once more.
  expect((await store.files.import({ ...settings, onError: 'skip' })).totals).toMatchObject({
    imported: 9,
    skipped: 1,
  });
  expect((await store.files.import({ ...settings, again: true })).totals).toMatchObject({ imported: 10, skipped: 0 });
  expect((await store.bars.revisions({ symbol: 'LAST', timeframe: '1d' })).length).toBe(3 * (8 + 9 + 9));
  const raw = await openRawClient(url);
  // Of this database alone: other tests take locks on the same server.
  const { rows } = await raw.query(
    `SELECT count(*)::int AS held FROM pg_locks JOIN pg_database ON pg_database.oid = database
     WHERE datname = current_database() AND locktype = 'advisory'`,
  );
  expect(rows[0].held).toBe(0);
});

test('two imports of one folder at once, in other orders, leave each file imported once', async () => {
  const { store, url } = await openTestStore();
  const names = Array.from({ length: 12 }, (_, at) => `S${at}_1d.csv`);
  const root = await folder(Object.fromEntries(names.map((name) => [name, csv()])));
  const other = await openStore({ databaseUrl: url });
  onTestFinished(() => other.close());
  const paths = names.map((name) => join(root, name));
  const [one, two] = await Promise.all([
    store.files.import({ paths: [root] }),
    other.files.import({ paths: [...paths].reverse() }),
  ]);
  for (const { totals } of [one, two])
    expect(totals).toMatchObject({ files: 12, failed: 0, inserted: totals.imported * 3 });
  expect(one.totals.imported + two.totals.imported).toBe(12);
  expect(await store.bars.series()).toHaveLength(12);
});

test('a dry run counts what an import would do, and writes and locks nothing', async () => {
  const { store, url } = await openTestStore();
  const root = await folder({
    'DRY_1d.csv': csv(),
    'BAD_1d.csv': `${csv()}2024-01-05,10,9,9,9,1\n`,
    'NEW_1d.csv': csv(),
  });
  await store.bars.upsert([
    { symbol: 'DRY', timeframe: '1d', timestamp: '2024-01-02', open: 10, high: 12, low: 9, close: 11, volume: 100 },
    { symbol: 'DRY', timeframe: '1d', timestamp: '2024-01-03', open: 10, high: 12, low: 9, close: 10, volume: 100 },
  ]);
  const raw = await openRawClient(url);
  await raw.query("BEGIN; SELECT FROM bar_series WHERE symbol = 'DRY' FOR UPDATE"); // a writer at work
  const result = await store.files.import({ paths: [root], dryRun: true });
  await raw.query('ROLLBACK');
  expect(result.files).toMatchObject([
    { status: 'failed', rejected: 1, error: { code: 'PRICE_OUTSIDE_BAR' } },
    { status: 'checked', inserted: 1, changed: 1, unchanged: 1 },
    { status: 'checked', inserted: 3, changed: 0, unchanged: 0 },
  ]);
  expect(await store.bars.series()).toMatchObject([{ symbol: 'DRY', count: 2 }]);
  expect(await store.files.runs()).toEqual([]);
});

test('files go to the archive when the database has all of them, and nothing there is overwritten', async () => {
  const { store } = await openTestStore();
  const root = await folder({
    'in/a/KEPT_1d.csv': csv(),
    'in/HALF_1d.csv': `${csv()}2024-01-05,x,9,9,9,1\n`,
    'done/a/KEPT_1d.csv': 'mine',
  });
  const [input, archive, report] = ['in', 'done', 'report'].map((name) => join(root, name));
  const settings = { paths: [input!], archive: archive!, report: report!, onError: 'skip' } as const;
  const result = await store.files.import(settings);
  expect(result.files).toMatchObject([
    {
      path: join(input!, 'HALF_1d.csv'),
      status: 'imported',
      rejected: 1,
      archived: null,
      archiveError: { code: 'FILE_NOT_ARCHIVED' },
    },
    {
      path: join(input!, 'a/KEPT_1d.csv'),
      status: 'imported',
      archived: join(archive!, 'a/KEPT_1d.2.csv'),
      archiveError: null,
    },
  ]);
  expect(await readFile(join(archive!, 'a/KEPT_1d.csv'), 'utf8')).toBe('mine');
  expect(await readFile(join(archive!, 'a/KEPT_1d.2.csv'), 'utf8')).toBe(csv());
  expect(await readdir(join(input!, 'a'))).toEqual([]);
  const document = JSON.parse(await readFile(join(report!, 'migration-report.json'), 'utf8'));
  expect(document).toMatchObject({
    runId: result.runId,
    totals: { imported: 2, archived: 1, notArchived: 1, rejected: 1 },
    files: [{ problems: [{ line: 5 }], first: '2024-01-02T00:00:00Z' }, { rejected: 0 }],
  });
  const page = await readFile(join(report!, 'MIGRATION_RESULTS.md'), 'utf8');
  expect(page).toContain('line 5, open: "x": not a decimal number');
  expect(page).toContain(`wyckoff import --undo ${result.runId}`);
  expect((await readdir(report!)).sort()).toEqual(['MIGRATION_RESULTS.md', 'migration-report.json']);

  // Bars that are not what the file says keep it where it is, though it was imported: somebody changed one since.
  await copyFile(join(archive!, 'a/KEPT_1d.2.csv'), join(input!, 'a/KEPT_1d.csv'));
  await store.bars.upsert([
    { symbol: 'KEPT', timeframe: '1d', timestamp: '2024-01-03', open: 10, high: 12, low: 9, close: 10, volume: 100 },
  ]);
  const { files } = await store.files.import({ ...settings, paths: [join(input!, 'a')] });
  expect(files).toMatchObject([{ status: 'skipped', archived: null, archiveError: { code: 'FILE_NOT_ARCHIVED' } }]);
  expect(files[0]!.archiveError!.message).toContain('has 1 with other values');
  expect((await stat(join(input!, 'a/KEPT_1d.csv'))).isFile()).toBe(true);
});

test('a file that changes while it is imported is not written', async () => {
  const { store } = await openTestStore();
  const root = await folder({ 'MOVES_1d.csv': csv() });
  const path = join(root, 'MOVES_1d.csv');
  const { files } = await store.files.import({
    paths: [path],
    onProgress: ({ phase }) => {
      if (phase === 'write') utimesSync(path, 1, 1);
    },
  });
  expect(files).toMatchObject([{ status: 'failed', error: { code: 'FILE_CHANGED' } }]);
  expect(await store.bars.series()).toEqual([]);
});

test('the command: many files, failures at the end, runs, files and undo', async () => {
  const { store, url } = await openTestStore();
  const root = await folder({
    ...Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`S${at}_1d.csv`, csv()])),
    'BAD_1d.csv': 'date,open\n',
    LICENSE: '',
  });
  const [dry, done, again, wrong] = await wyckoff(
    url,
    `import ${root} --dry-run`,
    `import ${root} --report ${root}`,
    `import ${root}`,
    `import ${root} --runs`,
  );
  expect(dry!.code).toBe(1);
  expect(dry!.output).toContain('9 files: 8 would be imported, 1 failed');
  expect(done!.code).toBe(1);
  const [run] = (await store.files.runs()).filter(({ imported }) => imported > 0);
  expect(done!.output).toContain('S3_1d.csv: S3 1d, 3 inserted, 0 changed, 0 unchanged in');
  expect(done!.output).toContain('9 files: 8 imported, 1 failed in');
  expect(done!.output).toContain(`wyckoff import --undo ${run!.id}`);
  expect(done!.output).toMatch(/BAD_1d\.csv: not imported\. .*\[\w+\]/);
  expect(done!.output).toContain('LICENSE: not a data file by its name');
  expect(again!.output).toContain('9 files: 0 imported, 8 there already, 1 failed in');
  expect(again!.output).not.toContain('S3_1d.csv');
  expect(wrong!.code).toBe(2);
  await store.bars.upsert([
    { symbol: 'S3', timeframe: '1d', timestamp: '2024-01-03', open: 10, high: 12, low: 9, close: 10, volume: 100 },
  ]);
  const [file] = (await store.files.ofRun(run!.id)).filter(({ path }) => path.endsWith('S4_1d.csv'));
  const [runs, files, refused, undone, twice, asJson] = await wyckoff(
    url,
    'import --runs',
    `import --files ${run!.id}`,
    `import --undo ${run!.id}`,
    `import --undo ${file!.id}`,
    `import --undo ${file!.id}`,
    `import --undo ${run!.id} --json`,
  );
  expect(runs!.output).toContain(run!.id);
  expect(files!.output).toContain('S7_1d.csv');
  expect(refused!.code).toBe(1);
  expect(refused!.output).toContain('S3 1d: 1 row is not as imported\n  2024-01-03T00:00:00Z was changed at');
  expect(undone!.output).toContain('S4 1d: 3 deleted, 0 restored');
  expect(twice!.output).toMatch(/was undone already, at \d{4}-\d\d-\d\dT\S+Z \[ALREADY_UNDONE\]/);
  expect(asJson!.output).toContain('2024-01-03T00:00:00Z was changed at');
});
