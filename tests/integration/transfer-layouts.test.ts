import { describe, expect, it } from 'vitest';
import { Decimal } from '../../src/domain/decimal.js';
import { formatInstant } from '../../src/domain/time.js';
import type { BarFileOptions } from '../../src/transfer/read/bar-file.js';
import { openBarFile } from '../../src/transfer/read/open-file.js';
import { file, refusal, useCsvDirectory } from './csv-files.js';

useCsvDirectory();

/** What a file has of each series: `AAPL 1d`, its volume scale, and each bar as `instant open high low close volume vwap source`. */
async function seriesOf(path: string, options: BarFileOptions = {}) {
  const opened = await openBarFile(path, options);
  try {
    const series: Record<string, { volumeScale: number; bars: string[] }> = {};
    for (const { symbol, timeframe, volumeScale, blocks } of opened.series) {
      const bars: string[] = [];
      for await (const block of blocks()) {
        for (let index = 0; index < block.length; index += 1) {
          const price = (scaled: bigint) => new Decimal(scaled.toString()).div(1e8).toString();
          const { open, high, low, close } = block;
          const prices = [open, high, low, close].map((column) => price(column[index]!));
          const volume = new Decimal(block.volume[index]!.toString()).div(new Decimal(10).pow(volumeScale)).toString();
          const vwap = block.vwapAt(index);
          const rest = [
            ...(vwap === null ? [] : [`vwap ${price(vwap)}`]),
            ...((block.source[index] ?? '') ? [block.source[index]] : []),
          ];
          bars.push([formatInstant(new Date(block.timestamp[index]!)), ...prices, volume, ...rest].join(' '));
        }
      }
      series[`${symbol} ${timeframe}`] = { volumeScale, bars };
    }
    const { layout, leftOut, notices, rows, rejected, problems, rounded, duplicates } = opened;
    return { layout, leftOut, notices, rows, rejected, problems, rounded, duplicates, series };
  } finally {
    await opened.close();
  }
}

interface Sample {
  readonly layout: string;
  readonly name?: string;
  readonly text: string;
  readonly options?: BarFileOptions;
  readonly series: string;
  readonly bars: readonly string[];
  readonly leftOut?: readonly string[];
  readonly notices?: readonly string[];
  readonly volumeScale?: number;
}

const TOLD = 'the timeframe 1d was told by the spacing of the bars';
const SLASHED = 'dates with slashes were read as month/day/year';
const TICKS = 'the volume is the number of price changes (tick volume), as MetaTrader exports it';
const DAYS = ['2024-01-02T00:00:00Z 10.5 12 9 11 100', '2024-01-03T00:00:00Z 11 12.25 10 12 4006500'];

