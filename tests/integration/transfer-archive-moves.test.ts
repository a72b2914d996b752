import { appendFileSync, watch } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openTestStore } from '../setup/test-database.js';

const CSV = 'date,open,high,low,close,volume\n2024-01-02,10,12,9,11,100\n2024-01-03,10,12,9,11,100\n';

async function folder(files: Readonly<Record<string, string>>, parent = tmpdir()): Promise<string> {
  const directory = await mkdtemp(join(parent, 'wyckoff-archive-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(directory, name, '..'), { recursive: true });
    await writeFile(join(directory, name), content);
  }
  return directory;
}

test('a file that lies in the archive already stays there, by whatever path it is named', async () => {
  const { store } = await openTestStore();
  const root = await folder({ 'done/HERE_1d.csv': CSV, 'done/ALIAS_1d.csv': CSV });
  await symlink(join(root, 'done'), join(root, 'alias'));
  const [here, alias] = [join(root, 'done/HERE_1d.csv'), join(root, 'alias/ALIAS_1d.csv')];
  const { files } = await store.files.import({ paths: [here, alias], archive: join(root, 'done') });
  expect(files.map(({ archived }) => archived)).toEqual([here, join(root, 'done/ALIAS_1d.csv')]);
  expect(await readFile(here, 'utf8')).toBe(CSV);
  expect(await readFile(alias, 'utf8')).toBe(CSV);
});

test('what tells the series of an import tells it when a file is verified for the archive, too', async () => {
  const { store } = await openTestStore();
  const root = await folder({ '1d.NAMED.csv': CSV });
  const asked = { symbol: undefined, timeframe: undefined }; // as the command gives what was not asked for
  const options = { paths: [root], archive: join(root, 'done'), pattern: '{timeframe}.{symbol}.csv', ...asked };
  const { files } = await store.files.import(options);
  expect(files).toMatchObject([{ series: [{ symbol: 'NAMED' }], archiveError: null }]);
});

test('a link is not moved: what it leads to would stay behind', async () => {
  const { store } = await openTestStore();
  const root = await folder({ 'data/REAL_1d.csv': CSV });
  await mkdir(join(root, 'in'));
  await symlink('../data/REAL_1d.csv', join(root, 'in/LINK_1d.csv'));
  const { files } = await store.files.import({ paths: [join(root, 'in')], archive: join(root, 'done/deep') });
  expect(files).toMatchObject([{ status: 'imported', archived: null, archiveError: { code: 'FILE_NOT_ARCHIVED' } }]);
  expect((await lstat(join(root, 'in/LINK_1d.csv'))).isSymbolicLink()).toBe(true);
});

test('a file that grows while it is copied to another filesystem is not removed', async (context) => {
  const shared = await lstat('/dev/shm').catch(() => undefined);
  const root = await folder({ 'GROWS_1d.csv': CSV });
  if (!shared || shared.dev === (await lstat(root)).dev) return context.skip('there is no second filesystem here');
  const archive = await folder({}, '/dev/shm');
  const { store } = await openTestStore();
  const path = join(root, 'GROWS_1d.csv');
  // At once: the copy has only begun then.
  const watcher = watch(archive, () => {
    watcher.close();
    appendFileSync(path, '2024-01-04,10,12,9,11,100\n');
  });
  onTestFinished(() => watcher.close());
  const { files } = await store.files.import({ paths: [path], archive });
  expect(files).toMatchObject([{ archived: null, archiveError: { code: 'FILE_NOT_ARCHIVED' } }]);
  expect(await readFile(path, 'utf8')).toContain('2024-01-04');
  expect(await readdir(archive)).toEqual([]);
});

test('the messages of LOBSTER are not moved away from the books that have their times in them', async () => {
  const { store } = await openTestStore();
  const [messages, books] = ['message', 'orderbook'].map((what) => `AAPL_2012-06-21_34200000_57600000_${what}_1.csv`);
  const root = await folder({
    [`in/${messages}`]: '34200.025551909,4,16120456,18,5859100,-1\n34200.201743222,3,16120480,18,5859200,-1\n',
    [`in/${books}`]: '5859100,18,5853300,18\n5859200,18,5853300,18\n',
  });
  const options = { archive: join(root, 'done'), round: true, parallel: 1 };
  const paths = [join(root, 'in', messages!)];
  const alone = await store.files.import({ paths, ...options });
  expect(alone.files).toMatchObject([
    { series: [{ kind: 'trades', inserted: 1 }], archiveError: { message: expect.stringContaining(books!) } },
  ]);
  const first = await store.files.import({ paths: [join(root, 'in')], ...options });
  expect(first.files).toMatchObject([
    { status: 'skipped', archived: null, archiveError: { code: 'FILE_NOT_ARCHIVED' } },
    { series: [{ kind: 'order-books', inserted: 2 }], archived: join(root, 'done', books!), archiveError: null },
  ]);
  const second = await store.files.import({ paths: [join(root, 'in')], ...options });
  expect(second.files).toMatchObject([{ status: 'skipped', archived: join(root, 'done', messages!) }]);
});
