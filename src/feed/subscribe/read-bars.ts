import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import type { Bar } from '../../domain/bar.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import { type Timeframe, timeframeDuration } from '../../domain/timeframe.js';
import { BAR_COLUMNS, type BarRow, toBar } from '../../repositories/bars/bar-rows.js';
import type { ChangedWindow, SeriesChanges } from './series-changes.js';

export interface BarNews {
  readonly kind: 'bar';
  readonly bar: Bar;
  readonly corrected: boolean;
}

/** A stretch of one series, both ends included. */
export interface BarWindow extends ChangedWindow {
  readonly symbol: string;
  readonly timeframe: Timeframe;
}

/** Bars' durations up to which a window is read together with others. */
const SHORT = 32n;
/** Microseconds between the first and the last of those: TimescaleDB plans every chunk in between. */
const TOGETHER = 2n * 86_400_000_000n;

/** What became of a bar that was there before: its former values end when the present ones begin. */
const CORRECTED = `EXISTS (SELECT FROM ohlcv_bar_revisions revision
  WHERE (revision.symbol, revision.timeframe, revision.timestamp) = (bar.symbol, bar.timeframe, bar.timestamp)
    AND revision.known_until = bar.created_at AND revision.reason IN ('change', 'undo'))`;

const OWN_COLUMNS = BAR_COLUMNS.slice(0, BAR_COLUMNS.indexOf('(SELECT'))
  .split(',')
  .map((column) => column.trim())
  .filter((column) => column !== '')
  .map((column) => `bar.${column}`)
  .join(', ');

export function barWindows(series: readonly SeriesChanges[]): BarWindow[] {
  return series.flatMap(({ symbol, timeframe, windows }) =>
    timeframe === '' ? [] : windows.map((window) => ({ ...window, symbol, timeframe })),
  );
}

/** Windows of live bars, to be read together, and the rest. */
export function partWindows(windows: readonly BarWindow[]): { readonly live: BarWindow[]; readonly rest: BarWindow[] } {
  const newest = windows.reduce((last, window) => (window.last > last ? window.last : last), -(2n ** 62n));
  const isLive = ({ first, last, timeframe }: BarWindow) =>
    last - first <= SHORT * BigInt(timeframeDuration(timeframe)) * 1000n && newest - first <= TOGETHER;
  return { live: windows.filter(isLive), rest: windows.filter((window) => !isLive(window)) };
}

/** The bars that are news in each of the windows, which are short; oldest first inside each. */
export async function readLiveBars(client: Client, windows: readonly BarWindow[]): Promise<BarNews[]> {
  if (windows.length === 0) return [];
  const first = windows.reduce((low, window) => (window.first < low ? window.first : low), windows[0]!.first);
  const last = windows.reduce((high, window) => (window.last > high ? window.last : high), windows[0]!.last);
  const { rows } = await client.query<[...BarRow, boolean, MarketSymbol, Timeframe]>({
    text: `SELECT ${OWN_COLUMNS}, series.volume_scale, ${CORRECTED}, bar.symbol, bar.timeframe
           FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[])
             WITH ORDINALITY AS changed (symbol, timeframe, first, last, known_from, place)
           JOIN LATERAL (
             SELECT * FROM ohlcv_bars WHERE symbol = changed.symbol AND timeframe = changed.timeframe
               AND timestamp >= changed.first AND timestamp <= changed.last AND created_at >= changed.known_from
               AND timestamp >= $6 AND timestamp <= $7) bar ON true
           JOIN bar_series series ON series.symbol = bar.symbol AND series.timeframe = bar.timeframe
           ORDER BY changed.place, bar.timestamp`,
    values: [
      windows.map(({ symbol }) => symbol),
      windows.map(({ timeframe }) => timeframe),
      windows.map((window) => instant(window.first)),
      windows.map((window) => instant(window.last)),
      windows.map(knownFrom),
      instant(first),
      instant(last),
    ],
    rowMode: 'array',
  });
  return rows.map((row) => news(row, { symbol: row[14], timeframe: row[15] }));
}

/** The bars that are news in one window from an instant on, at most `limit`. */
export async function readBarPage(client: Client, window: BarWindow, from: bigint, limit: number): Promise<BarNews[]> {
  const { rows } = await client.query<[...BarRow, boolean]>({
    text: `SELECT ${OWN_COLUMNS}, series.volume_scale, ${CORRECTED}
           FROM (SELECT * FROM ohlcv_bars WHERE symbol = $1 AND timeframe = $2 AND timestamp >= $3 AND timestamp <= $4 AND created_at >= $5
                 ORDER BY timestamp LIMIT $6) bar
           JOIN bar_series series ON series.symbol = bar.symbol AND series.timeframe = bar.timeframe
           ORDER BY bar.timestamp`,
    values: [window.symbol, window.timeframe, instant(from), instant(window.last), knownFrom(window), limit],
    rowMode: 'array',
  });
  return rows.map((row) => news(row, { symbol: window.symbol as MarketSymbol, timeframe: window.timeframe }));
}

function news(row: readonly unknown[], key: { readonly symbol: MarketSymbol; readonly timeframe: Timeframe }): BarNews {
  return { kind: 'bar', bar: toBar(key, row as unknown as BarRow), corrected: row[13] as boolean };
}

/** Of several changes the first: a bar that was known before it is no news. */
function knownFrom({ knownFrom }: BarWindow): string {
  if (knownFrom === undefined) return '-infinity';
  return instant(knownFrom.reduce((first, one) => (one < first ? one : first)));
}
