import { TIMEFRAMES, type Timeframe } from '../../domain/timeframe.js';
import { timeframeOfWord } from './timeframe-words.js';

export interface ToldSeries {
  readonly symbol?: string;
  readonly timeframe?: Timeframe;
}

const TICKER = `(?<symbol>[A-Z0-9^$][A-Z0-9.=&$^-]*)`;
/** In lower case, by vendors that write them so. */
const LOWER = `(?<symbol>[a-z0-9^$][a-z0-9.$^-]*)`;

/** Of whole names without their endings, `.csv.gz` and the like; the first that fits tells. */
const NAMES: readonly RegExp[] = [
  // AAPL_1d, the names of our own exports, and what pandas users write
  `${TICKER}_(?<timeframe>${TIMEFRAMES.join('|')})`,
  // Binance: BTCUSDT-1m-2024-01, BTCUSDT-1m-2024-01-31
  String.raw`(?<symbol>[A-Z0-9]+(?:_[A-Z0-9]+)?)-(?<timeframe>1m|5m|15m|1h|1d)-\d{4}-\d\d(?:-\d\d)?`,
  // MetaTrader 5: EURUSD_M1, EURUSD_Daily_202001020000_202312290000
  String.raw`(?<symbol>[A-Z0-9.#]+)_(?<timeframe>M1|M5|M15|H1|D1|Daily)(?:_\d{8,12}_\d{8,12})?`,
  // HistData: DAT_ASCII_EURUSD_M1_2023
  String.raw`DAT_[A-Z]+_(?<symbol>[A-Z0-9]+)_(?<timeframe>M1)_\d{4,6}`,
  // Dukascopy: EURUSD_Candlestick_1_M_BID_01.01.2020-31.12.2020
  '(?<symbol>[A-Z0-9.]+)_Candlestick_(?<timeframe>1_M|5_M|15_M|1_Hour|1_D)_(?:BID|ASK)_.*',
  // dukascopy-node: eurusd-m1-bid-2021-01-01-2021-02-01
  String.raw`(?<symbol>[a-z0-9]+)-(?<timeframe>m1|m5|m15|h1|d1)-(?:bid|ask)-\d{4}-.*`,
  // TradingView: NASDAQ_AAPL, 1D; BATS_SPY, 60_a1b2c; CME_MINI_ESH2024, 15
  String.raw`[A-Z0-9]+(?:_(?:MINI|DLY|DL|EOD|IDC))*_(?<symbol>[A-Z0-9.&]+), (?<timeframe>1|5|15|60|1D)(?:_[0-9a-f]{4,6})?(?: \(\d+\))?`,
  // Investing.com: AAPL Historical Data
  String.raw`(?<symbol>[A-Z0-9.]+) Historical Data(?: \(\d+\))?`,
  // Kraken: XBTUSD_60
  '(?<symbol>[A-Z]+)_(?<timeframe>1|5|15|60|1440)',
  // FirstRate Data: AAPL_full_1min_adjsplit
  '(?<symbol>[A-Z0-9.-]+)_(?:full_)?(?<timeframe>1min|5min|15min|1hour|1day)(?:_[A-Za-z_]+)?',
  // CryptoDataDownload: Binance_BTCUSDT_1h, Bitstamp_BTCUSD_2024_minute
  String.raw`[A-Z][A-Za-z]+_(?<symbol>[A-Z0-9]+)_(?:\d{4}_)?(?<timeframe>minute|1h|d)`,
  // Alpha Vantage: daily_AAPL, daily_adjusted_IBM, intraday_5min_IBM
  '(?:intraday_)?(?<timeframe>daily|1min|5min|15min|60min)(?:_adjusted)?_(?<symbol>[A-Z0-9.]+)',
  // Barchart: aapl_daily_historical-data-download-01-02-2024, spy_intraday-5min_historical-data-01-02-2024
  `${LOWER}_(?:intraday-)?(?<timeframe>daily|1min|5min|15min|60min)(?:-nearby)?_historical-data.*`,
  // stooq: aapl_us_d, ^spx_d
  '(?<symbol>[a-z0-9^.-]+(?:_[a-z]{2})?)_(?<timeframe>d)',
  // QuantConnect LEAN: 20131007_spy_minute_trade
  String.raw`\d{8}_(?<symbol>[a-z0-9.]+)_(?<timeframe>minute)_trade`,
  // Databento: xnas-itch-20240102.ohlcv-1m
  String.raw`.+\.ohlcv-(?<timeframe>1m|1h|1d)`,
  TICKER,
].map((pattern) => new RegExp(`^${pattern}$`));

