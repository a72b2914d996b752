import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../src/errors.js';
import { recogniseCsv } from '../../src/transfer/read/formats.js';

function problemsOf(text: string) {
  try {
    recogniseCsv({ line: 1, text });
  } catch (error) {
    if (error instanceof InvalidInputError) return error.problems;
    throw error;
  }
  throw new Error('the header was accepted');
}

describe('recogniseCsv', () => {
  it('finds the columns in any order and case, and leaves the others out by name', () => {
    expect(recogniseCsv({ line: 3, text: ',DATE,Open,close,HIGH,low,Adj Close,Volume,VWAP' })).toEqual({
      headerLine: 3,
      delimiter: ',',
      width: 9,
      columns: { timestamp: 1, open: 2, close: 3, high: 4, low: 5, volume: 7, vwap: 8 },
      leftOut: ['column 1', 'Adj Close'],
    });
  });

  it.each([',', ';', '\t', '|'])('reads a header with %j between its names', (delimiter) => {
    const text = ['timestamp', 'open', 'high', 'low', 'close', 'volume'].join(delimiter);
    expect(recogniseCsv({ line: 1, text })).toEqual({
      headerLine: 1,
      delimiter,
      width: 6,
      columns: { timestamp: 0, open: 1, high: 2, low: 3, close: 4, volume: 5, vwap: undefined },
      leftOut: [],
    });
  });

  it.each(['Date', 'datetime', 'TIME', ' timestamp ', '"Date"'])('takes %j for the instant', (name) => {
    expect(recogniseCsv({ line: 1, text: `open,high,low,close,volume,${name}` }).columns.timestamp).toBe(5);
  });

  it('names every missing column and the columns that there are', () => {
    expect(problemsOf('Date,Open,High,Close,Adj Close')).toEqual([
      {
        code: 'COLUMN_MISSING',
        path: 'low',
        value: ['Date', 'Open', 'High', 'Close', 'Adj Close'],
        rule: 'no column is named low',
        hint: 'name the column low in the header',
        line: 1,
      },
      expect.objectContaining({ code: 'COLUMN_MISSING', path: 'volume' }),
    ]);
  });

  it('does not choose between two columns of one meaning', () => {
    expect(problemsOf('Date,Time,open,high,low,close,volume,CLOSE')).toEqual([
      expect.objectContaining({
        code: 'COLUMN_REPEATED',
        path: 'timestamp',
        value: ['Date', 'Time', 'open', 'high', 'low', 'close', 'volume', 'CLOSE'],
        rule: '2 columns are named timestamp (or date, datetime, time)',
        hint: 'leave one of Date, Time under that name',
      }),
      expect.objectContaining({ code: 'COLUMN_REPEATED', path: 'close' }),
    ]);
  });

  it('says that a row of values is no header', () => {
    expect(problemsOf('2024-01-02,1,2,1,2,100')).toEqual([
      expect.objectContaining({ code: 'HEADER_MISSING', value: '2024-01-02,1,2,1,2,100', line: 1 }),
    ]);
  });
});
