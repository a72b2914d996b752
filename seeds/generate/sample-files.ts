import { recordBacktests } from './backtests.js';
import { BarSeries } from './bar-series.js';
import { Ledger } from './ledger.js';
import { type Bar, formatCents, walk } from './price-path.js';
import { AAPL } from './schematics/aapl.js';
import { SPY } from './schematics/spy.js';
import { TSLA } from './schematics/tsla.js';
import { aaplAccumulation, aaplReaccumulation } from './stories/aapl.js';
import { spyReaccumulation } from './stories/spy.js';
import { tslaDistribution, tslaFalseRange } from './stories/tsla.js';

/** The files of the sample data with their text, by name. The same on every machine and at every run. */
export function renderSampleFiles(): Readonly<Record<'sample-ohlcv.json' | 'sample-ledger.json', string>> {
  const aapl = walk(AAPL);
  const tsla = walk(TSLA);
  const spy = walk(SPY);
  const bars = [...toRows('AAPL', aapl), ...toRows('TSLA', tsla), ...toRows('SPY', spy)];

  const ledger = new Ledger();
  const aaplSeries = new BarSeries('AAPL', aapl);
  const tslaSeries = new BarSeries('TSLA', tsla);
  aaplAccumulation(ledger, aaplSeries);
  aaplReaccumulation(ledger, aaplSeries);
  tslaDistribution(ledger, tslaSeries);
  tslaFalseRange(ledger, tslaSeries);
  spyReaccumulation(ledger, new BarSeries('SPY', spy));
  recordBacktests(ledger);

  const tables = Object.entries(ledger.finish()).map(([table, rows]) => `"${table}": ${renderRows(rows)}`);
  return { 'sample-ohlcv.json': `${renderRows(bars)}\n`, 'sample-ledger.json': `{\n${tables.join(',\n')}\n}\n` };
}

function toRows(symbol: string, bars: readonly Bar[]): object[] {
  return bars.map((bar) => ({
    symbol,
    timeframe: '1d',
    timestamp: `${bar.date}T00:00:00Z`,
    open: formatCents(bar.open),
    high: formatCents(bar.high),
    low: formatCents(bar.low),
    close: formatCents(bar.close),
    volume: bar.volume,
    vwap: typicalPrice(bar),
    source: 'sample',
  }));
}

/** The mean of the four prices, which a quarter of a cent makes exact to 4 decimals. */
function typicalPrice(bar: Bar): string {
  const tenThousandths = (bar.open + bar.high + bar.low + bar.close) * 25;
  return `${Math.trunc(tenThousandths / 10_000)}.${String(tenThousandths % 10_000).padStart(4, '0')}`;
}

/** One row a line, so that a diff shows which rows changed. */
function renderRows(rows: readonly object[]): string {
  return `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]`;
}
