import { RATIO_SCALE, RATIO_WINDOW, ratioToMean, rollingRatios } from '../../domain/bar-ratios.js';
import { Decimal, fromScaled, PRICE } from '../../domain/decimal.js';
import type { Fill, ResampledBar } from '../../domain/resampled-bar.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import { type Timeframe, timeframeDuration } from '../../domain/timeframe.js';
import type { Buckets } from './buckets.js';

interface Window {
  readonly symbol: MarketSymbol;
  readonly to: Timeframe;
  readonly start: number;
  readonly end: number;
  readonly fill: Fill;
}

const ZERO = new Decimal(0);

/** The bars of the window, from buckets that begin with those whose spreads and volumes the first ratios need. */
export function toResampledBars(buckets: Buckets, volumeScale: number, window: Window): ResampledBar[] {
  const { symbol, to, start, end, fill } = window;
  const order = buckets.timeOrder();
  let first = 0;
  while (first < order.length && buckets.timestamp[order[first]!]! < start) first += 1;
  const skipped = Math.max(first - RATIO_WINDOW, 0);
  const spreads: bigint[] = [];
  const volumes: bigint[] = [];
  for (let place = skipped; place < order.length; place += 1) {
    const index = order[place]!;
    spreads.push(buckets.high[index]! - buckets.low[index]!);
    volumes.push(buckets.volume[index]!);
  }
  const spreadRatios = rollingRatios(spreads);
  const volumeRatios = rollingRatios(volumes);
  const duration = timeframeDuration(to);
  const bars: ResampledBar[] = [];
  let expected = start;
  for (let place = first; place < order.length; place += 1) {
    const index = order[place]!;
    const timestamp = buckets.timestamp[index]!;
    const at = place - skipped;
    // The bar behind the window is there for the gap before it: it says that the gap has ended.
    if (fill === 'previous' && place > 0) {
      const gapEnd = Math.min(timestamp, end);
      if (expected < gapEnd) {
        const flat = flatBar(buckets, order[place - 1]!, spreads, volumes, at, { symbol, to });
        for (; expected < gapEnd; expected += duration) bars.push({ ...flat, timestamp: new Date(expected) });
      }
    }
    if (timestamp >= end) break;
    expected = timestamp + duration;
    const vwap = buckets.vwapAt(index);
    bars.push({
      symbol,
      timeframe: to,
      timestamp: new Date(timestamp),
      open: fromScaled(buckets.open[index]!, PRICE.scale),
      high: fromScaled(buckets.high[index]!, PRICE.scale),
      low: fromScaled(buckets.low[index]!, PRICE.scale),
      close: fromScaled(buckets.close[index]!, PRICE.scale),
      volume: fromScaled(buckets.volume[index]!, volumeScale),
      spread: fromScaled(spreads[at]!, PRICE.scale),
      spreadRatio: fromScaled(spreadRatios[at]!, RATIO_SCALE),
      volumeRatio: fromScaled(volumeRatios[at]!, RATIO_SCALE),
      vwap: vwap === null ? null : fromScaled(vwap, PRICE.scale),
      sourceBars: buckets.bars[index]!,
    });
  }
  return bars;
}

/** A flat bar behind the one at `index`; `spreads` and `volumes` up to `at` are those before it. */
function flatBar(
  buckets: Buckets,
  index: number,
  spreads: readonly bigint[],
  volumes: readonly bigint[],
  at: number,
  key: Pick<Window, 'symbol' | 'to'>,
): ResampledBar {
  const close = fromScaled(buckets.close[index]!, PRICE.scale);
  const ratio = (values: readonly bigint[]) => {
    const before = values.slice(Math.max(at - RATIO_WINDOW, 0), at);
    const sum = before.reduce((total, value) => total + value, 0n);
    return fromScaled(ratioToMean(0n, sum, before.length), RATIO_SCALE);
  };
  return {
    symbol: key.symbol,
    timeframe: key.to,
    timestamp: new Date(buckets.timestamp[index]!),
    ...{ open: close, high: close, low: close, close, volume: ZERO, spread: ZERO, vwap: null, sourceBars: 0 },
    spreadRatio: ratio(spreads),
    volumeRatio: ratio(volumes),
  };
}
