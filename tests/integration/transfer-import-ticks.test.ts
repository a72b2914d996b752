import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { ImportResult } from '../../src/index.js';
import { wyckoff } from '../setup/commands.js';
import { writeEveryKind } from '../setup/every-kind.js';
import { sha256Of, temporaryDirectory } from '../setup/exported.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';
import { folderOf } from '../setup/tick-files.js';
import { zipFile } from '../setup/zip-file.js';

/** Two equal trades, one of another millisecond, and a wrong one. */
const TRADES = ['14400464,1674100,100,P,1,0', '14400464,1674100,100,P,1,0', '14400465,1674200,50,P,1,0'];
const QUOTES = [
  'symbol,timestamp,bid_price,bid_size,ask_price,ask_size',
  'AAPL,2024-01-02T15:00:00.000123Z,10.5,1,,',
  'MSFT,2024-01-02T15:00:00.000001Z,,,10.51,3',
  '',
].join('\n');
const INDICATORS = [
  'symbol,timeframe,name,timestamp,value',
  'AAPL,1d,rsi,2024-01-02T00:00:00.000000Z,"{""rsi"":""55.5""}"',
  'AAPL,1d,atr,2024-01-02T00:00:00.000000Z,"{""atr"":""1.5""}"',
];

const outcomes = ({ files }: ImportResult, folder: string) =>
  files.map(({ path, status, series }) => [path.slice(folder.length + 1), status, series.length]);

test('files of ticks go in with bars, once, are recorded, reported and archived', async () => {
  const { store, url } = await openTestStore();
  const at = await folderOf({
    'AAPL_1d.csv': ['date,open,high,low,close,volume', '2024-01-02,10,12,9,11,100', ''],
    'indicators.csv': INDICATORS,
    'lean_SPY_trades_20131007.csv': TRADES,
  });
  await writeFile(at('quotes.csv.gz'), gzipSync(QUOTES));
  const folder = at('.').replace(/\/\.?$/, '');
  const expected = (status: string) => [
    ['lean_SPY_trades_20131007.csv', status, 1],
    ['AAPL_1d.csv', status, 1],
    ['indicators.csv', status, 2],
    ['quotes.csv.gz', status, 2],
  ];
  const sorted = (rows: unknown[][]) => [...rows].sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));

  const dry = await store.files.import({ paths: [folder], dryRun: true });
  expect(sorted(outcomes(dry, folder))).toEqual(sorted(expected('checked')));
  expect(dry.totals).toMatchObject({ rows: 8, inserted: 8, changed: 0, unchanged: 0 });
  const client = await openRawClient(url);
  const stored = async () =>
    (
      await client.query(
        `SELECT (SELECT count(*)::int FROM trades) AS trades, (SELECT count(*)::int FROM quotes) AS quotes,
           (SELECT count(*)::int FROM indicators) AS indicators, (SELECT count(*)::int FROM import_series) AS series`,
      )
    ).rows[0];
  expect(await stored()).toEqual({ trades: 0, quotes: 0, indicators: 0, series: 0 });

  const report = await temporaryDirectory();
  const result = await store.files.import({ paths: [folder], report });
  expect(sorted(outcomes(result, folder))).toEqual(sorted(expected('imported')));
  expect(result.totals).toMatchObject({ rows: 8, inserted: 8, changed: 0, unchanged: 0, failed: 0 });
  expect(await stored()).toEqual({ trades: 3, quotes: 2, indicators: 2, series: 6 });
  const trades = result.files.find(({ layout }) => layout === 'lean-trades')!;
  const [first, last] = [new Date('2013-10-07T08:00:00.464Z'), new Date('2013-10-07T08:00:00.465Z')];
  const bounds = { first, last };
  expect(trades).toMatchObject({ rows: 3, inserted: 3, ...bounds });
  expect(trades.series).toEqual([
    { kind: 'trades', symbol: 'SPY', timeframe: '', name: '', inserted: 3, changed: 0, unchanged: 0, ...bounds },
  ]);
  const markdown = await readFile(join(report, 'MIGRATION_RESULTS.md'), 'utf8');
  expect(markdown).toContain(`wyckoff import --undo ${result.runId}`);
  expect(markdown).toContain('lean_SPY_trades_20131007.csv | SPY trades | 3 | 3 | 0 | 0 |');
  expect(markdown).toContain('indicators.csv | AAPL 1d rsi, AAPL 1d atr | 2 | 2 |');
  expect(JSON.parse(await readFile(join(report, 'migration-report.json'), 'utf8')).files).toContainEqual(
    expect.objectContaining({ layout: 'lean-trades', first: '2013-10-07T08:00:00.464Z', inserted: 3 }),
  );
  const recorded = await store.files.ofRun(result.runId);
  expect(recorded.flatMap(({ series }) => series.map(({ kind, name }) => `${kind} ${name}`.trim())).sort()).toEqual([
    'bar',
    'indicator atr',
    'indicator rsi',
    'quote',
    'quote',
    'trade',
  ]);

  const second = await store.files.import({ paths: [folder] });
  expect(sorted(outcomes(second, folder))).toEqual(sorted(expected('skipped')));
  expect(second.totals).toMatchObject({ rows: 8, inserted: 0, unchanged: 8 });
  expect(second.files.find(({ path }) => path === trades.path)).toMatchObject({ id: trades.id, ...bounds });
  const third = await store.files.import({ paths: [folder], again: true });
  expect(third.totals).toMatchObject({ rows: 8, inserted: 0, changed: 0, unchanged: 8 });

  // A file whose rows are not all there stays.
  await client.query(`DELETE FROM quotes WHERE symbol = 'MSFT'`);
  const archive = await temporaryDirectory();
  const archived = await store.files.import({ paths: [folder], archive });
  expect(archived.totals).toMatchObject({ archived: 3, notArchived: 1 });
  expect(archived.files.find(({ archiveError }) => archiveError)).toMatchObject({
    path: at('quotes.csv.gz'),
    archiveError: { code: 'FILE_NOT_ARCHIVED', message: expect.stringContaining('lacks 1 of its 2 rows') },
  });
  expect((await readdir(folder)).sort()).toEqual(['quotes.csv.gz']);
});

