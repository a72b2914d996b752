import { isTimeframe, type Timeframe } from '../../domain/timeframe.js';

const WORDS: Readonly<Record<string, Timeframe>> = {
  ...Object.fromEntries(['1', '1min', 'm1', 'minute'].map((word) => [word, '1m'])),
  ...Object.fromEntries(['5', '5min', 'm5'].map((word) => [word, '5m'])),
  ...Object.fromEntries(['15', '15min', 'm15'].map((word) => [word, '15m'])),
  ...Object.fromEntries(['60', '60m', '60min', '1hour', 'h1', 'h', 'hour', 'hourly', '1h'].map((word) => [word, '1h'])),
  ...Object.fromEntries(['d', '1day', 'd1', 'day', 'daily', '1d', '1440'].map((word) => [word, '1d'])),
};

/** The timeframe that a vendor's word means: `D`, `60`, `M5`, `1min`. `1M` and `M` are a month elsewhere, which is none of ours. `ours` are a layout's own words. */
export function timeframeOfWord(word: string, ours: Readonly<Record<string, string>> = {}): Timeframe | undefined {
  const text = Object.hasOwn(ours, word.trim()) ? ours[word.trim()]! : word.trim();
  return isTimeframe(text) ? text : WORDS[text.toLowerCase()];
}
