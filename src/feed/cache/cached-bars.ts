import type { Bar } from '../../domain/bar.js';
import { RATIO_SCALE, RATIO_WINDOW, rollingRatios } from '../../domain/bar-ratios.js';
import { fromScaled, PRICE, toScaled } from '../../domain/decimal.js';
import type { SeriesKey } from '../../domain/series.js';
import { timeframeDuration } from '../../domain/timeframe.js';
import { Pending } from './pending.js';

/** A bar with what its ratios are made of, x 10^8. */
interface Held {
  readonly time: number;
  bar: Bar;
  readonly spread: bigint;
  readonly volume: bigint;
}

/** Estimated, in bytes: eight decimals and two dates. */
export const BAR_BYTES = 1_200;

/**
 * The latest bars of one series: those of the database, and over them those that were accepted and are still on their way to it. What is held has no
 * gap: every bar from the first one on. The 20 bars in front are there for the ratios of those behind them.
 */
export class CachedBars {
  readonly key: SeriesKey;
  readonly #duration: number;
  readonly #pending = new Pending<Bar>(() => BAR_BYTES);
  #held: Held[] = [];
  /** The series has no bars before those that are held. */
  #whole = false;
  #ready = false;
  /** Bars whose ratios are to be made anew, with the 20 behind them. */
  #stale: { low: number; high: number } | undefined;

  constructor(key: SeriesKey) {
    this.key = key;
    this.#duration = timeframeDuration(key.timeframe);
  }

  get ready(): boolean {
    return this.#ready;
  }

  get rows(): number {
    return this.#held.length;
  }

  get pending(): Pick<Pending<Bar>, 'rows' | 'bytes'> {
    return this.#pending;
  }

  get whole(): boolean {
    return this.#whole;
  }

  /** Opening instants in milliseconds since the epoch; undefined where nothing is held. */
  get first(): number | undefined {
    return this.#held[0]?.time;
  }

  get last(): number | undefined {
    return this.#held.at(-1)?.time;
  }

  /** The newest `count` bars that had closed by `at`, oldest first; undefined where not all that the database has of them are held. */
  read(count: number, at: number): Bar[] | undefined {
    if (!this.#ready) return undefined;
    if (this.#stale) this.#mendRatios();
    let end = this.#held.length;
    while (end > 0 && this.#held[end - 1]!.time + this.#duration > at) end -= 1;
    const start = Math.max(end - count, 0);
    if (!this.#whole && (end - count < RATIO_WINDOW || end === 0)) return undefined;
    const bars = new Array<Bar>(end - start);
    for (let index = start; index < end; index += 1) bars[index - start] = this.#held[index]!.bar;
    return bars;
  }

  /** Puts what the database has in the place of all that is held. */
  fill(bars: readonly Bar[], whole: boolean): void {
    this.#held = bars.map(held);
    this.#whole = whole;
    this.#ready = true;
    this.#stale = undefined;
    this.#showPending();
  }

  /** What is held is no longer known to be what the database has. */
  empty(): void {
    this.#ready = false;
  }

  /** Puts what the database has in the place of what is held from one instant to another one, both included. */
  replace(low: number, high: number, bars: readonly Bar[]): void {
    const start = this.#place(low);
    const end = this.#place(high + 1);
    this.#held.splice(start, end - start, ...bars.map(held));
    this.#showPending();
  }

  /** A bar on its way to the database. */
  accept(bar: Bar): void {
    const time = bar.timestamp.getTime();
    if (this.#pending.accept(time, bar, this.#ready && this.#has(bar)) && this.#ready) this.#show(bar);
  }

  settle(time: number): void {
    this.#pending.settle(time);
  }

  /** As {@link Pending.forget}. */
  forgetSettled(readFrom: number): boolean {
    return this.#pending.forget(readFrom);
  }

  /** Keeps `count` bars, and those that closed at `since` or later. */
  trim(count: number, since: number): void {
    const keep = count + RATIO_WINDOW;
    const extra = this.#held.length - keep;
    // Not one by one: each time costs as much as what is held is long.
    if (extra < keep / 4) return;
    let drop = 0;
    while (drop < extra && this.#held[drop + RATIO_WINDOW]!.time + this.#duration < since) drop += 1;
    if (drop === 0) return;
    if (this.#stale) this.#mendRatios();
    this.#held.splice(0, drop);
    this.#whole = false;
    this.#pending.forgetBefore(this.#held[0]!.time);
  }

  #showPending(): void {
    for (const row of this.#pending.shown()) {
      row.agreed = this.#has(row.value);
      this.#show(row.value);
    }
  }

  /** Whether it changes nothing of what is held. */
  #has(bar: Bar): boolean {
    const time = bar.timestamp.getTime();
    if (this.#isInFront(time)) return true;
    const there = this.#held[this.#place(time)];
    return there?.time === time && sameValues(there.bar, bar);
  }

  #isInFront(time: number): boolean {
    return !this.#whole && (this.first === undefined || time < this.first);
  }

  #show(bar: Bar): void {
    const time = bar.timestamp.getTime();
    if (this.#isInFront(time)) return;
    // Also where it is shown already: what was read from the database around it has ratios without it.
    const { low = time, high = time } = this.#stale ?? {};
    this.#stale = { low: Math.min(low, time), high: Math.max(high, time) };
    const place = this.#place(time);
    const there = this.#held[place];
    if (there?.time !== time) this.#held.splice(place, 0, held(bar));
    else if (!sameValues(there.bar, bar)) this.#held[place] = held(bar);
  }

  #mendRatios(): void {
    const { low, high } = this.#stale!;
    this.#stale = undefined;
    const start = this.#place(low);
    const end = Math.min(this.#place(high + 1) + RATIO_WINDOW, this.#held.length);
    const first = Math.max(start - RATIO_WINDOW, 0);
    const around = this.#held.slice(first, end);
    const spreads = rollingRatios(around.map(({ spread }) => spread));
    const volumes = rollingRatios(around.map(({ volume }) => volume));
    for (let index = start; index < end; index += 1) {
      const one = this.#held[index]!;
      const spreadRatio = fromScaled(spreads[index - first]!, RATIO_SCALE);
      const volumeRatio = fromScaled(volumes[index - first]!, RATIO_SCALE);
      if (one.bar.spreadRatio.eq(spreadRatio) && one.bar.volumeRatio.eq(volumeRatio)) continue;
      one.bar = { ...one.bar, spreadRatio, volumeRatio };
    }
  }

  /** Where the first bar is that opens at this instant or later. Live bars lie at the end. */
  #place(time: number): number {
    let [low, high] = [0, this.#held.length];
    if (high === 0 || this.#held[high - 1]!.time < time) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#held[middle]!.time < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function held(bar: Bar): Held {
  const spread = toScaled(bar.spread, PRICE.scale)!;
  const volume = toScaled(bar.volume, PRICE.scale)!;
  return { time: bar.timestamp.getTime(), bar, spread, volume };
}

/** What a write compares. */
function sameValues(one: Bar, other: Bar): boolean {
  return (
    one.close.eq(other.close) &&
    one.high.eq(other.high) &&
    one.low.eq(other.low) &&
    one.open.eq(other.open) &&
    one.volume.eq(other.volume) &&
    one.source === other.source &&
    (one.vwap === null || other.vwap === null ? one.vwap === other.vwap : one.vwap.eq(other.vwap))
  );
}
