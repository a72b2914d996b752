import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../src/errors.js';
import type { CsvText } from '../../src/transfer/read/csv-text.js';
import type { LayoutDescription } from '../../src/transfer/read/layouts/description.js';
import { readLayoutDescription } from '../../src/transfer/read/layouts/map-file.js';
import { layoutOf } from '../../src/transfer/read/layouts/text-layout.js';

const ROW = '2024-01-02,1,2,1,2,100';

function textOf(...texts: string[]): CsvText {
  const firstLines = texts.map((text, index) => ({ line: index + 1, text }));
  const last = texts.length;
  const lastText = texts.at(-1)!;
  return {
    ...{ path: 'prices.csv', firstLines, lines: last, lastLine: last, lastText, lineBeforeLast: last - 1 },
    ...{ mixedLineEnds: false, name: 'prices.csv', tellingNames: ['prices.csv'] },
  };
}

function problemsOf(text: CsvText, map?: LayoutDescription) {
  try {
    layoutOf(text, map);
  } catch (error) {
    if (error instanceof InvalidInputError) return error.problems;
    throw error;
  }
  throw new Error('the header was accepted');
}

describe('the name of a file of MetaTrader 4', () => {
  const row = '2024.01.02,00:00,1.1,1.2,1.0,1.1,5';
  it.each([
    ['EURUSD1.csv', 'EURUSD', '1m'],
    ['USDCAD1440.CSV', 'USDCAD', '1d'],
    ['USDCAD1.csv', 'USDCAD', '1m'],
    ['EURUSDm60.csv', 'EURUSDm', '1h'],
    ['IBM1.csv', 'IBM', '1m'],
    ['EURUSDM15.csv', 'EURUSD', '15m'],
    ['US301.csv', undefined, undefined],
    ['US30M1.csv', undefined, undefined],
    ['JP225.csv', undefined, undefined],
    ['EURUSD_M1.csv', undefined, undefined],
  ])('%s tells %s %s', (name, symbol, timeframe) => {
    const { told } = layoutOf({ ...textOf(row, row), tellingNames: [`/bars/${name}`] });
    expect([told.symbol, told.timeframe]).toEqual([symbol, timeframe]);
  });
});

describe('a header in plain words', () => {
  it('finds the columns in any order and case, and leaves the others out by name', () => {
    const names = ',DATE,Open,close,HIGH,low,Mean,Volume,VWAP';
    expect(layoutOf(textOf(names, '0,2024-01-02,1,2,2,1,1.5,100,1.4'))).toMatchObject({
      name: 'csv',
      headerLine: 1,
      delimiter: ',',
      width: 9,
      rows: 1,
      lastLine: 2,
      columns: { timestamp: 1, open: 2, close: 3, high: 4, low: 5, volume: 7, vwap: 8 },
      leftOut: ['column 1', 'Mean'],
    });
  });

  it.each([',', ';', '\t', '|'])('has %j between its names', (delimiter) => {
    const names = ['timestamp', 'open', 'high', 'low', 'close', 'volume'].join(delimiter);
    const columns = { timestamp: 0, open: 1, high: 2, low: 3, close: 4, volume: 5 };
    expect(layoutOf(textOf(names, ROW.replaceAll(',', delimiter)))).toMatchObject({ delimiter, columns, leftOut: [] });
  });

  it.each(['Date', 'datetime', 'TIME', ' timestamp ', '"Date"'])('takes %j for the instant', (name) => {
    expect(layoutOf(textOf(`open,high,low,close,volume,${name}`, ROW)).columns.timestamp).toBe(5);
  });

  it('takes a date and a time that stand apart together', () => {
    const layout = layoutOf(textOf('Date,Time,open,high,low,close,volume', '1/2/2024,9:30,1,2,1,2,100'));
    expect(layout).toMatchObject({ columns: { timestamp: 0, time: 1 }, firstTime: '1/2/2024 9:30' });
  });

  it('names every missing column and the columns that there are', () => {
    expect(problemsOf(textOf('Date,Open,High,Close,Mean', ROW))).toEqual([
      {
        code: 'COLUMN_MISSING',
        path: 'low',
        value: ['Date', 'Open', 'High', 'Close', 'Mean'],
        rule: 'no column is named low',
        hint: 'name the column low in the header, or say with --map which one it is',
        line: 1,
      },
      expect.objectContaining({ code: 'COLUMN_MISSING', path: 'volume' }),
    ]);
  });

  it('of a date and a time apart, too, names what is missing, and that there may be none', () => {
    expect(problemsOf(textOf('<TICKER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>', ROW))).toEqual([
      expect.objectContaining({
        code: 'COLUMN_MISSING',
        path: 'volume',
        hint: 'name the column volume in the header, or say with --map which one it is, or that there is none ("volumeOptional": true)',
      }),
    ]);
  });

  it('does not choose between two columns of one meaning', () => {
    expect(problemsOf(textOf('Date,Datetime,open,high,low,close,volume,CLOSE', ROW))).toEqual([
      expect.objectContaining({
        code: 'COLUMN_REPEATED',
        path: 'timestamp',
        rule: '2 columns are named timestamp (or date, datetime, time)',
        hint: 'leave one of Date, Datetime under that name',
      }),
      expect.objectContaining({ code: 'COLUMN_REPEATED', path: 'close' }),
    ]);
  });

  it('is not a row of values', () => {
    expect(problemsOf(textOf(ROW, ROW))).toEqual([
      expect.objectContaining({ code: 'HEADER_MISSING', value: ROW, line: 1 }),
    ]);
  });
});