/** Written as the vendor writes them, line for line; the values are our own. */
const SAMPLES: Record<string, Sample> = {
  'Yahoo, as its site exports': {
    layout: 'yahoo',
    text: `Date,Open,High,Low,Close,Adj Close,Volume
2024-01-02,10.500000,12.000000,9.000000,11.000000,10.870000,100
2024-01-03,11.000000,12.250000,10.000000,12.000000,11.850000,4006500`,
    options: { timeframe: '1d' },
    series: 'AAPL 1d',
    bars: DAYS,
    leftOut: ['Adj Close'],
  },
  'yfinance, levels without names': {
    layout: 'yfinance',
    name: 'prices.csv',
    text: `,Close,High,Low,Open,Volume
,MSFT,MSFT,MSFT,MSFT,MSFT
Date,,,,,
2024-01-02,11,12,9,10.5,100
2024-01-03,12,12.25,10,11,4006500`,
    options: { timeframe: '1d' },
    series: 'MSFT 1d',
    bars: DAYS,
  },
  'yfinance, by ticker': {
    layout: 'yfinance',
    name: 'prices.csv',
    text: `Ticker,MSFT,MSFT,MSFT,MSFT,MSFT
Price,Open,High,Low,Close,Volume
Date,,,,,
2024-01-02,10.5,12,9,11,100
2024-01-03,11,12.25,10,12,4006500`,
    options: { timeframe: '1d' },
    series: 'MSFT 1d',
    bars: DAYS,
  },
  'yfinance, one ticker': {
    layout: 'yahoo',
    text: `Date,Open,High,Low,Close,Volume,Dividends,Stock Splits
2024-01-02 00:00:00-05:00,10.5,12.0,9.0,11.0,100,0.0,0.0
2024-01-03 00:00:00-05:00,11.0,12.25,10.0,12.0,4006500,0.24,0.0`,
    options: { timeframe: '1d' },
    series: 'AAPL 1d',
    bars: DAYS,
    leftOut: ['Dividends', 'Stock Splits'],
  },
  'yfinance, three lines of header': {
    layout: 'yfinance',
    name: 'prices.csv',
    text: `Price,Close,High,Low,Open,Volume
Ticker,SPY,SPY,SPY,SPY,SPY
Date,,,,,
2024-01-02,11.0,12.0,9.0,10.5,100
2024-01-03,12.0,12.25,10.0,11.0,4006500`,
    options: { timeframe: '1d' },
    series: 'SPY 1d',
    bars: DAYS,
  },
  stooq: {
    layout: 'stooq',
    name: 'aapl.us.txt',
    text: `<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\r
AAPL.US,D,20240102,000000,10.5,12,9,11,100,0\r
AAPL.US,D,20240103,000000,11,12.25,10,12,4006500,0\r
`,
    series: 'AAPL 1d',
    bars: DAYS,
    leftOut: ['<OPENINT>'],
  },
  'stooq, five minutes': {
    layout: 'stooq',
    name: 'gld.us.txt',
    text: `<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>
GLD.US,5,20240102,153000,10.5,12,9,11,100,0
GLD.US,5,20240102,153500,11,12.25,10,12,200,0`,
    options: { timezone: 'Europe/Warsaw', symbolRules: [] },
    series: 'GLD.US 5m',
    bars: ['2024-01-02T14:30:00Z 10.5 12 9 11 100', '2024-01-02T14:35:00Z 11 12.25 10 12 200'],
    leftOut: ['<OPENINT>'],
    notices: ['times without a zone were read as Europe/Warsaw'],
  },
  'Alpha Vantage': {
    layout: 'alpha-vantage',
    text: `timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient
2024-01-03,11.0000,12.2500,10.0000,12.0000,11.8500,4006500,0.0000,1.0
2024-01-02,10.5000,12.0000,9.0000,11.0000,10.8700,100,0.0000,1.0`,
    options: { timeframe: '1d' },
    series: 'AAPL 1d',
    bars: DAYS,
    leftOut: ['adjusted_close', 'dividend_amount', 'split_coefficient'],
  },
  'Binance, milliseconds': {
    layout: 'binance',
    name: 'BTCUSDT-1m-2024-01.csv',
    text: `1704067200000,42283.58000000,42298.62000000,42261.02000000,42298.61000000,35.92724000,1704067259999,1519032.54391720,1327,23.18766000,980394.15436820,0
1704067260000,42298.62000000,42320.00000000,42298.61000000,42320.00000000,21.16779000,1704067319999,895580.52438020,1348,13.10000000,554287.93000000,0`,
    series: 'BTCUSDT 1m',
    volumeScale: 5,
    bars: [
      '2024-01-01T00:00:00Z 42283.58 42298.62 42261.02 42298.61 35.92724',
      '2024-01-01T00:01:00Z 42298.62 42320 42298.61 42320 21.16779',
    ],
    leftOut: ['close_time', 'quote_volume', 'count', 'taker_buy_volume', 'taker_buy_quote_volume', 'ignore'],
  },
  'Binance, microseconds': {
    layout: 'binance',
    name: 'ETHUSDT-1h-2025-01-01.csv',
    text: `1735689600000000,3337.78000000,3365.71000000,3335.84000000,3363.70000000,10935.30420000,1735693199999999,36638172.30,55000,5000.0,1675000.0,0
1735693200000000,3363.69000000,3366.00000000,3342.84000000,3346.54000000,8000.00000000,1735696799999999,26638172.30,45000,4000.0,1375000.0,0`,
    series: 'ETHUSDT 1h',
    volumeScale: 4,
    bars: [
      '2025-01-01T00:00:00Z 3337.78 3365.71 3335.84 3363.7 10935.3042',
      '2025-01-01T01:00:00Z 3363.69 3366 3342.84 3346.54 8000',
    ],
    leftOut: ['close_time', 'quote_volume', 'count', 'taker_buy_volume', 'taker_buy_quote_volume', 'ignore'],
  },
  'Binance futures, with a header': {
    layout: 'binance',
    name: 'BTCUSDT-1d-2024-01.csv',
    text: `open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore
1704153600000,10.5,12,9,11,100.123,1704239999999,1100,5,50,550,0`,
    series: 'BTCUSDT 1d',
    volumeScale: 3,
    bars: ['2024-01-02T00:00:00Z 10.5 12 9 11 100.123'],
    leftOut: ['close_time', 'quote_volume', 'count', 'taker_buy_volume', 'taker_buy_quote_volume', 'ignore'],
  },
  'pandas, the index without a name': {
    layout: 'pandas',
    name: 'SPY_5m.csv',
    text: `,Open,High,Low,Close,Volume
2024-01-02 09:30:00-05:00,10.5,12.0,9.0,11.0,100.0
2024-01-02 09:35:00-05:00,11.0,12.25,10.0,12.0,4006500.0`,
    series: 'SPY 5m',
    bars: ['2024-01-02T14:30:00Z 10.5 12 9 11 100', '2024-01-02T14:35:00Z 11 12.25 10 12 4006500'],
  },
  'MetaTrader 5': {
    layout: 'metatrader',
    text: `<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>
2024.01.02\t00:00:00\t10.5\t12\t9\t11\t100\t0\t15
2024.01.03\t00:00:00\t11\t12.25\t10\t12\t4006500\t0\t15`,
    options: { symbol: 'EURUSD', timeframe: '1d' },
    series: 'EURUSD 1d',
    bars: DAYS,
    leftOut: ['<VOL>', '<SPREAD>'],
    notices: [TICKS],
  },
  'MetaTrader 5, days without a time': {
    layout: 'metatrader',
    text: `<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>
2024.01.02\t10.5\t12\t9\t11\t100\t0\t15
2024.01.03\t11\t12.25\t10\t12\t4006500\t0\t15`,
    options: { symbol: 'EURUSD', timeframe: '1d' },
    series: 'EURUSD 1d',
    bars: DAYS,
    leftOut: ['<VOL>', '<SPREAD>'],
    notices: [TICKS],
  },
  'MetaTrader 4': {
    layout: 'metatrader',
    text: `2024.01.02,09:30,10.5,12,9,11,100
2024.01.02,09:45,11,12.25,10,12,4006500`,
    options: { symbol: 'EURUSD', timeframe: '15m', timezone: 'Europe/Athens' },
    series: 'EURUSD 15m',
    bars: ['2024-01-02T07:30:00Z 10.5 12 9 11 100', '2024-01-02T07:45:00Z 11 12.25 10 12 4006500'],
    notices: [TICKS, 'times without a zone were read as Europe/Athens'],
  },
  'Interactive Brokers, by ib_insync': {
    layout: 'interactive-brokers',
    text: `,date,open,high,low,close,volume,average,barCount
0,2024-01-02,10.5,12.0,9.0,11.0,100.0,10.75,42
1,2024-01-03,11.0,12.25,10.0,12.0,4006500.0,0.0,0`,
    options: { timeframe: '1d' },
    series: 'AAPL 1d',
    bars: ['2024-01-02T00:00:00Z 10.5 12 9 11 100 vwap 10.75', DAYS[1]!],
    leftOut: ['column 1', 'barCount'],
  },
  'Interactive Brokers, zones by name': {
    layout: 'interactive-brokers',
    text: `date,open,high,low,close,volume,average,barCount
20240102  09:30:00 US/Eastern,10.5,12,9,11,-1,-1.0,-1
20240102  09:31:00 US/Eastern,11,12.25,10,12,200,11.5,3`,
    options: { timeframe: '1m' },
    series: 'AAPL 1m',
    bars: ['2024-01-02T14:30:00Z 10.5 12 9 11 0', '2024-01-02T14:31:00Z 11 12.25 10 12 200 vwap 11.5'],
    leftOut: ['barCount'],
  },
  'TradingView, minutes': {
    layout: 'tradingview',
    name: 'BATS_SPY, 5.csv',
    text: `time,open,high,low,close,Volume,Volume MA
1704205800,10.5,12,9,11,100.25,90
1704206100,11,12.25,10,12,4006500,90`,
    series: 'SPY 5m',
    volumeScale: 2,
    bars: ['2024-01-02T14:30:00Z 10.5 12 9 11 100.25', '2024-01-02T14:35:00Z 11 12.25 10 12 4006500'],
    leftOut: ['Volume MA'],
  },
  'TradingView, days that carry the opening of their session': {
    layout: 'tradingview',
    name: 'ASX_BHP, 1D.csv',
    text: `time,open,high,low,close
1704150000,10.5,12,9,11
1704236400,11,12.25,10,12`,
    options: { timezone: 'Australia/Sydney' },
    series: 'BHP 1d',
    bars: ['2024-01-02T00:00:00Z 10.5 12 9 11 0', '2024-01-03T00:00:00Z 11 12.25 10 12 0'],
    notices: [
      'the file has no volumes: they were taken as 0',
      '1d bars keep the date that the clocks of Australia/Sydney showed; their time of day was left out',
    ],
  },
  'TradingView, days with the offset of their exchange': {
    layout: 'tradingview',
    name: 'ASX_BHP, 1D.csv',
    text: `time,open,high,low,close,Volume
2024-01-02T10:00:00+11:00,10.5,12,9,11,100
2024-01-03T10:00:00+11:00,11,12.25,10,12,4006500`,
    series: 'BHP 1d',
    bars: DAYS,
    notices: ['1d bars keep the date as written, and of UTC where no offset is; their time of day was left out'],
  },
  'Databento, decimals': {
    layout: 'databento',
    name: 'glbx-mdp3-20240102.ohlcv-1d.csv',
    text: `ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol
2024-01-02T00:00:00.000000000Z,35,1,42083748,10.500000000,12.000000000,9.000000000,11.000000000,100,ESH4
2024-01-03T00:00:00.000000000Z,35,1,42083748,11.000000000,12.250000000,10.000000000,12.000000000,4006500,ESH4`,
    series: 'ESH4 1d',
    bars: DAYS,
    leftOut: ['publisher_id', 'instrument_id'],
  },
  'Databento, integers': {
    layout: 'databento',
    name: 'glbx-mdp3-20240102.ohlcv-1m.csv',
    text: `ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol
1704205800000000000,33,1,42083748,10500000000,12000000000,9000000000,11000000000,100,ESH4
1704205860000000000,33,1,42083748,11000000000,12250000000,10000000000,12000000010,4006500,ESH4`,
    series: 'ESH4 1m',
    bars: ['2024-01-02T14:30:00Z 10.5 12 9 11 100', '2024-01-02T14:31:00Z 11 12.25 10 12.00000001 4006500'],
    leftOut: ['publisher_id', 'instrument_id'],
    notices: ['prices were read as integers x 10^9'],
  },
  Nasdaq: {
    layout: 'nasdaq',
    text: `Date,Close/Last,Volume,Open,High,Low
01/03/2024,$12.00,4006500,$11.00,$12.25,$10.00
01/02/2024,$11.00,N/A,$10.50,$12.00,$9.00`,
    options: { timeframe: '1d' },
    series: 'AAPL 1d',
    bars: ['2024-01-02T00:00:00Z 10.5 12 9 11 0', DAYS[1]!],
    notices: [SLASHED],
  },
  'Investing.com': {
    layout: 'investing',
    text: `\ufeff"Date","Price","Open","High","Low","Vol.","Change %"\r
"01/03/2024","1,012.00","1,011.00","1,012.25","1,010.00","4.01M","0.09%"\r
"01/02/2024","1,011.00","1,010.50","1,012.00","999.00","-","-0.50%"\r
`,
    options: { timeframe: '1d' },
    series: 'AAPL 1d',
    bars: ['2024-01-02T00:00:00Z 1010.5 1012 999 1011 0', '2024-01-03T00:00:00Z 1011 1012.25 1010 1012 4010000'],
    leftOut: ['Change %'],
    notices: [SLASHED],
  },
  'Investing.com, months by name': {
    layout: 'investing',
    text: `"Date","Price","Open","High","Low","Vol.","Change %"
"Jan 03, 2024","12.00","11.00","12.25","10.00","4006.5K","0.09%"
"Jan 02, 2024","11.00","10.50","12.00","9.00","0.1K","-0.50%"`,
    options: { timeframe: '1d' },
    series: 'AAPL 1d',
    bars: DAYS,
    leftOut: ['Change %'],
  },
  Barchart: {
    layout: 'barchart',
    text: `Time,Open,High,Low,Latest,Change,%Change,Volume
01/03/2024,11,12.25,10,12,1,"+9.09%",4006500
01/02/2024,10.5,12,9,11,-1.40E-05,"-0.10%",100
"Downloaded from Barchart.com as of 01-04-2024 07:29am CST"`,
    options: { timeframe: '1d' },
    series: 'AAPL 1d',
    bars: DAYS,
    leftOut: ['Change', '%Change'],
    notices: ['line 4 was left out: "Downloaded from Barchart.com as of 01-04-2024 07:29am CST"', SLASHED],
  },
  quantmod: {
    layout: 'quantmod',
    name: 'prices.csv',
    text: `"","BRK.B.Open","BRK.B.High","BRK.B.Low","BRK.B.Close","BRK.B.Volume","BRK.B.Adjusted"
"2024-01-02",10.5,12,9,11,100,10.9
"2024-01-03",11,12.25,10,12,4006500,11.9`,
    options: { timeframe: '1d' },
    series: 'BRK.B 1d',
    bars: DAYS,
    leftOut: ['BRK.B.Adjusted'],
  },
  'LEAN, days': {
    layout: 'lean',
    text: `20240102 00:00,105000,120000,90000,110000,100
20240103 00:00,110000,122500,100000,120000,4006500`,
    options: { timeframe: '1d' },
    series: 'AAPL 1d',
    bars: DAYS,
    notices: ['prices were read as integers x 10^4'],
  },
  'a spreadsheet of Germany': {
    layout: 'csv',
    text: `Date;Open;High;Low;Close;Volume
02.01.2024;10,5;12,0;9,0;11,0;100
03.01.2024;11,0;12,25;10,0;12,0;4.006.500`,
    series: 'AAPL 1d',
    options: { timeframe: '1d' },
    bars: DAYS,
    notices: ['numbers were read with a decimal comma'],
  },
  'a declared delimiter, of a file without a header': {
    layout: 'binance',
    text: `sep=;
1704067200000;10.5;12;9;11;100;1704153599999;1;1;1;1;0
1704153600000;11;12.25;10;12;4006500;1704239999999;1;1;1;1;0`,
    options: { timeframe: '1d' },
    series: 'AAPL 1d',
    bars: ['2024-01-01T00:00:00Z 10.5 12 9 11 100', '2024-01-02T00:00:00Z 11 12.25 10 12 4006500'],
    leftOut: ['close_time', 'quote_volume', 'count', 'taker_buy_volume', 'taker_buy_quote_volume', 'ignore'],
  },
  'decimal commas between commas': {
    layout: 'csv',
    text: `Date,Open,High,Low,Close,Volume
2024-01-02,"10,5",12,9,11,100
2024-01-03,"11,5","11,5","11,5","11,5","7"
2024-01-04,11,"12,25",10,12,"4.006.500"`,
    series: 'AAPL 1d',
    options: { timeframe: '1d' },
    bars: [
      '2024-01-02T00:00:00Z 10.5 12 9 11 100',
      '2024-01-03T00:00:00Z 11.5 11.5 11.5 11.5 7',
      '2024-01-04T00:00:00Z 11 12.25 10 12 4006500',
    ],
    notices: ['numbers were read with a decimal comma'],
  },
  'a date and a time apart, am and pm': {
    layout: 'csv',
    text: `Date,Time,Open,High,Low,Close,Volume
1/2/2024,9:30 AM,10.5,12,9,11,100
1/2/2024,10:30 AM,11,12.25,10,12,"4,006,500"`,
    options: { timeframe: '1h', timezone: 'America/New_York' },
    series: 'AAPL 1h',
    bars: ['2024-01-02T14:30:00Z 10.5 12 9 11 100', '2024-01-02T15:30:00Z 11 12.25 10 12 4006500'],
    notices: ['times without a zone were read as America/New_York', SLASHED],
  },
  'an export of our own': {
    layout: 'wyckoff',
    name: 'bars.csv',
    text: `symbol,timeframe,timestamp,open,high,low,close,volume,vwap,source,volume_scale,spread,spread_ratio,volume_ratio,created_at
BTC/USDT,1d,2024-01-02T00:00:00Z,10.5,12,9,11,100.000,10.75,binance,3,3,1.0000,1.0000,2026-01-01T00:00:00Z
BTC/USDT,1d,2024-01-03T00:00:00Z,11,12.25,10,12,4006500.000,,"a, ""b""",3,2.25,0.7500,1.0000,2026-01-01T00:00:00Z`,
    series: 'BTC/USDT 1d',
    volumeScale: 3,
    bars: ['2024-01-02T00:00:00Z 10.5 12 9 11 100 vwap 10.75 binance', `${DAYS[1]} a, "b"`],
    leftOut: ['spread', 'spread_ratio', 'volume_ratio', 'created_at'],
  },
};

