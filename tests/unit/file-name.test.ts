import { describe, expect, it } from 'vitest';
import { seriesOfFileName } from '../../src/transfer/read/file-name.js';

describe('seriesOfFileName', () => {
  it.each([
    ['AAPL.csv', { symbol: 'AAPL' }],
    ['bars/AAPL_1d.csv', { symbol: 'AAPL', timeframe: '1d' }],
    ['BTC-USDT_15m.txt', { symbol: 'BTC-USDT', timeframe: '15m' }],
    ['BRK.B.csv', { symbol: 'BRK.B' }],
    ['^GSPC_1h.csv', { symbol: '^GSPC', timeframe: '1h' }],
  ])('%s tells its series', (name, series) => {
    expect(seriesOfFileName(name)).toEqual(series);
  });

  it.each([
    'yahoo_AAPL_2004_2018.csv',
    'prices.csv',
    'aapl_1d.csv',
    'AAPL_1D.csv',
    'AAPL_2004.csv',
    'AAPL_1d_new.csv',
    'AAPL_1d',
    'AAPL 1d.csv',
  ])('%s tells nothing', (name) => {
    expect(seriesOfFileName(name)).toEqual({});
  });
});