test('a folder that says the symbol has the last word on ticks, too', async () => {
  const { store } = await openTestStore();
  const at = await folderOf({});
  const [folder, name] = [at('symbol=BTC%2FUSDT'), 'BTCUSDT-trades-2024-05-31.csv'];
  await mkdir(folder);
  await writeFile(join(folder, name), '1,61000.5,0.1,6100.05,1717113600000,true,true\n');
  await writeFile(join(folder, 'trades_20131007.csv'), TRADES.join('\n'));
  const { files } = await store.files.import({ paths: [at('.')] });
  expect(files.map(({ error, series }) => error?.code ?? series.map(({ symbol }) => symbol))).toEqual([
    ['BTC/USDT'],
    ['BTC/USDT'],
  ]);
  expect(await store.files.verify({ paths: [at('.')] })).toMatchObject({ passed: true });
});

test('wrong ticks stop a file, or are left out', async () => {
  const { store } = await openTestStore();
  const at = await folderOf({ 'lean_SPY_trades_20131007.csv': [...TRADES, '14400466,-1,5,P,1,0'] });
  const paths = [at('lean_SPY_trades_20131007.csv')];
  const [stopped] = (await store.files.import({ paths })).files;
  expect(stopped).toMatchObject({ status: 'failed', rows: 4, rejected: 1, inserted: 0, series: [] });
  const archive = await temporaryDirectory();
  const [skipped] = (await store.files.import({ paths, onError: 'skip', archive })).files;
  expect(skipped).toMatchObject({ status: 'imported', rows: 4, rejected: 1, inserted: 3 });
  expect(skipped!.archiveError).toMatchObject({ code: 'FILE_NOT_ARCHIVED' });
});

test('the command line takes the date of ticks, as inspect tells it, and says what went in', async () => {
  const { url } = await openTestStore();
  const at = await folderOf({ 'SPY.csv': TRADES });
  const line = `${at('SPY.csv')} --date 2013-10-07`;
  const [refused, inspected, imported, verified] = await wyckoff(
    url,
    `import ${at('SPY.csv')}`,
    `inspect ${line}`,
    `import ${line}`,
    `verify ${line}`,
  );
  expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('DATE_MISSING') });
  expect(inspected).toMatchObject({ code: 0, output: expect.stringContaining(`wyckoff import ${line}`) });
  expect(imported).toMatchObject({ code: 0, output: expect.stringContaining('SPY trades, 3 inserted, 0 changed') });
  expect(imported!.output).toContain('from 2013-10-07T08:00:00.464Z to 2013-10-07T08:00:00.465Z');
  expect(imported!.output).not.toContain('bars range');
  expect(verified).toMatchObject({ code: 0 });
});

