import { Decimal, type Fill, type ResampledBar, type Timeframe } from '../../src/index.js';
import { type ModelBar, ratios } from './bar-model.js';

export interface ModelRequest {
  readonly from: Timeframe;
  readonly to: Timeframe;
  readonly start?: Date | undefined;
  readonly end?: Date | undefined;
  readonly at: Date;
  readonly fill: Fill;
}

const MINUTE = 60_000;
const MINUTES: Record<Timeframe, number> = { '1m': 1, '5m': 5, '15m': 15, '1h': 60, '1d': 1440 };

type Values = Omit<ResampledBar, 'symbol' | 'timeframe' | 'timestamp'>;

export function printResampled(bar: Values & { readonly timestamp: Date }): string {
  const numbers = [bar.open, bar.high, bar.low, bar.close, bar.volume, bar.spread, bar.spreadRatio, bar.volumeRatio];
  const texts = numbers.map((number) => number.toFixed());
  return [bar.timestamp.toISOString(), ...texts, bar.vwap?.toFixed() ?? null, bar.sourceBars].join(' ');
}

/** What a resample must answer, made of all bars of the series in the plainest way. */
export function modelResample(bars: readonly ModelBar[], request: ModelRequest): string[] {
  const width = MINUTES[request.to] * MINUTE;
  const at = request.at.getTime();
  const groups = new Map<number, ModelBar[]>();
  for (const bar of bars) {
    const opening = Math.floor(bar.timestamp.getTime() / width) * width;
    groups.set(opening, [...(groups.get(opening) ?? []), bar]);
  }
  const closed = [...groups.entries()].filter(([opening, group]) => {
    const last = group.at(-1)!.timestamp.getTime() + MINUTES[request.from] * MINUTE;
    return opening + width <= at && last <= at;
  });
  const spreads = closed.map(([, group]) => highOf(group).minus(lowOf(group)));
  const volumes = closed.map(([, group]) => volumeOf(group));
  const spreadRatios = ratios(spreads);
  const volumeRatios = ratios(volumes);
  const known = new Map(
    closed.map(([opening, group], index) => {
      const ratio = { spreadRatio: spreadRatios[index]!, volumeRatio: volumeRatios[index]! };
      return [opening, { ...bucketOf(group), ...ratio }] as const;
    }),
  );
  const openings = [...known.keys()];
  const inWindow = (opening: number) =>
    opening >= (request.start?.getTime() ?? -Infinity) && opening < (request.end?.getTime() ?? Infinity);
  const answer: string[] = [];
  const print = (opening: number, bar: Values) => answer.push(printResampled({ ...bar, timestamp: new Date(opening) }));
  for (const [index, opening] of openings.entries()) {
    if (inWindow(opening)) print(opening, known.get(opening)!);
    const next = openings[index + 1];
    if (request.fill === 'none' || next === undefined) continue;
    const zero = new Decimal(0);
    const close = known.get(opening)!.close;
    const flat = { open: close, high: close, low: close, close, volume: zero, spread: zero, vwap: null, sourceBars: 0 };
    const spreadRatio = ratios([...spreads.slice(0, index + 1), zero]).at(-1)!;
    const volumeRatio = ratios([...volumes.slice(0, index + 1), zero]).at(-1)!;
    for (let gap = opening + width; gap < next; gap += width)
      if (inWindow(gap)) print(gap, { ...flat, spreadRatio, volumeRatio });
  }
  return answer;
}

const highOf = (group: readonly ModelBar[]) => Decimal.max(...group.map(({ high }) => high));
const lowOf = (group: readonly ModelBar[]) => Decimal.min(...group.map(({ low }) => low));
const volumeOf = (group: readonly ModelBar[]) => group.reduce((sum, { volume }) => sum.plus(volume), new Decimal(0));

function bucketOf(group: readonly ModelBar[]): Omit<Values, 'spreadRatio' | 'volumeRatio'> {
  const [high, low, volume] = [highOf(group), lowOf(group), volumeOf(group)];
  const weighty = group.filter((bar) => !bar.volume.isZero());
  const complete = weighty.length > 0 && weighty.every((bar) => bar.vwap !== null);
  const money = weighty.reduce((sum, bar) => sum.plus((bar.vwap ?? new Decimal(0)).times(bar.volume)), new Decimal(0));
  return {
    ...{ open: group[0]!.open, high, low, close: group.at(-1)!.close, volume, spread: high.minus(low) },
    vwap: complete ? money.div(volume).toDecimalPlaces(8, Decimal.ROUND_HALF_UP) : null,
    sourceBars: group.length,
  };
}