/** Of the folder and the name. */
const PLACES: readonly RegExp[] = [
  // QuantConnect LEAN: equity/usa/daily/aapl, crypto/coinbase/hour/btcusd_trade
  '(?<timeframe>daily|hour)/(?<symbol>[a-z0-9.]+?)(?:_trade)?',
  // AAPL/1d
  `${TICKER}/(?<timeframe>${TIMEFRAMES.join('|')})`,
].map((pattern) => new RegExp(`^${pattern}$`));

const ENDING = /\.(?:csv|txt|tsv|parquet|pq|ndjson|jsonl)(?:\.(?:gz|gzip))?$|\.(?:csv\.)?zip$/i;
/** An entry of an archive lies in it as in a folder. */
const FOLDERS = /[/\\!]/;
const HIVE = /^(symbol|ticker|timeframe|interval)=(.+)$/i;

/**
 * What the names of a file tell of its series, the first that tells the symbol. A path tells by its folders (`symbol=AAPL/timeframe=1d/...`,
 * `AAPL/1d.csv`) or by its name, when that is `SYMBOL.csv` or `SYMBOL_TIMEFRAME.csv` (or `.txt`, `.parquet`, `.ndjson`, `.gz`, `.zip`) and nothing else,
 * the symbol in upper case as tickers are written (`AAPL_1d.csv`, `BRK.B.csv`, but neither `prices.csv` nor `yahoo_AAPL_2004_2018.csv`), or
 * one of the names that vendors give their files: `BTCUSDT-1m-2024-01.zip`.
 */
export function seriesOfFileName(...paths: readonly string[]): ToldSeries {
  const told = paths.map(readPath);
  return told.find(({ symbol }) => symbol) ?? told.find(({ timeframe }) => timeframe) ?? {};
}

function readPath(path: string): ToldSeries {
  const parts = path.split(FOLDERS);
  return { ...readName(parts), ...seriesOfFolders(path) };
}

function readName(parts: readonly string[]): ToldSeries {
  const name = parts.at(-1)!;
  if (!ENDING.test(name)) return {};
  const bare = name.replace(ENDING, '');
  const place = `${parts.at(-2) ?? ''}/${bare}`;
  const match =
    PLACES.map((pattern) => pattern.exec(place)).find(Boolean) ??
    NAMES.map((pattern) => pattern.exec(bare)).find(Boolean);
  const { symbol, timeframe } = match?.groups ?? {};
  const settled = timeframe && timeframeOfWord(timeframe.replace('_', '').toLowerCase());
  return { ...(symbol ? { symbol: symbolOf(symbol) } : {}), ...(settled ? { timeframe: settled } : {}) };
}

/** `aapl_us` of stooq is AAPL.US. */
function symbolOf(text: string): string {
  return /^[^A-Z]*$/.test(text) ? text.replace('_', '.').toUpperCase() : text;
}

/** What folders as Hive, Spark and polars make them tell: `symbol=AAPL/timeframe=1d/part-0.parquet`. */
export function seriesOfFolders(path: string): ToldSeries {
  const told: { symbol?: string; timeframe?: Timeframe } = {};
  for (const folder of path.split(FOLDERS).slice(0, -1)) {
    const [, key = '', value = ''] = HIVE.exec(folder) ?? [];
    if (/^(symbol|ticker)$/i.test(key)) told.symbol = decode(value);
    const timeframe = key && timeframeOfWord(decode(value));
    if (/^(timeframe|interval)$/i.test(key) && timeframe) told.timeframe = timeframe;
  }
  return told;
}

/** Writers of hive folders escape `/` and the like as `%2F`. */
function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
