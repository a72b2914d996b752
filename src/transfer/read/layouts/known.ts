import type { KnownLayout } from './description.js';

const PRICES = { open: 'open', high: 'high', low: 'low', close: 'close' };
const BAR = { ...PRICES, volume: 'volume' };

const DECIMAL = /^-?\d+(\.\d+)?$/;
const INTEGER = /^\d+$/;

/** https://github.com/binance/binance-public-data: files of klines have a header since 2022 (futures), and microseconds since 2025 (spot). */
const BINANCE: KnownLayout = {
  layout: 'binance',
  columns: { timestamp: 'open_time', ...BAR },
  volumeScale: 'auto',
  fileName: /^(?<symbol>[A-Z0-9_]+)-(?<timeframe>\d+[mhd])-/,
};

/**
 * Prices are decimals, or, as `dbn` writes them unless told otherwise, integers x 10^9: those have a digit for each thousandth at least.
 * https://databento.com/docs/standards-and-conventions/common-fields-enums-types: rtype 32 (1s) and 36 (end of day) are none of ours.
 */
const DATABENTO: KnownLayout = {
  layout: 'databento',
  marks: ['publisher_id', 'instrument_id'],
  columns: { timestamp: 'ts_event', timeframe: 'rtype', symbol: 'symbol', ...BAR },
  timeframes: { 33: '1m', 34: '1h', 35: '1d' },
  pointed: true,
};

/** MetaTrader counts the changes of a price where no volumes are published. */
const TICK_VOLUME = 'the volume is the number of price changes (tick volume), as MetaTrader exports it';

/** A header in plain words, with the time of day in a column of its own. */
export const DATE_AND_TIME: KnownLayout = {
  layout: 'csv',
  marks: ['date', 'time'],
  columns: {
    timestamp: 'date',
    time: 'time',
    ...BAR,
    vwap: 'vwap',
    symbol: ['symbol', 'ticker'],
    timeframe: 'timeframe',
  },
};