describe('each layout is recognised by its content', () => {
  it.each(Object.entries(SAMPLES))('%s', async (_, sample) => {
    const { layout, name, text, options = {}, series, bars, leftOut = [], notices = [], volumeScale = 0 } = sample;
    const read = await seriesOf(await file(text, name), options);
    expect(read).toMatchObject({ layout, leftOut, notices, rejected: 0, problems: [], rows: bars.length });
    expect(read.series).toEqual({ [series]: { volumeScale, bars } });
  });

  it('says that a bar has not closed yet', async () => {
    const rows = ['2024-01-02,1,1,1,1,1', '2090-01-02,1,1,1,1,1', '2090-01-03,1,1,1,1,1'];
    const text = ['Date,Open,High,Low,Close,Volume', ...rows].join('\n');
    expect((await seriesOf(await file(text), { timeframe: '1d' })).notices).toEqual([
      'AAPL 1d: the last bar, 2090-01-03T00:00:00Z, has not closed yet. It may still change (import it again then), or its date is wrong',
    ]);
  });

  it('a timeframe that nothing tells is told by the spacing', async () => {
    const text = ['02', '03', '04'].map((day) => `202401${day} 00:00,105000,120000,90000,110000,100`).join('\n');
    expect((await seriesOf(await file(text))).notices).toEqual(['prices were read as integers x 10^4', TOLD]);
  });

  it.each<[string, string, BarFileOptions, string]>([
    [
      'two tickers side by side',
      'Price,Close,Close,High,High,Low,Low,Open,Open,Volume,Volume\nTicker,A,B,A,B,A,B,A,B,A,B\nDate,,,,,,,,,,\n2024-01-02,1,1,1,1,1,1,1,1,1,1',
      { timeframe: '1d' },
      'SYMBOLS_SIDE_BY_SIDE',
    ],
    [
      'a delimiter that is none',
      'sep=:\nDate;Open;High;Low;Close;Volume\n2024-01-02;1;1;1;1;1',
      { timeframe: '1d' },
      'HEADER_MISSING',
    ],
    ['a declaration and nothing else', 'sep=;\n', { timeframe: '1d' }, 'HEADER_MISSING'],
    ...[
      ',Close,Close,High,High,Low,Low,Open,Open,Volume,Volume\n,A,B,A,B,A,B,A,B,A,B\nDate,,,,,,,,,,\n2024-01-02,1,1,1,1,1,1,1,1,1,1',
      'Ticker,A,A,A,A,A,B,B,B,B,B\nPrice,Open,High,Low,Close,Volume,Open,High,Low,Close,Volume\n2024-01-02,1,1,1,1,1,1,1,1,1,1',
      `Date,${['Open', 'High', 'Low', 'Close', 'Volume'].map((field) => `"('${field}', 'A')","('${field}', 'B')"`)}\n2024-01-02,1,1,1,1,1,1,1,1,1,1`,
      'Date;Open_A;High_A;Low_A;Close_A;Volume_A;Open_B;High_B;Low_B;Close_B;Volume_B\n2024-01-02;1;1;1;1;1;1;1;1;1;1',
      'Date,A.Open,A.Close,A.Adjusted,B.Open,B.Close,B.Adjusted\n2024-01-02,1,1,1,1,1,1',
    ].map((text, index): [string, string, BarFileOptions, string] => [
      `two tickers side by side, in form ${index + 2},`,
      text,
      { timeframe: '1d' },
      'SYMBOLS_SIDE_BY_SIDE',
    ]),
    [
      'other closes',
      'Date,Open,High,Low,Adj Close,Prev Close,Prev Open\n2024-01-02,1,1,1,1,1,1',
      { timeframe: '1d' },
      'COLUMN_MISSING',
    ],
    [
      'a column of volumes that TradingView would not have written',
      'time,open,high,low,close,volume\n1704205800,1,1,1,1,0.5',
      { timeframe: '1m' },
      'VOLUME_TOO_PRECISE',
    ],
    [
      'a source that no column holds',
      `date,symbol,timeframe,open,high,low,close,volume,volume_scale,source,spread_ratio,volume_ratio,timestamp
x,A,1d,1,1,1,1,1,0,${'s'.repeat(33)},,,2024-01-02`,
      {},
      'SOURCE_INVALID',
    ],
    [
      'a session that opens on the evening before its day',
      'time,open,high,low,close,Volume\n1704060000,1,1,1,1,1',
      { timeframe: '1d' },
      'SESSION_DATE_UNCLEAR',
    ],
    [
      'a crypto file of LEAN, whose prices stand as they are, with whole ones first,',
      '20150101 00:00,320,320,314,315,12\n20150102 00:00,320.5,321,314,315,12',
      { timeframe: '1d' },
      'PRICE_SCALE_UNCLEAR',
    ],
    [
      'Databento, saved again without its points,',
      'ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n2024-01-02T00:00:00Z,35,2,1,187,188,186,187,100,A',
      {},
      'PRICE_SCALE_UNCLEAR',
    ],
    [
      'a price with a point far behind integers',
      Array.from({ length: 60 }, (_, day) => {
        const date = new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10).replaceAll('-', '');
        return `${date} 00:00,1000000,1000000,1000000,${day < 59 ? 1000000 : '1000000.0'},1`;
      }).join('\n'),
      {},
      'DECIMAL_INVALID',
    ],
    [
      'our own Parquet, made CSV by another tool,',
      'symbol,timeframe,timestamp,open,high,low,close,volume,volume_scale,spread_ratio,volume_ratio\nA,1d,2024-01-02,1,1,1,1,123456,5,,',
      {},
      'VOLUME_SCALE_UNCLEAR',
    ],
    [
      'a monthly bar',
      'ticker,date,open,high,low,close,volume,timeframe\nA,2024-01-01,1,1,1,1,1,1M',
      {},
      'TIMEFRAME_UNKNOWN',
    ],
  ])('%s is not taken for something else', async (_, text, options, code) => {
    const path = await file(text);
    const read = await seriesOf(path, options).catch((error: unknown) => ({ problems: [error] }));
    expect(read.problems).toMatchObject([{ code }]);
  });
});

