import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type InspectOptions, inspectFile } from '../../src/transfer/read/inspect.js';
import { wyckoff } from '../setup/commands.js';
import { hasSharedData, sharedFile } from '../setup/shared-data.js';
import { zipFile } from '../setup/zip-file.js';
import { csv, days, file, useCsvDirectory } from './csv-files.js';

useCsvDirectory();

const NO_DATABASE = 'postgresql://nobody@127.0.0.1:1/none';

const inspect = async (content: string, name: string, options?: InspectOptions) =>
  inspectFile(await file(content, name), options);

describe('inspectFile', () => {
  it('says what a file is, and the command that imports it', async () => {
    const path = await file(
      `${csv(...days(3)).replace('Volume', 'Volume,Adj')}`.replaceAll(',100\n', ',100,1\n'),
      'AAPL_1d.csv',
    );
    expect(await inspectFile(path)).toEqual({
      path,
      kind: 'bars',
      layout: 'csv',
      mapping: { timestamp: 'Date', open: 'Open', high: 'High', low: 'Low', close: 'Close', volume: 'Volume' },
      leftOut: ['Adj'],
      rows: 3,
      duplicates: 0,
      rejected: 0,
      reasons: [],
      series: [
        {
          ...{ kind: 'bars', symbol: 'AAPL', timeframe: '1d', rows: 3, volumeScale: 0 },
          ...{ first: new Date('2024-01-01'), last: new Date('2024-01-03') },
        },
      ],
      rounded: { prices: 0, volumes: 0 },
      stillRejected: 0,
      notices: [],
      advice: [],
      command: `wyckoff import ${path}`,
      error: null,
    });
  });

  it('finds that times are too fine, and says where no row can be imported', async () => {
    const name = 'AAPL_2012-06-21_34200000_57600000_message_1.csv';
    const fine = await inspect('34200.025551909,4,16120456,18,5859100,-1\n', name);
    expect(fine).toMatchObject({ rejected: 1, stillRejected: 0, series: [{ kind: 'trades', rows: 1 }] });
    expect(fine.command).toMatch(/message_1\.csv --round$/);
    const none = await file('34200.1,1,16120456,18,5859100,-1\n', name);
    const [{ code, output }] = (await wyckoff(NO_DATABASE, `inspect ${none}`)) as [{ code: number; output: string }];
    expect(output).toContain('problems   it has no row that can be imported');
    expect(code).toBe(1);
  });

  it('finds every option that a file needs, and says what is rejected without them', async () => {
    const rows = ['09:30', '09:31', '09:32', '09:33'].map((time) => `2024-01-02 ${time},10.123456785,12,9,11,0.5`);
    const found = await inspect(csv(...rows, '2024-01-02 09:34,10,8,9,9,1'), "it's ES.csv");
    expect(found.command).toMatch(
      /^wyckoff import '.*\/it'\\''s ES.csv' --symbol ES --timezone America\/New_York --volume-scale auto --round --on-error skip$/,
    );
    expect(found).toMatchObject({ rows: 5, rejected: 5, stillRejected: 1, rounded: { prices: 4, volumes: 0 } });
    expect(found.reasons.map(({ code, problems, first }) => [code, problems, first.line])).toEqual([
      ['PRICE_TOO_PRECISE', 4, 2],
      ['VOLUME_TOO_PRECISE', 4, 2],
      ['HIGH_BELOW_LOW', 1, 6],
    ]);
    expect(found.series).toMatchObject([
      { timeframe: '1m', rows: 4, volumeScale: 1, first: new Date('2024-01-02T14:30Z') },
    ]);
    expect(found.advice.map((advice) => advice.split(':')[0])).toEqual([
      ...['--symbol', '--round', '--volume-scale auto', '--timezone', '--on-error skip'],
    ]);
  });

  it('rounds volumes only where no series could keep them', async () => {
    const of = (volume: string, options = {}) =>
      inspect(csv(`2024-01-01,10,12,9,11,${volume}`, ...days(3).slice(1)), 'AAPL.csv', options);
    const { command, advice } = await of('34041.702124152');
    expect(command).toMatch(/AAPL.csv --volume round$/);
    expect(advice).toEqual([
      '--volume round: volumes have more decimals than a series can keep, and are rounded half-up',
    ]);
    const coins = await of('0.123456789', { round: true, volumeScale: 'auto', timeframe: '1d' });
    expect(coins.command).toMatch(/--volume-scale 8 --round --volume round$/);
    expect(coins.advice).toEqual([
      '--volume-scale 8, --volume round: volumes have more than 8 decimals, and are rounded half-up to 8',
    ]);
    expect(coins.series).toMatchObject([{ volumeScale: 8 }]);
  });

  it('tells another timeframe than that of the name', async () => {
    expect((await inspect(csv(...days(9)), 'AAPL_1m.csv')).command).toMatch(/--timeframe 1d$/);
    const told = await inspect(csv(...days(9)), 'AAPL.csv', { timeframe: '1m' });
    expect(told).toMatchObject({ command: null, error: { code: 'TIMEFRAME_MISMATCH' } });
  });

  it('guesses the symbol of a continuous future, whose name is none here', async () => {
    const text = 'time,open,high,low,close,Volume\n1704205800,1,1,1,1,1\n1704209400,1,1,1,1,1\n1704213000,1,1,1,1,1';
    expect((await inspect(text, 'CME_MINI_ES1!, 60.csv')).command).toMatch(/--symbol ES1$/);
  });

  it('gives up where no option helps', async () => {
    expect(await inspect('a,b\n1,2\n', 'AAPL.csv')).toMatchObject({ command: null, error: { code: 'HEADER_MISSING' } });
    const wrong = await inspect(csv('2024-01-01,x,12,9,11,1', '2024-01-02,x,12,9,11,1'), 'AAPL_1d.csv');
    expect(wrong).toMatchObject({ rejected: 2, stillRejected: 2, series: [], command: null, error: null });
  });
});