describe('a mapping', () => {
  const columns = { timestamp: 'Tag', open: 'O', high: 'H', low: 'L', close: 'C', volume: 'V' };

  it('is a layout like any other', () => {
    const map = readLayoutDescription({ columns, header: 2, namesLine: 2, footer: 'Total', dates: 'day-first' });
    const text = textOf('made by us', 'Tag;O;H;L;C;V;X', '2.1.2024;1,5;2;1;2;1.000;7', 'Total 1');
    expect(layoutOf(text, map)).toMatchObject({
      name: 'map',
      headerLine: 2,
      footerLine: 4,
      rows: 1,
      lastLine: 3,
      decimal: ',',
      leftOut: ['X'],
      notices: ['numbers were read with a decimal comma', 'line 4 was left out: "Total 1"'],
    });
  });

  it('names the columns of a file that does not', () => {
    const names = ['Tag', 'O', 'H', 'L', 'C', 'V'];
    expect(layoutOf(textOf(ROW), readLayoutDescription({ columns, names }))).toMatchObject({ headerLine: 0, rows: 1 });
  });

  it('that names a column which is not there is refused', () => {
    expect(problemsOf(textOf('Tag;O;H;L;C', ROW), readLayoutDescription({ columns }))).toMatchObject([
      { code: 'COLUMN_MISSING', path: 'volume', rule: 'no column is named V' },
    ]);
  });

  it.each([
    ['date;open;high;low;close;volume', '2024-01-02;1,234;1,300;1,200;1,250;100'],
    ['date,open,high,low,close,volume', '2024-01-02,"1,234","1,300","1,200","1,250",100'],
  ])('may say what the commas mean where nothing shows it', (...lines) => {
    const text = textOf(...lines);
    expect(problemsOf(text)).toMatchObject([{ code: 'DECIMAL_SIGN_UNCLEAR', value: '1,234' }]);
    const plain = { timestamp: 'date', open: 'open', high: 'high', low: 'low', close: 'close', volume: 'volume' };
    expect(layoutOf(text, readLayoutDescription({ columns: plain, decimal: '.' })).decimal).toBe('.');
  });

  it.each<[string, unknown, string, string?]>([
    ['no object', [], ''],
    ['no columns', {}, 'columns'],
    ['a field that there is not', { columns: { ...columns, price: 'P' } }, 'columns'],
    ['a field too few', { columns: { ...columns, low: undefined } }, 'columns.low'],
    ['a key that there is not', { columns, delimitor: ';' }, ''],
    ['a delimiter of two', { columns, delimiter: ';;' }, 'delimiter'],
    ['a scale of nine', { columns, volumeScale: 9 }, 'volumeScale'],
    ['names and a header', { columns, names: ['a'], header: 2 }, 'names'],
    ['a line that is none of the header', { columns, namesLine: 2 }, 'namesLine'],
    ['a timeframe of a week', { columns, timeframe: '1w' }, 'timeframe'],
    ['a rule that is none', { columns, symbolRules: ['.US'] }, 'symbolRules', 'SYMBOL_RULE_INVALID'],
  ])('with %s is refused at its place', (_, value, path, code = 'MAP_INVALID') => {
    const read = () => readLayoutDescription(value);
    expect(read).toThrow(InvalidInputError);
    try {
      read();
    } catch (error) {
      expect((error as InvalidInputError).problems[0]).toMatchObject({ code, path });
    }
  });
});
