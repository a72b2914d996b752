import type { BarInput } from '../../src/index.js';

/** 1m bars from the beginning of 2024 on, one after the other. */
export function minuteBars(symbol: string, count: number): BarInput[] {
  return Array.from({ length: count }, (_, minute) => ({
    symbol,
    timeframe: '1m',
    timestamp: new Date(Date.UTC(2024, 0, 1) + minute * 60_000),
    open: 2,
    high: 3,
    low: 1,
    close: 2,
    volume: minute,
  }));
}
