import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Store } from '../../src/index.js';
import { inspectFile } from '../../src/transfer/read/inspect.js';
import { openTestStore } from '../setup/test-database.js';

const HEADER = 'symbol,timeframe,date,open,high,low,close,volume';
const rows = (...symbols: string[]) =>
  [HEADER, ...symbols.map((symbol) => `${symbol},1d,2024-01-02,10,12,9,11,100`)].join('\n');

/** What the three readers of a file say of it, which must be the same: the series that it is taken as and the notices, or the refusal. */
async function outcomes(store: Store, name: string, text: string, options: Record<string, unknown> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'wyckoff-contradictions-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  const inspected = await inspectFile(path, options);
  const { files: imported } = await store.files.import({ paths: [folder], ...options });
  const { files: verified } = await store.files.verify({ paths: [folder], ...options });
  const said = [inspected, imported[0]!, verified[0]!].map(({ series, notices, error }) =>
    error
      ? { code: error.code, message: error.message, hint: error.hint }
      : { series: series.map((one) => `${one.symbol} ${'timeframe' in one ? one.timeframe : ''}`), notices },
  );
  expect(said[1]).toEqual(said[0]);
  expect(said[2]).toEqual(said[0]);
  return said[0];
}

const PREFIXED =
  'Date,AAPL.Open,AAPL.High,AAPL.Low,AAPL.Close,AAPL.Volume,AAPL.Adjusted\n2024-01-02,10,12,9,11,100,11\n2024-01-03,10,12,9,11,100,11';

const CASES: [string, string, string, Record<string, unknown>, string[], string[]][] = [
  ['the same', 'AAPL_1d.csv', rows('aapl'), {}, ['AAPL 1d'], []],
  ['the same by a rule', 'AAPL_1d.csv', rows('AAPL.US'), { symbolRules: ['*.US=*'] }, ['AAPL 1d'], []],
  [
    'another symbol and timeframe',
    'MSFT_1h.csv',
    rows('AAPL.US'),
    {},
    ['AAPL.US 1d'],
    [
      "the file's name says MSFT, the file itself AAPL.US: the file counts",
      "the file's name says 1h, the file itself 1d: the file counts",
    ],
  ],
  [
    'another one in the names of the columns',
    'MSFT_1d.csv',
    PREFIXED,
    {},
    ['AAPL 1d'],
    ["the file's name says MSFT, the file itself AAPL: the file counts"],
  ],
  ['the name of a list', 'NASDAQ.csv', rows('AAPL', 'MSFT'), {}, ['AAPL 1d', 'MSFT 1d'], []],
  [
    'one of several',
    'AAPL.csv',
    rows('AAPL', 'MSFT'),
    {},
    ['AAPL 1d', 'MSFT 1d'],
    ["the file's name says AAPL, the file itself MSFT: the file counts"],
  ],
  [
    'an option',
    'AAPL.csv',
    rows('AAPL.US'),
    { symbol: 'AAPL' },
    ['AAPL 1d'],
    ['the file itself says AAPL.US: its bars are taken as AAPL, as was asked for'],
  ],
  ['its folders', 'symbol=AAPL/timeframe=1d/x.csv', rows('AAPL'), {}, ['AAPL 1d'], []],
  ['its folders, by a rule', 'symbol=AAPL/x.csv', rows('AAPL.US'), { symbolRules: ['*.US=*'] }, ['AAPL 1d'], []],
  [
    'an option beside its folders',
    'symbol=AAPL/x.csv',
    rows('MSFT'),
    { symbol: 'AAPL' },
    ['AAPL 1d'],
    ['the file itself says MSFT: its bars are taken as AAPL, as was asked for'],
  ],
  [
    'a mapping beside its folders',
    'symbol=AAPL/x.csv',
    'date,o,h,l,c,v\n2024-01-02,10,12,9,11,100',
    {
      map: {
        symbol: 'SPY',
        timeframe: '1d',
        columns: { timestamp: 'date', open: 'o', high: 'h', low: 'l', close: 'c', volume: 'v' },
      },
    },
    ['SPY 1d'],
    [],
  ],
];

test('where a name and the file itself say different things the file counts, with a word', async () => {
  const { store } = await openTestStore();
  for (const [what, name, text, options, series, notices] of CASES)
    expect(await outcomes(store, name, text, options), what).toEqual({ series, notices });
});

const MISPLACED: [string, string, string, string][] = [
  [
    'symbol=AAPL/AAPL_1d.csv',
    rows('AAPL', 'MSFT'),
    'SYMBOL_MISMATCH',
    'the file itself says MSFT, and its folder symbol=AAPL',
  ],
  ['ticker=MSFT/x.csv', PREFIXED, 'SYMBOL_MISMATCH', 'the file itself says AAPL, and its folder symbol=MSFT'],
  ['interval=1h/x.csv', rows('AAPL'), 'TIMEFRAME_MISMATCH', 'the file itself says 1d, and its folder timeframe=1h'],
];

test('a file in the folder of another series is refused', async () => {
  const { store } = await openTestStore();
  for (const [name, text, code, message] of MISPLACED)
    expect(await outcomes(store, name, text), name).toMatchObject({
      code,
      message: expect.stringContaining(message),
      hint: expect.stringContaining('is it in the wrong folder? Move it'),
    });
});
