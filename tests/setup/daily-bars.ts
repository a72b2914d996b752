import type { BarInput } from '../../src/index.js';

const DAY = 86_400_000;

/** A daily bar of each weekday of `[from, to)`, all prices different and the same in every run. */
export function weekdayBars(symbol: string, from: string, to: string): BarInput[] {
  const bars: BarInput[] = [];
  for (let at = Date.parse(from); at < Date.parse(to); at += DAY) {
    const date = new Date(at);
    if (![0, 6].includes(date.getUTCDay())) bars.push(dailyBar(symbol, date, bars.length));
  }
  return bars;
}

export function dailyBar(symbol: string, timestamp: Date, number: number): BarInput {
  const low = 100 + ((number * 37) % 101);
  return {
    symbol,
    timeframe: '1d',
    timestamp,
    open: low + 1,
    high: low + 4,
    low,
    close: low + 2,
    volume: 1000 + number,
  };
}
