import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { openBarStore } from '../../src/index.js';
import { DuckDB } from '../../src/transfer/duckdb.js';
import { openTestStore } from '../setup/test-database.js';

const run = promisify(execFile);

/** A disk with room for half a megabyte; undefined where this user may not mount one. */
async function smallDisk(): Promise<string | undefined> {
  const path = await mkdtemp(join(tmpdir(), 'wyckoff-disk-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', path]);
  } catch {
    return undefined;
  }
  onTestFinished(async () => {
    await run('umount', [path]);
  });
  return path;
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'wyckoff-full-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const csv = (rows: number) =>
  [
    'timestamp,open,high,low,close,volume',
    ...Array.from({ length: rows }, (_, minute) => {
      const price = `10.${1_000 + ((minute * 7919) % 8999)}`;
      return `${new Date(Date.UTC(2024, 0, 1) + minute * 60_000).toISOString()},${price},12,9,${price},${(minute * 7919) % 99991}`;
    }),
  ].join('\n');

test('a full disk ends an export, an archive, a report and the files of a series with a typed error', async (context) => {
  const disk = await smallDisk();
  if (!disk) return context.skip('this user may not mount a small disk');
  const { store } = await openTestStore();
  const source = join(await folder(), 'AAPL_1m.csv');
  await writeFile(source, csv(30_000));
  const { files, totals } = await store.files.import({ paths: [source], archive: join(disk, 'done') });
  expect(totals).toMatchObject({ inserted: 30_000, archived: 0, notArchived: 1 });
  expect(files[0]!.archiveError).toMatchObject({
    code: 'FILE_NOT_ARCHIVED',
    message: expect.stringContaining('ENOSPC'),
    hint: expect.stringContaining('the disk must have room'),
  });
  expect(await readdir(join(disk, 'done'))).toEqual([]);
  expect((await readFile(source, 'utf8')).length).toBeGreaterThan(2 ** 20);
  for (const format of ['csv', 'ndjson', 'parquet'] as const) {
    const directory = join(disk, format);
    await expect(store.files.export({ kinds: ['bars'], format, directory }), format).rejects.toMatchObject({
      code: 'EXPORT_DISK_FULL',
    });
    expect(await readdir(directory), format).toEqual([]);
  }
  const bars = await store.bars.range({ symbol: 'AAPL', timeframe: '1m' });
  const kept = await openBarStore({ backend: 'files', barsDirectory: join(disk, 'bars') });
  await expect(kept.upsert(bars)).rejects.toMatchObject({ code: 'FILES_UNUSABLE' });
  expect(await kept.upsert(bars.slice(0, 10))).toMatchObject({ inserted: 10 }); // what was half written is gone
  await kept.close();
  await run('dd', ['if=/dev/zero', `of=${join(disk, 'filling')}`, 'bs=4096', 'status=none']).catch(() => {});
  await expect(store.files.import({ paths: [source], dryRun: true, report: disk })).rejects.toMatchObject({
    code: 'REPORT_UNWRITABLE',
  });
  expect((await readdir(disk)).sort()).toEqual(['bars', 'csv', 'done', 'filling', 'ndjson', 'parquet']);
});

test('a full temporary directory ends an import with a typed error', async (context) => {
  const disk = await smallDisk();
  if (!disk) return context.skip('this user may not mount a small disk');
  const { store } = await openTestStore();
  const source = join(await folder(), 'AAPL_1m.csv.gz');
  await writeFile(source, gzipSync(csv(30_000)));
  const { TMPDIR } = process.env;
  onTestFinished(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  });
  for (const place of [disk, '/proc/nowhere']) {
    process.env.TMPDIR = place;
    const { files } = await store.files.import({ paths: [source] });
    expect(files, place).toMatchObject([{ status: 'failed', error: { code: 'TEMPORARY_SPACE_SHORT' } }]);
    const db = await DuckDB.open();
    const spilling = db.run('CREATE TABLE numbers AS SELECT range, hash(range) FROM range(20_000_000)');
    await expect(spilling, place).rejects.toMatchObject({
      code: 'DUCKDB_FAILED',
      hint: expect.stringContaining('TMPDIR'),
    });
    await db.close();
  }
  expect(await readdir(disk)).toEqual([]);
  expect(await store.bars.existingTimestamps({ symbol: 'AAPL', timeframe: '1m' })).toEqual([]);
});

test('a path that cannot be made ends with a typed error', async () => {
  const { store } = await openTestStore();
  const source = join(await folder(), 'AAPL_1m.csv');
  await writeFile(source, csv(5));
  // Linux answers ENOENT to whoever makes a directory in /proc, though that is there.
  for (const place of [join(source, 'below', 'a', 'file'), '/proc/nowhere/at/all']) {
    await expect(store.files.import({ paths: [source], report: place })).rejects.toMatchObject({
      code: 'REPORT_UNWRITABLE',
    });
    const { files } = await store.files.import({ paths: [source], archive: place });
    expect(files).toMatchObject([{ error: null, archived: null, archiveError: { code: 'FILE_NOT_ARCHIVED' } }]);
    const exported = store.files.export({ kinds: ['bars'], format: 'csv', directory: place });
    await expect(exported).rejects.toMatchObject({ code: 'EXPORT_UNWRITABLE' });
    const kept = await openBarStore({ backend: 'files', barsDirectory: place });
    const written = kept.upsert(await store.bars.range({ symbol: 'AAPL', timeframe: '1m' }));
    await expect(written).rejects.toMatchObject({ code: 'FILES_UNUSABLE' });
    await kept.close();
  }
  expect(await readdir(join(source, '..'))).toEqual(['AAPL_1m.csv']);
});