test('an archive of several files is several files, and moves once all of them are in', async () => {
  const { store } = await openTestStore();
  const at = await folderOf({});
  const bars = (close: string) => `date,open,high,low,close,volume\n2024-01-02,10,12,9,${close},100\n`;
  const parts = [
    { name: 'eod/AAPL_1d.csv', content: bars('11') },
    { name: 'more/AAPL_1h.csv', content: bars('11').replace('2024-01-02', '2024-01-02T10:00:00Z') },
    { name: '20131007_spy_Trade_Tick.csv', content: TRADES.join('\n') },
    { name: 'README.txt', content: 'nothing' },
  ];
  await writeFile(at('all.zip'), zipFile(...parts, { name: 'BAD_1d.csv', content: bars('13') }));
  const archive = await temporaryDirectory();
  const options = { paths: [at('.')], archive };
  const first = await store.files.import(options);
  expect(first.files.map(({ path, status }) => [path.split('!')[1], status]).sort()).toEqual([
    ['20131007_spy_Trade_Tick.csv', 'imported'],
    ['BAD_1d.csv', 'failed'],
    ['eod/AAPL_1d.csv', 'imported'],
    ['more/AAPL_1h.csv', 'imported'],
  ]);
  expect(first.totals).toMatchObject({ archived: 0, notArchived: 3 });
  expect(await readdir(archive)).toEqual([]);
  const one = await store.files.import({ paths: [`${at('all.zip')}!eod/AAPL_1d.csv`] });
  expect(one.files).toMatchObject([{ status: 'skipped', inserted: 0, unchanged: 1 }]);

  await writeFile(at('all.zip'), zipFile(...parts));
  const hash = await sha256Of(at('all.zip'));
  const second = await store.files.import(options);
  expect(second.files.map(({ status, inserted, archived }) => [status, inserted, archived])).toEqual(
    parts.slice(0, 3).map(() => ['imported', 0, join(archive, 'all.zip')]),
  );
  expect(second.totals).toMatchObject({ files: 3, unchanged: 5, archived: 3, notArchived: 0 });
  expect(second.files.every(({ contentHash }) => contentHash === hash)).toBe(true);
  expect([await readdir(archive), await sha256Of(join(archive, 'all.zip'))]).toEqual([['all.zip'], hash]);
});

test('of a folder that an export made, the market goes in and the ledger is left out', async () => {
  const { store, url } = await openTestStore();
  await writeEveryKind(url);
  const directory = join(await temporaryDirectory(), 'export');
  await store.files.export({ directory, format: 'csv' });
  const { store: other, url: to } = await openTestStore();
  const { files, leftOut, totals } = await other.files.import({ paths: [directory] });
  expect(files.map(({ path, error }) => [path.slice(directory.length + 1), error])).toEqual(
    ['bars', 'indicators', 'order-books', 'quotes', 'trades'].map((kind) => [`${kind}.csv`, null]),
  );
  expect(totals.failed).toBe(0);
  const reasons = Object.fromEntries(leftOut.map(({ path, reason }) => [path.slice(directory.length + 1), reason]));
  expect(reasons).toMatchObject({
    'manifest.json': 'not a data file by its name',
    'signals.csv': expect.stringContaining('wyckoff restore'),
  });
  const client = await openRawClient(to);
  expect((await client.query('SELECT count(*)::int AS events FROM signals')).rows).toEqual([{ events: 0 }]);
  // The manifest of another program takes nothing from its folder.
  await rm(join(directory, 'bars.csv'));
  await writeFile(join(directory, 'manifest.json'), '{}');
  const { files: all } = await other.files.import({ paths: [directory], dryRun: true });
  expect(all.some(({ path }) => path.endsWith('signals.csv'))).toBe(true);
});
