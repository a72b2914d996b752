import { describe, expect, it } from 'vitest';
import { seriesOfFileName } from '../../src/transfer/read/file-name.js';

describe('seriesOfFileName', () => {
  it.each([
    ['AAPL.csv', { symbol: 'AAPL' }],
    ['bars/AAPL_1d.csv', { symbol: 'AAPL', timeframe: '1d' }],
    ['BTC-USDT_15m.txt', { symbol: 'BTC-USDT', timeframe: '15m' }],
    ['BRK.B.csv', { symbol: 'BRK.B' }],
    ['^GSPC_1h.csv', { symbol: '^GSPC', timeframe: '1h' }],
    ['AAPL_1d.csv.gz', { symbol: 'AAPL', timeframe: '1d' }],
    ['AAPL_1d.parquet', { symbol: 'AAPL', timeframe: '1d' }],
    ['all.zip!bars/MSFT_1d.csv', { symbol: 'MSFT', timeframe: '1d' }],
    ['bars/AAPL/15m.csv', { symbol: 'AAPL', timeframe: '15m' }],
    ['bars/symbol=AAPL/timeframe=1d/part-0.parquet', { symbol: 'AAPL', timeframe: '1d' }],
    ['bars/timeframe=1h/symbol=BTC%2FUSDT/year=2024/DATA.parquet', { symbol: 'BTC/USDT', timeframe: '1h' }],
    ['BTCUSDT-1m-2024-01.zip', { symbol: 'BTCUSDT', timeframe: '1m' }],
    ['BTCUSDT-15m-2024-01-31.csv', { symbol: 'BTCUSDT', timeframe: '15m' }],
    ['EURUSD_M15_202001020000_202312292345.csv', { symbol: 'EURUSD', timeframe: '15m' }],
    ['EURUSD_Daily_202001020000_202312290000.csv', { symbol: 'EURUSD', timeframe: '1d' }],
    ['DAT_ASCII_EURUSD_M1_2023.csv', { symbol: 'EURUSD', timeframe: '1m' }],
    ['EURUSD_Candlestick_1_Hour_BID_01.01.2020-31.12.2020.csv', { symbol: 'EURUSD', timeframe: '1h' }],
    ['eurusd-m1-bid-2021-01-01-2021-02-01.csv', { symbol: 'EURUSD', timeframe: '1m' }],
    ['NASDAQ_AAPL, 1D.csv', { symbol: 'AAPL', timeframe: '1d' }],
    ['BATS_SPY, 60_a1b2c.csv', { symbol: 'SPY', timeframe: '1h' }],
    ['CME_MINI_DL_ESH2024, 15.csv', { symbol: 'ESH2024', timeframe: '15m' }],
    ['AAPL Historical Data (1).csv', { symbol: 'AAPL' }],
    ['XBTUSD_1440.csv', { symbol: 'XBTUSD', timeframe: '1d' }],
    ['AAPL_full_1min_adjsplit.txt', { symbol: 'AAPL', timeframe: '1m' }],
    ['Binance_BTCUSDT_2024_minute.csv', { symbol: 'BTCUSDT', timeframe: '1m' }],
    ['daily_adjusted_IBM.csv', { symbol: 'IBM', timeframe: '1d' }],
    ['intraday_5min_IBM.csv', { symbol: 'IBM', timeframe: '5m' }],
    ['aapl_daily_historical-data-download-01-02-2024.csv', { symbol: 'AAPL', timeframe: '1d' }],
    ['aapl_us_d.csv', { symbol: 'AAPL.US', timeframe: '1d' }],
    ['^spx_d.csv', { symbol: '^SPX', timeframe: '1d' }],
    ['equity/usa/daily/aapl.zip', { symbol: 'AAPL', timeframe: '1d' }],
    ['20131007_spy_minute_trade.csv', { symbol: 'SPY', timeframe: '1m' }],
    ['xnas-itch-20240102.ohlcv-1m.csv', { timeframe: '1m' }],
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
    'HistoricalData_1612345678901.csv',
    'BTCUSDT-3m-2024-01.csv',
    'part-0.parquet',
  ])('%s tells nothing', (name) => {
    expect(seriesOfFileName(name)).toEqual({});
  });

  it('asks the entry of an archive before the archive', () => {
    expect(seriesOfFileName('data.csv', 'AAPL_1d.csv')).toEqual({ symbol: 'AAPL', timeframe: '1d' });
    expect(seriesOfFileName('MSFT_1h.csv', 'AAPL_1d.csv')).toEqual({ symbol: 'MSFT', timeframe: '1h' });
  });
});
