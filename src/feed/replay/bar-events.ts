import type { Client } from '../../database/session.js';
import type { Bar } from '../../domain/bar.js';
import { bucketOf } from '../../domain/microseconds.js';
import type { SeriesKey } from '../../domain/series.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import { type Timeframe, timeframeDuration } from '../../domain/timeframe.js';
import { type BarPage, BarPages } from '../../repositories/bars/bar-pages.js';
import { findEntry } from '../../repositories/bars/catalog.js';
import { storedBarAt } from '../../repositories/bars/stored-bar-at.js';
import type { EventPage, ReadPage } from './event-stream.js';
import type { ReplayEvent } from './replay-event.js';

interface BarSeries extends SeriesKey {
  readonly volumeScale: number;
  readonly duration: number;
}

class BarEvent {
  readonly kind = 'bar';
  readonly symbol: MarketSymbol;
  readonly timeframe: Timeframe;
  readonly #page: BarEvents;
  readonly #index: number;
  #bar: Bar | undefined;

  constructor(page: BarEvents, index: number) {
    this.symbol = page.series.symbol;
    this.timeframe = page.series.timeframe;
    this.#page = page;
    this.#index = index;
  }

  get at(): bigint {
    return BigInt(this.#page.millisecond(this.#index)) * 1000n;
  }

  get bar(): Bar {
    const { series, bars } = this.#page;
    this.#bar ??= storedBarAt(
      bars,
      { symbol: this.symbol, timeframe: this.timeframe },
      series.volumeScale,
      this.#index,
    );
    return this.#bar;
  }
}

class BarEvents implements EventPage {
  readonly length: number;

  constructor(
    readonly series: BarSeries,
    readonly bars: BarPage,
  ) {
    this.length = bars.length;
  }

  millisecond(index: number): number {
    return this.bars.timestamp[index]! + this.series.duration;
  }

  microsecond(): number {
    return 0;
  }

  event(index: number): ReplayEvent {
    return new BarEvent(this, index);
  }
}

/** The stored bars of a series that close in `[from, to)`, in microseconds since the epoch; undefined where the store has no such series. */
export async function barEvents(
  client: Client,
  key: SeriesKey,
  from: bigint,
  to: bigint,
  size: number,
): Promise<ReadPage | undefined> {
  const entry = await findEntry(client, key);
  if (!entry?.first || !entry.last) return undefined;
  const duration = timeframeDuration(key.timeframe);
  const series = { ...key, volumeScale: entry.volumeScale, duration };
  const first = Math.max(openingFrom(from, duration), entry.first.getTime());
  const end = Math.min(openingFrom(to, duration), entry.last.getTime() + 1);
  const pages = new BarPages(key, first, end, size);
  return async (reader) => {
    const page = await pages.read(reader);
    return page && new BarEvents(series, page);
  };
}

/** The first whole millisecond at which a bar may open that closes at this instant or later. */
function openingFrom(instant: bigint, duration: number): number {
  return Number(bucketOf(instant + 999n, 1000n) / 1000n) - duration;
}
