import type pg from 'pg';
import { type Bar, Decimal, TIMEFRAMES, type Timeframe } from '../../src/index.js';
import { type ModelBar, printBar, ratios } from './bar-model.js';
import { modelResample } from './resample-model.js';

/** What a frame must have, made of the raw rows of the tables in the plainest way. Instants of rows are in microseconds since the epoch. */

interface RawBar extends ModelBar {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly knownFrom: bigint;
  /** Null for what is known now. */
  readonly knownUntil: bigint | null;
}

interface RawBook {
  readonly symbol: string;
  readonly at: bigint;
  readonly known: bigint;
  readonly imbalance: string | null;
  readonly text: string;
}

interface RawIndicator {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly name: string;
  readonly at: bigint;
  readonly known: bigint;
  readonly text: string;
}

export interface RawRows {
  readonly bars: readonly RawBar[];
  readonly books: readonly RawBook[];
  readonly indicators: readonly RawIndicator[];
}

const MICROS = (column: string) => `(extract(epoch FROM ${column}) * 1000000)::bigint::text`;

export async function readRawRows(client: pg.Client): Promise<RawRows> {
  const bar = (known: string, until: string, table: string) => `
    SELECT raw.symbol, raw.timeframe, ${MICROS('timestamp')} AS at, open, high, low, close, vwap, source,
           (volume * 10::numeric ^ -volume_scale)::text AS volume, ${MICROS(known)} AS known, ${until} AS until
    FROM ${table} AS raw JOIN bar_series USING (symbol, timeframe)`;
  const now = await client.query(bar('raw.created_at', 'NULL', 'ohlcv_bars'));
  const former = await client.query(bar('known_from', MICROS('known_until'), 'ohlcv_bar_revisions'));
  const books = await client.query(`
    SELECT symbol, ${MICROS('timestamp')} AS at, ${MICROS('created_at')} AS known, imbalance::text, bid_prices::text[], bid_sizes::text[],
           ask_prices::text[], ask_sizes::text[] FROM order_book_snapshots ORDER BY symbol, timestamp`);
  const indicators = await client.query(`
    SELECT symbol, timeframe, name, ${MICROS('timestamp')} AS at, ${MICROS('created_at')} AS known, value FROM indicators
    ORDER BY symbol, timeframe, name, timestamp`);
  return {
    bars: [...now.rows, ...former.rows].map((row) => ({
      ...{ symbol: row.symbol, timeframe: row.timeframe, timestamp: new Date(Number(row.at) / 1000) },
      ...{ open: new Decimal(row.open), high: new Decimal(row.high), low: new Decimal(row.low) },
      ...{ close: new Decimal(row.close), volume: new Decimal(row.volume) },
      vwap: row.vwap === null ? null : new Decimal(row.vwap),
      source: row.source,
      knownFrom: BigInt(row.known),
      knownUntil: row.until === null ? null : BigInt(row.until),
    })),
    books: books.rows.map((row) => ({
      ...{ symbol: row.symbol, at: BigInt(row.at), known: BigInt(row.known), imbalance: row.imbalance },
      text: [BigInt(row.at), side(row.bid_prices, row.bid_sizes), side(row.ask_prices, row.ask_sizes)].join(' '),
    })),
    indicators: indicators.rows.map((row) => ({
      ...{ symbol: row.symbol, timeframe: row.timeframe, name: row.name, at: BigInt(row.at), known: BigInt(row.known) },
      text: `${row.timeframe} ${row.name} ${BigInt(row.at)} ${JSON.stringify(row.value)}`,
    })),
  };
}

const side = (prices: string[], sizes: string[]) =>
  prices.map((price, index) => `${new Decimal(price)}x${new Decimal(sizes[index]!)}`).join();

export interface ModelFrameRequest {
  readonly symbol: string;
  readonly at: Date;
  readonly knownAt?: Date | undefined;
  readonly timeframes: readonly Timeframe[];
  readonly bars: number;
  readonly contextMinutes?: number | undefined;
  readonly lookAheadMinutes?: number | undefined;
}

const MINUTE = 60_000;
export const MINUTES: Record<Timeframe, number> = { '1m': 1, '5m': 5, '15m': 15, '1h': 60, '1d': 1440 };
const closeOf = (bar: { timeframe: Timeframe; timestamp: Date }) => +bar.timestamp + MINUTES[bar.timeframe] * MINUTE;

export function printStoredBar(bar: Bar): string {
  return `${printBar(bar)} ${bar.createdAt.toISOString()}`;
}