/** What is recognised, in this order: the first that fits counts. */
export const KNOWN_LAYOUTS: readonly KnownLayout[] = [
  {
    layout: 'wyckoff',
    marks: ['spread_ratio', 'volume_ratio'],
    columns: {
      timestamp: 'timestamp',
      ...BAR,
      vwap: 'vwap',
      symbol: 'symbol',
      timeframe: 'timeframe',
      volumeScale: 'volume_scale',
      source: 'source',
    },
  },
  {
    layout: 'yfinance',
    header: 3,
    headerStarts: [/^price$/, /^ticker$/, /^date(time)?$/],
    columns: { timestamp: 'price', ...BAR },
  },
  // Before 2024 the two levels had no names; with group_by="ticker" the symbol comes first.
  {
    layout: 'yfinance',
    header: 3,
    headerStarts: [/^$/, /^$/, /^date(time)?$/],
    columns: { timestamp: '', ...BAR },
  },
  {
    layout: 'yfinance',
    header: 3,
    namesLine: 2,
    headerStarts: [/^ticker$/, /^price$/, /^date(time)?$/],
    columns: { timestamp: 'price', ...BAR },
  },
  {
    layout: 'yfinance',
    header: 3,
    namesLine: 2,
    headerStarts: [/^$/, /^$/, /^date(time)?$/],
    columns: { timestamp: '', ...BAR },
  },
  {
    layout: 'quandl',
    marks: ['ex-dividend', 'split ratio'],
    columns: { timestamp: 'date', ...BAR, symbol: ['stock', 'ticker'] },
  },
  { layout: 'yahoo', marks: ['adj close'], columns: { timestamp: ['date', 'datetime'], ...BAR } },
  { layout: 'yahoo', marks: ['dividends', 'stock splits'], columns: { timestamp: ['date', 'datetime'], ...BAR } },
  {
    layout: 'stooq',
    marks: ['per', 'openint'],
    columns: { symbol: 'ticker', timeframe: 'per', timestamp: 'date', time: 'time', ...PRICES, volume: 'vol' },
    symbolRules: ['*.US=*'],
  },
  { layout: 'alpha-vantage', marks: ['adjusted close'], columns: { timestamp: 'timestamp', ...BAR } },
  { ...BINANCE, marks: ['close_time'] },
  {
    ...BINANCE,
    names: [
      ...['open_time', 'open', 'high', 'low', 'close', 'volume', 'close_time', 'quote_volume', 'count'],
      ...['taker_buy_volume', 'taker_buy_quote_volume', 'ignore'],
    ],
    looks: [/^(\d{13}|\d{16})$/, ...Array<RegExp>(5).fill(DECIMAL), /^(\d{13}|\d{16})$/, DECIMAL, INTEGER, DECIMAL],
  },
  {
    layout: 'metatrader',
    columns: { timestamp: 'date', time: 'time', ...PRICES, volume: 'tickvol' },
    notice: TICK_VOLUME,
  },
  {
    layout: 'metatrader',
    marks: ['real_volume'],
    columns: { timestamp: 'time', ...PRICES, volume: 'tick_volume' },
    notice: TICK_VOLUME,
  },
  {
    layout: 'metatrader',
    names: ['date', 'time', 'open', 'high', 'low', 'close', 'volume'],
    looks: [/^\d{4}\.\d\d\.\d\d$/, /^\d\d:\d\d(:\d\d)?$/, ...Array<RegExp>(4).fill(DECIMAL), INTEGER],
    columns: { timestamp: 'date', time: 'time', ...BAR },
    notice: TICK_VOLUME,
    // MetaTrader 4 writes the minutes right behind the symbol: EURUSD1, EURUSD1440; others EURUSDM1. US301 could be US30 or US301.
    fileName:
      /^(?<symbol>[A-Z]{6}(?=[MHD]\d)|[A-Za-z0-9.#]*[A-Za-z.#](?<!\dM))(?<timeframe>[MHD]?(?:1|5|15|60|1440))\.(?:csv|CSV)/,
  },
  {
    layout: 'interactive-brokers',
    marks: ['barCount'],
    columns: { timestamp: 'date', ...BAR, vwap: ['average', 'wap'] },
    missing: ['-1', '-1.0', '0', '0.0'],
    volumeOptional: true,
  },
  { ...DATABENTO, integerPrices: 9, pointed: false, looks: [/^/, /^/, /^/, /^/, ...Array<RegExp>(4).fill(/^\d{7,}$/)] },
  DATABENTO,
  {
    layout: 'nasdaq',
    columns: { timestamp: 'date', ...PRICES, close: 'close/last', volume: 'volume' },
    missing: ['N/A'],
    volumeOptional: true,
    decimal: '.',
  },
  {
    layout: 'investing',
    marks: ['change %'],
    columns: { timestamp: 'date', ...PRICES, close: 'price', volume: 'vol.' },
    missing: ['-'],
    volumeOptional: true,
    decimal: '.',
  },
  {
    layout: 'barchart',
    marks: ['change'],
    columns: {
      timestamp: ['time', 'date time', 'date'],
      ...PRICES,
      close: ['last', 'latest'],
      volume: 'volume',
      symbol: 'symbol',
    },
    footer: 'Downloaded from Barchart',
  },
  {
    layout: 'quantmod',
    marks: ['*.adjusted'],
    columns: {
      timestamp: ['date', 'index', ''],
      ...{ open: '*.open', high: '*.high', low: '*.low', close: '*.close', volume: '*.volume' },
    },
  },
  {
    layout: 'lean',
    names: ['date', 'open', 'high', 'low', 'close', 'volume'],
    looks: [/^\d{8} \d\d:\d\d$/, INTEGER, INTEGER, INTEGER, INTEGER, DECIMAL],
    columns: { timestamp: 'date', ...BAR },
    integerPrices: 4,
  },
  {
    layout: 'tradingview',
    exact: true,
    looks: [/^-?\d{9,10}$|^\d{4}-\d\d-\d\d/],
    columns: { timestamp: 'time', ...PRICES, volume: 'Volume' },
    volumeOptional: true,
    volumeScale: 'auto',
    sessionTimes: true,
    fileName: /^(?:[A-Z0-9]+(?:_(?:MINI|DLY|DL|EOD|IDC))*_)?(?<symbol>[A-Z0-9.]+), (?<timeframe>1|5|15|60|1D|D)\b/,
  },
  DATE_AND_TIME,
];

/** A header that names its columns in plain words. What it lacks is what a file is refused for. */
export const PLAIN_CSV: KnownLayout = {
  layout: 'csv',
  columns: {
    timestamp: ['timestamp', 'date', 'datetime', 'time'],
    ...BAR,
    vwap: 'vwap',
    symbol: ['symbol', 'ticker'],
    timeframe: 'timeframe',
  },
};

/** As pandas writes a frame whose index are the times: the index has no name. */
export const PANDAS: KnownLayout = {
  ...PLAIN_CSV,
  layout: 'pandas',
  columns: { ...PLAIN_CSV.columns, timestamp: '' },
};