describe('wyckoff inspect', () => {
  it('prints it for people, with the files of an archive, and exits 1 where a row is rejected', async () => {
    const path = await file(
      zipFile(
        { name: 'AAPL_1d.csv', content: csv(...days(3)) },
        { name: 'MSFT_1d.csv', content: csv('2024-01-01,10.123456785,12,9,11,1', '2024-01-02,10,8,9,9,1') },
      ),
      'all.zip',
    );
    const [outcome] = await wyckoff(NO_DATABASE, `inspect ${path}`);
    expect(outcome!.code).toBe(1);
    expect(outcome!.output.replaceAll(path, 'all.zip')).toBe(`all.zip!AAPL_1d.csv
  layout     csv, 3 rows of bars
  columns    timestamp = Date, open = Open, high = High, low = Low, close = Close, volume = Volume
  series     AAPL 1d: 3 bars from 2024-01-01T00:00:00Z to 2024-01-03T00:00:00Z
  problems   none
  import it with
    wyckoff import 'all.zip!AAPL_1d.csv'
all.zip!MSFT_1d.csv
  layout     csv, 2 rows of bars
  columns    timestamp = Date, open = Open, high = High, low = Low, close = Close, volume = Volume
  series     MSFT 1d: 1 bars from 2024-01-01T00:00:00Z to 2024-01-01T00:00:00Z
  problems   rows rejected without more options: 2 of 2
             line 2, open: "10.123456785": a price has at most 8 decimals [PRICE_TOO_PRECISE]
               hint: a price keeps 8 decimals: import it with --round to round prices half-up
             line 3, high: "8": high is not below low (9) [HIGH_BELOW_LOW]
             rows rejected by the command below: 1
  rounding   by the command below: 1 price, 0 volumes
  import it with
    wyckoff import 'all.zip!MSFT_1d.csv' --round --on-error skip
    --round: prices have more than 8 decimals, and are rounded half-up to 8
    --on-error skip: some rows are wrong; the others are imported
`);
  });

  it('prints JSON, and exits 1 where a file cannot be used', async () => {
    const gzip = await file(gzipSync(csv(...days(3))), 'AAPL_1d.csv.gz');
    const [good, bad] = await wyckoff(NO_DATABASE, `inspect ${gzip} --json`, `inspect ${gzip}x --json`);
    expect([good!.code, bad!.code]).toEqual([0, 1]);
    expect(JSON.parse(good!.output).files).toMatchObject([
      { path: gzip, rows: 3, series: [{ first: '2024-01-01T00:00:00Z' }], error: null },
    ]);
    expect(JSON.parse(bad!.output).files).toMatchObject([{ error: { code: 'FILE_MISSING' }, command: null }]);
  });
});

describe.runIf(hasSharedData)('real files', () => {
  it.each([
    ['plain/mpf_SP500_1min_OCHL_crlf.csv', 1_563, 0, 0, '--symbol SP500 --timezone America/New_York'],
    ['plain/yahoo_AAPL_2004_2018.csv', 3_379, 0, 0, '--symbol AAPL'],
    ['vendors/barchart_JPYUSD_crlf.csv', 519, 333, 0, '--symbol JPYUSD --round'],
    ['vendors/lean_aapl_daily.csv', 5_849, 0, 0, '--symbol AAPL'],
    ['vendors/plotly_quandl_multisymbol.csv', 3_634, 49, 0, '--round'],
    ['vendors/plotly_tesla_badrow.csv', 757, 1, 1, "--symbol '<SYMBOL>' --on-error skip"],
    ['vendors/stooq_jpm.us.txt', 14_152, 13_304, 0, '--volume round'],
    ['vendors/stooq_tsla.us.txt', 3_936, 0, 0, ''],
    ['vendors/yf_multiheader_SPY_2000_2024.csv', 6_288, 6_288, 0, '--round'],
    ['ticks/lean_IBM_quotes_20131007.csv', 109_067, 0, 0, ''],
  ])('%s', async (name, rows, rejected, stillRejected, options) => {
    const path = sharedFile(name);
    const found = await inspectFile(path);
    expect(found).toMatchObject({ rows, rejected, stillRejected, error: null });
    expect(found.command).toBe(`wyckoff import ${path} ${options}`.trim());
  });
});
