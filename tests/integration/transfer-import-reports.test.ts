import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { wyckoff } from '../setup/commands.js';
import { minuteBar } from '../setup/ingest.js';
import { untilWaiting } from '../setup/other-sessions.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const HEADER = 'date,open,high,low,close,volume\n';
const CSV = `${HEADER}2024-01-02,10,12,9,11,100\n`;

async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-report-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  return directory;
}

test('of many files that are wrong all rows are counted, and as many problems kept as memory has room for', async () => {
  const { store } = await openTestStore();
  const rows = Array.from({ length: 1_200 }, (_, at) => `2024-01-02,${at}.123456789,12,9,11,100`).join('\n');
  const wrong = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`W${at}_1d.csv`, HEADER + rows]));
  const { files, totals } = await store.files.import({ paths: [await folder(wrong)], parallel: 1 });
  expect(totals).toMatchObject({ failed: 30, rejected: 30 * 1_200 });
  expect(files.map(({ problems }) => problems.length)).toEqual([...Array(20).fill(1_000), ...Array(10).fill(20)]);
  for (const { error, problems, rejected } of files) {
    expect(error).toMatchObject({ problems, message: expect.stringContaining('file, 1200 of 1200 rows') });
    expect(rejected).toBe(1_200);
  }
});

test('a name that would be Markdown or move the cursor is neither in reports', async () => {
  const { store, url } = await openTestStore();
  const names = ['a\n# |\u001b[2J<i>.csv', 'b\\|.csv'];
  const root = await folder({ [names[0]!]: CSV, [names[1]!]: CSV, 'none.csv': '' });
  const [ran] = await wyckoff(url, `import ${root} --symbol X --timeframe 1d --report ${join(root, 'out')}`);
  expect(ran!.output).toContain('a # | [2J<i>.csv: X 1d');
  expect(ran!.output).not.toContain('\u001b[2J');
  expect(ran!.output).not.toMatch(/^#/m);
  const page = (await readFile(join(root, 'out/MIGRATION_RESULTS.md'), 'utf8')).split('\n');
  const columns = page.filter((line) => line.startsWith('|')).map((line) => line.replace(/\\./g, '').split('|').length);
  expect(columns).toEqual(Array(5).fill(16));
  expect(page.filter((line) => line.startsWith('#'))).toEqual([
    '# Import',
    '## Failures',
    expect.stringMatching(/^### .*none\.csv$/),
  ]);
  const [run] = await store.files.runs();
  const [files] = await wyckoff(url, `import --files ${run!.id}`);
  expect(files!.output).not.toContain('\u001b[2J');
  expect(files!.output).not.toMatch(/^#/m);
});

test('an import whose report could not be written does not begin', async () => {
  const { store } = await openTestStore();
  const root = await folder({ 'X_1d.csv': CSV });
  const report = join(root, 'X_1d.csv/report');
  await expect(store.files.import({ paths: [root], report })).rejects.toMatchObject({ code: 'REPORT_UNWRITABLE' });
  expect(await store.files.runs()).toEqual([]);
});

/** So many minutes. */
const minutes = (count: number) =>
  `timestamp,open,high,low,close,volume\n${Array.from({ length: count }, (_, at) => `${(minuteBar('A', at).timestamp as Date).toISOString()},10,12,9,11,1\n`).join('')}`;

test('an import that is stopped while it archives tells what it has written', async () => {
  const { store, url } = await openTestStore();
  const root = await folder({ 'A_1m.csv': minutes(1_000) });
  const stopped = new AbortController();
  const [writes, reads] = [await openRawClient(url), await openRawClient(url)];
  const told: string[] = [];
  const [archive, report] = [join(root, 'done'), join(root, 'report')];
  const options = { paths: [root], archive, report, signal: stopped.signal };
  await writes.query('BEGIN; LOCK TABLE audit_trail IN SHARE MODE'); // it is about to commit, and waits
  const imported = store.files
    .import({ ...options, onFile: ({ status, archived }) => told.push(`${status} ${archived}`) })
    .catch((error) => error);
  await untilWaiting(writes, 1);
  const locked = reads.query('BEGIN; LOCK TABLE ohlcv_bars IN ACCESS EXCLUSIVE MODE');
  await untilWaiting(writes, 2);
  await writes.query('COMMIT');
  await locked; // it has committed, and waits to read what it is to archive
  stopped.abort(new Error('enough'));
  await reads.query('COMMIT');
  expect(await imported).toMatchObject({ message: 'enough' });
  expect(told).toEqual(['imported null']);
  const document = JSON.parse(await readFile(join(report, 'migration-report.json'), 'utf8'));
  expect(document).toMatchObject({
    totals: { imported: 1, inserted: 1_000, archived: 0 },
    failure: { message: 'enough' },
  });
});

test('two imports at once share a small pool: no file holds a connection that one before it waits for', async () => {
  const { store } = await openTestStore({ maxConnections: 4, connectionTimeout: 60_000 });
  const names = ['B', 'C', 'D', 'E'];
  const some = (letter: string) =>
    folder({
      [`A${letter}_1m.csv`]: minutes(3_000).replace(/(?<=.)$/gm, `,${'x'.repeat(2_000)}`), // it is hashed last
      ...Object.fromEntries(names.map((name) => [`${name}${letter}_1m.csv`, minutes(3)])),
    });
  const folders = [await some('X'), await some('Y')];
  const results = await Promise.all(folders.map((one) => store.files.import({ paths: [one], parallel: 8 })));
  expect(results.flatMap(({ files }) => files.map(({ status, error }) => error ?? status))).toEqual(
    Array(10).fill('imported'),
  );
});
