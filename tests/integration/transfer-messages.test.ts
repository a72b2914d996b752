import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { wyckoff } from '../setup/commands.js';
import { temporaryDirectory } from '../setup/exported.js';
import { minuteBars } from '../setup/minute-bars.js';
import { openTestStore } from '../setup/test-database.js';
import { WYCKOFF } from '../setup/wyckoff-program.js';

const HEADER = 'date,open,high,low,close,volume';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('what import and verify say can be done, and is true', async () => {
  const { store, url } = await openTestStore();
  const folder = await temporaryDirectory();
  await writeFile(join(folder, 'AAPL_1d.csv'), `${HEADER}\n2024-01-02,10,12,9,11,100\n`);
  await writeFile(
    join(folder, 'AAPL.csv'),
    `${HEADER},extra\n2024-01-02,10,12,9,11.5,100,1\n2024-01-03,10,12,9,11,100,1\n2024-01-04,10,12,9,11,100,1\n`,
  );
  const path = join(folder, 'AAPL_1d.csv');
  const [dry, zone, timeframe, unwritable] = await wyckoff(
    url,
    `import ${folder} --dry-run`,
    `import ${path} --timezone Mars/Base`,
    `import ${path} --timeframe 2d`,
    `import ${path} --report ${path}`,
  );
  expect(dry!.output).toContain('Each file was compared with what is stored, not with the files before it.\n');
  expect(dry!.output).not.toContain('look at it');
  expect([zone!.code, timeframe!.code]).toEqual([2, 2]);
  expect(unwritable!.code).toBe(1);
  expect(unwritable!.output).toMatch(
    /^error: the report cannot be written: .* \[REPORT_UNWRITABLE\]\nhint: nothing was/,
  );
  expect(await store.bars.series()).toEqual([]);

  await wyckoff(url, `import ${path}`);
  await store.bars.upsert([
    { symbol: 'AAPL', timeframe: '1d', timestamp: '2024-01-02', open: 1, high: 2, low: 1, close: 1, volume: 1 },
  ]);
  const [differs, skipped, again, same] = await wyckoff(
    url,
    `verify ${path}`,
    `import ${path}`,
    `import ${path} --again --report ${folder}`,
    `verify ${path}`,
  );
  expect(differs!.output).toContain('hint: wyckoff import --again replaces bars');
  expect(differs!.output).toContain('There are differences: of 1 file 1 differs.\n');
  expect(skipped!.output).toContain('imported before, and the file is unchanged (--again imports it again)\n');
  expect(again!.output).toContain(`Report: ${join(folder, 'MIGRATION_RESULTS.md')}\n`);
  expect(same!.output).toContain('Nothing differs.\n');
});

test('the report says how files were read, and offers no way back that there is none of', async () => {
  const { url } = await openTestStore();
  const folder = await temporaryDirectory();
  await writeFile(
    join(folder, 'AAPL.csv'),
    `${HEADER},extra\n2024-01-02,10,12,9,11,100,1\n2024-01-03,10,12,9,11,100,1\n2024-01-04,10,12,9,11,100,1\n`,
  );
  const ticks = join(folder, 'SPY_trades_20131007.csv');
  await writeFile(ticks, '14400464,1674100,100,P,1,0\n');
  const [bars, trades] = await wyckoff(
    url,
    `import ${join(folder, 'AAPL.csv')} --report ${folder}/bars`,
    `import ${ticks} --report ${folder}/ticks`,
  );
  const reports = await Promise.all(
    ['bars', 'ticks'].map((name) => readFile(join(folder, name, 'MIGRATION_RESULTS.md'), 'utf8')),
  );
  expect(bars!.output).toContain('Take it back: wyckoff import --undo ');
  expect(reports[0]).toContain('` takes it back\n');
  expect(reports[0]).toContain(
    `## How they were read\n\n- ${folder}/AAPL.csv: csv; left out extra; the timeframe 1d was`,
  );
  expect(trades!.output).toContain('SPY trades, 1 inserted');
  expect(trades!.output).toContain('Take it back: wyckoff import --undo ');
});

test('a reader of an export that leaves, as head does, is no failure', async () => {
  const { store, url } = await openTestStore();
  await store.bars.upsert(minuteBars('AAPL', 40_000));
  const child = spawn(process.execPath, [...WYCKOFF, ...'export bars --out -'.split(' ')], {
    cwd: ROOT,
    env: { ...process.env, WYCKOFF_DATABASE_URL: url },
  });
  let complaints = '';
  child.stderr.on('data', (text) => {
    complaints += text;
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
});
