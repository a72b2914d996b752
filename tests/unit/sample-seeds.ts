import { readFileSync } from 'node:fs';
import { Decimal as DecimalJs } from 'decimal.js';
import type { LedgerTables, PatternRow, PatternType } from '../../seeds/generate/ledger-rows.js';

/*
 * The committed sample data, read for the tests that check them against the rules of the domain. Only the generator's row types are used
 * here, never its arithmetic.
 */

export const Decimal = DecimalJs.clone({ precision: 60, rounding: DecimalJs.ROUND_HALF_UP });
export type Decimal = DecimalJs;
export interface Bar {
  symbol: string;
  timestamp: string;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: number;
}

export const DAY_MS = 86_400_000;
export const ENTRY_TYPES: Record<'LONG' | 'SHORT', PatternType[]> = {
  LONG: ['SPRING', 'SOS', 'LPS', 'BU'],
  SHORT: ['UTAD', 'UT', 'SOW', 'LPSY'],
};

export const bars: Bar[] = readSeed('sample-ohlcv.json');
export const ledger: LedgerTables = readSeed('sample-ledger.json');
export const {
  trading_ranges: ranges,
  patterns,
  campaigns,
  signals,
  backtest_results: backtests,
  audit_trail: events,
} = ledger;

function readSeed<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../seeds/${name}`, import.meta.url), 'utf8'));
}

export const seriesOf = (symbol: string) => bars.filter((bar) => bar.symbol === symbol);
export const closesAt = (bar: { timestamp: string }) => Date.parse(bar.timestamp) + DAY_MS;
export const half = (value: Decimal, places: number) => value.toDecimalPlaces(places).toFixed(places);
export const eventsOf = (entityId: string) => events.filter((event) => event.entity_id === entityId);

export function byId<T extends { id: string }>(rows: T[], id: string | null): T {
  const row = rows.find((candidate) => candidate.id === id);
  if (!row) throw new Error(`no row ${id}`);
  return row;
}

export function barAt(symbol: string, timestamp: string): Bar {
  const bar = seriesOf(symbol).find((candidate) => candidate.timestamp === timestamp);
  if (!bar) throw new Error(`${symbol} has no bar at ${timestamp}`);
  return bar;
}

export const barOf = (pattern: PatternRow) => barAt(pattern.symbol, pattern.pattern_bar_timestamp);
export const directionOf = (range: { jump_target: string; ice_level: string }): 'LONG' | 'SHORT' =>
  new Decimal(range.jump_target).gt(range.ice_level) ? 'LONG' : 'SHORT';