describe('rounding', () => {
  const HEADER = 'Date,Open,High,Low,Close,Volume,vwap';
  const rows = [
    '2024-01-02,10.000000005,12.000000004999999,9.99999999499999999999,12.0000000049,100.5,10.123456785',
    '2024-01-03,1.0000000049e1,"12.5",10.00000000499,12,100.49999999999999999999,',
    '2024-01-04,10,12,9,11,7,',
  ];
  const text = [HEADER, ...rows].join('\n');

  it('comes before the check, is half-up, and is counted', async () => {
    const read = await seriesOf(await file(text), { timeframe: '1d', round: true, volume: 'round' });
    expect(read.series['AAPL 1d']).toEqual({
      volumeScale: 0,
      bars: [
        '2024-01-02T00:00:00Z 10.00000001 12 9.99999999 12 101 vwap 10.12345679',
        '2024-01-03T00:00:00Z 10.00000005 12.5 10 12 100',
        '2024-01-04T00:00:00Z 10 12 9 11 7',
      ],
    });
    expect(read).toMatchObject({ rounded: { prices: 7, volumes: 2 }, rejected: 0 });
  });

  it('is not done unless it is asked for', async () => {
    const read = await seriesOf(await file(text), { timeframe: '1d' });
    expect(read).toMatchObject({ rounded: { prices: 0, volumes: 0 }, rejected: 2 });
    expect(new Set(read.problems.map(({ code, hint }) => `${code}: ${hint}`))).toEqual(
      new Set([
        'PRICE_TOO_PRECISE: a price keeps 8 decimals: import it with --round to round prices half-up',
        'VOLUME_TOO_PRECISE: round the volumes with --volume round, or let a new series keep their decimals with --volume-scale auto',
      ]),
    );
  });

  it.each<[BarFileOptions['volumeScale'], string[], number]>([
    ['auto', ['0.5', '1.25e-3', '7'], 5],
    ['auto', ['5', '7.0', '10'], 0],
    [8, ['0.123456785', '1', '2'], 8],
    ['auto', ['0.1234567849', '1', '2'], 8],
    [2, ['0.005', '0.0049999', '1.115'], 2],
    [async () => 1, ['0.25', '1', '2'], 1],
    [async () => undefined, ['0.25', '1', '2'], 0],
  ])('volume scale %s of %j is %s', async (volumeScale, volumes, scale) => {
    const content = volumes.map((volume, day) => `2024-01-0${day + 1},10,12,9,11,${volume}`).join('\n');
    const path = await file(`Date,Open,High,Low,Close,Volume\n${content}`);
    const read = await seriesOf(path, { timeframe: '1d', volumeScale, volume: 'round' });
    const { bars, volumeScale: settled } = read.series['AAPL 1d']!;
    expect(settled).toBe(scale);
    const expected = volumes.map((volume) => new Decimal(volume).toDecimalPlaces(scale).toString());
    expect(bars.map((bar) => bar.split(' ')[5])).toEqual(expected);
    expect(read.rounded.volumes).toBe(
      volumes.filter((volume, index) => !new Decimal(volume).eq(expected[index]!)).length,
    );
  });

  it('of volumes beyond the scale is refused with a scale that is none', async () => {
    const path = await file(text);
    expect(await refusal(path, { timeframe: '1d', volumeScale: 9 })).toMatchObject({ code: 'VOLUME_SCALE_INVALID' });
  });
});