export function modelFrame(raw: RawRows, request: ModelFrameRequest) {
  const { symbol, timeframes, contextMinutes, lookAheadMinutes } = request;
  const at = +request.at;
  const known = request.knownAt && BigInt(+request.knownAt) * 1000n;
  const isKnown = (row: { symbol: string; known: bigint }) =>
    row.symbol === symbol && (known === undefined || row.known <= known);
  const series = new Map(TIMEFRAMES.map((each) => [each, seriesOf(raw, symbol, each, known)]));
  const books = raw.books.filter((book) => isKnown(book));
  const closed = (timeframe: Timeframe) => series.get(timeframe)!.filter(({ bar }) => closeOf(bar) <= at);
  const finest = TIMEFRAMES.find((timeframe) => closed(timeframe).length > 0);
  const stretch = (from: number, to: number, inside: (bar: RawBar) => boolean, firstMinute: number) => ({
    ...{ from: new Date(from).toISOString(), to: new Date(to).toISOString(), timeframe: finest ?? null },
    bars: finest ? series.get(finest)!.flatMap(({ bar, text }) => (inside(bar) ? [text] : [])) : [],
    orderBooks: lastOfMinutes(books, firstMinute, to),
  });
  const before = at - (contextMinutes ?? 0) * MINUTE;
  const after = at + (lookAheadMinutes ?? 0) * MINUTE;
  return {
    frames: timeframes.map((timeframe) => {
      const stored = closed(timeframe).slice(-request.bars);
      if (stored.length > 0)
        return { timeframe, source: 'stored', from: timeframe, bars: stored.map(({ text }) => text) };
      const width = MINUTES[timeframe] * MINUTE;
      const end = Math.floor(at / width) * width;
      const from = TIMEFRAMES.find((finer) => {
        const first = series.get(finer)![0];
        return MINUTES[finer] < MINUTES[timeframe] && first && +first.bar.timestamp < end;
      });
      const rows = from ? series.get(from)!.map(({ bar }) => bar) : [];
      const bars = from ? modelResample(rows, { from, to: timeframe, at: request.at, fill: 'none' }) : [];
      if (bars.length === 0) return { timeframe, source: 'none', from: null, bars };
      return { timeframe, source: 'resampled', from, bars: bars.slice(-request.bars) };
    }),
    orderBook: books.filter((book) => book.at <= BigInt(at) * 1000n).at(-1)?.text ?? null,
    imbalances: [1, 5, 15, 60].flatMap((seconds) => imbalanceOf(books, seconds, at)),
    indicators: timeframes.flatMap((timeframe) => {
      const latest = new Map<string, string>();
      for (const row of raw.indicators) {
        if (!isKnown(row) || row.timeframe !== timeframe) continue;
        if (Number(row.at) / 1000 + MINUTES[timeframe] * MINUTE <= at) latest.set(row.name, row.text);
      }
      return [...latest.values()];
    }),
    context: contextMinutes
      ? stretch(before, at, (bar) => +bar.timestamp >= before && closeOf(bar) <= at, Math.ceil(before / MINUTE))
      : null,
    lookAhead: lookAheadMinutes
      ? stretch(at, after, (bar) => closeOf(bar) > at && closeOf(bar) <= after, Math.floor(at / MINUTE))
      : null,
  };
}

type Series = readonly { readonly bar: RawBar; readonly text: string }[];

const made = new Map<string, Series>();

function seriesOf(raw: RawRows, symbol: string, timeframe: Timeframe, known: bigint | undefined): Series {
  const name = `${symbol} ${timeframe} ${known}`;
  const series = made.get(name) ?? makeSeries(raw, symbol, timeframe, known);
  made.set(name, series);
  return series;
}

/** The bars of a series that were known, oldest first, each as it is printed with the ratios that it has among them. */
function makeSeries(raw: RawRows, symbol: string, timeframe: Timeframe, known: bigint | undefined): Series {
  const bars = raw.bars
    .filter((bar) => bar.symbol === symbol && bar.timeframe === timeframe)
    .filter(({ knownFrom, knownUntil }) =>
      known === undefined ? knownUntil === null : knownFrom <= known && (knownUntil === null || knownUntil > known),
    )
    .sort((a, b) => +a.timestamp - +b.timestamp);
  const spreads = bars.map((bar) => bar.high.minus(bar.low));
  const spreadRatios = ratios(spreads);
  const volumeRatios = ratios(bars.map((bar) => bar.volume));
  return bars.map((bar, index) => {
    const [spread, spreadRatio, volumeRatio] = [spreads[index]!, spreadRatios[index]!, volumeRatios[index]!];
    const createdAt = new Date(Number(bar.knownFrom / 1000n));
    return { bar, text: printStoredBar({ ...bar, spread, spreadRatio, volumeRatio, createdAt } as unknown as Bar) };
  });
}

/** Of minutes that had closed by `to`; `first` counts minutes since the epoch. */
function lastOfMinutes(books: readonly RawBook[], first: number, to: number): string[] {
  const last = new Map<number, string>();
  for (const { at, text } of books) {
    const minute = Math.floor(Number(at) / 1000 / MINUTE);
    if (minute >= first && (minute + 1) * MINUTE <= to) last.set(minute, text);
  }
  return [...last.values()];
}

const E8 = 100_000_000n;

function imbalanceOf(books: readonly RawBook[], seconds: number, at: number): string[] {
  const span = BigInt(seconds) * 1_000_000n;
  const end = ((BigInt(at) * 1000n) / span) * span;
  const inside = books.filter((book) => book.at >= end - span && book.at < end);
  if (inside.length === 0) return [];
  let [sum, weight] = [0n, 0n];
  for (const [index, book] of inside.entries()) {
    if (book.imbalance === null) continue;
    const stood = (inside[index + 1]?.at ?? end) - book.at;
    sum += BigInt(new Decimal(book.imbalance).times(E8.toString()).toFixed()) * stood;
    weight += stood;
  }
  const opening = new Date(Number((end - span) / 1000n)).toISOString();
  if (weight === 0n) return [`${seconds} ${opening} null ${inside.length}`];
  const magnitude = ((sum < 0n ? -sum : sum) * 2n + weight) / (2n * weight);
  const value = new Decimal((sum < 0n ? -magnitude : magnitude).toString()).div(E8.toString());
  return [`${seconds} ${opening} ${value.toFixed()} ${inside.length}`];
}
