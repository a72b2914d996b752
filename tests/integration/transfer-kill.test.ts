import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRawClient } from '../setup/raw-client.js';
import { createTestDatabase } from '../setup/test-database.js';

const IMPORTER = fileURLToPath(new URL('import-process.ts', import.meta.url));
const KILLS = Number(process.env.IMPORT_KILLS ?? 3);

const FILES = 8;
const ROWS = 6_000;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wyckoff-kill-'));
  // Two series by turns; each file corrects the second half of the one before it.
  for (let file = 0; file < FILES; file += 1) {
    const lines = Array.from({ length: ROWS }, (_, index) => {
      const minute = Math.floor(file / 2) * (ROWS / 2) + index;
      const open = 100 + ((minute * 7 + file) % 97);
      return `${new Date(Date.UTC(2024, 0, 1) + minute * 60_000).toISOString()},${open},${open + 2}.5,${open - 1},${open + 1},${minute % 1013}`;
    });
    const content = `timestamp,open,high,low,close,volume\n${lines.join('\n')}\n`;
    const folder = join(directory, `symbol=${file % 2 === 0 ? 'EVEN' : 'ODD'}`);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `2024-0${Math.floor(file / 2) + 1}.csv`), content);
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs the import in a process of its own, and kills it after so many milliseconds. Answers whether it was done by then, and how long it took. */
async function importFolder(url: string, killAfter?: number): Promise<{ done: boolean; milliseconds: number }> {
  const child = spawn(process.execPath, ['--import', 'tsx', IMPORTER, url, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let started = performance.now();
  let done = false;
  for await (const chunk of child.stdout) {
    if (`${chunk}`.includes('begun')) {
      started = performance.now();
      if (killAfter !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfter);
    }
    if (!`${chunk}`.includes('done')) continue;
    expect(`${chunk}`).toContain('done 0');
    done = true;
    break;
  }
  const milliseconds = performance.now() - started;
  child.kill('SIGKILL');
  await closed;
  return { done, milliseconds };
}

/** Everything that a reader of the database sees, apart from when it was written. */
async function contentOf(url: string) {
  const raw = await openRawClient(url);
  const hash = async (columns: string, relation: string) => {
    const { rows } = await raw.query(
      `SELECT count(*)::int AS count, md5(string_agg(each::text, ',' ORDER BY each::text COLLATE "C")) AS hash FROM (SELECT ${columns} FROM ${relation}) AS each`,
    );
    return rows[0];
  };
  const values = 'symbol, timeframe, timestamp, open, high, low, close, volume, vwap, source';
  return {
    bars: await hash(`${values}, spread, spread_ratio, volume_ratio`, 'ohlcv_bars'),
    series: await hash('symbol, timeframe, volume_scale, first_timestamp, last_timestamp, bar_count', 'bar_series'),
    revisions: await hash(`${values}, reason, known_from < known_until AS ordered`, 'ohlcv_bar_revisions'),
    files: await hash('path, content_hash, status, rows', 'import_files'),
    written: await hash('symbol, timeframe, inserted, changed, unchanged, checksum', 'import_series'),
    events: await hash('event_type, action, metadata', 'audit_trail'),
  };
}

test(`an import of a folder that is killed ${KILLS} times goes on to the same database as an undisturbed one`, async () => {
  const undisturbed = await createTestDatabase();
  const whole = await importFolder(undisturbed.url);
  expect(whole.done).toBe(true);
  const expected = await contentOf(undisturbed.url);
  expect(expected.files.count).toBe(FILES);
  expect(expected.bars.count).toBe(2 * (ROWS / 2) * (FILES / 2 + 1));
  expect(expected.revisions.count).toBeGreaterThan(ROWS);
  let killed = 0;
  let database = await createTestDatabase();
  while (killed < KILLS) {
    const { done } = await importFolder(database.url, Math.random() * whole.milliseconds * 0.7);
    if (!done) {
      killed += 1;
      if (killed < KILLS) continue;
    }
    // To the end; where kills are left, they hit an import that begins anew.
    expect((await importFolder(database.url)).done).toBe(true);
    expect(await contentOf(database.url)).toEqual(expected);
    await database.drop();
    if (killed < KILLS) database = await createTestDatabase();
  }
  await undisturbed.drop();
}, 900_000);
