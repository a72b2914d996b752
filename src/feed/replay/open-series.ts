import type { Client } from '../../database/session.js';
import type { SeriesKey } from '../../domain/series.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import { NotFoundError } from '../../errors.js';
import { barEvents } from './bar-events.js';
import type { ReadPage } from './event-stream.js';
import { REPLAY_KINDS, type ReplayKind } from './replay-event.js';
import type { ReplayRequest } from './replay-request.js';
import { tickEvents } from './tick-events.js';

type Wanted =
  | (SeriesKey & { readonly kind: 'bar' })
  | { readonly kind: Exclude<ReplayKind, 'bar'>; readonly symbol: MarketSymbol };

/** Events in memory, of all series together; each has two pages. */
const EVENTS_HELD = 200_000;
const SMALLEST_PAGE = 256;
const LARGEST_PAGE = 8_192;
/** A book may have thousands of levels. */
const BOOK_PAGE = 256;

/**
 * What reads the pages of each series, in the order of their events at one instant.
 *
 * @throws NotFoundError SERIES_UNKNOWN
 */
export async function openSeries(client: Client, request: ReplayRequest): Promise<ReadPage[]> {
  const { from, to } = request;
  const wanted = wantedOf(request);
  // Powers of two: statements that differ by their size alone are few.
  const share = 2 ** Math.floor(Math.log2(EVENTS_HELD / 2 / wanted.length));
  const size = Math.max(SMALLEST_PAGE, Math.min(share, LARGEST_PAGE));
  const opened: ReadPage[] = [];
  for (const series of wanted) {
    const { kind, symbol } = series;
    const pages =
      kind === 'bar'
        ? await barEvents(client, series, from, to, size)
        : await tickEvents(client, kind, { symbol, from, to }, kind === 'orderBook' ? BOOK_PAGE : size);
    if (!pages) throw unknown(kind === 'bar' ? `${series.timeframe} bar` : kind, symbol);
    opened.push(pages);
  }
  return opened;
}

/** By kind, bars by timeframe, symbols as they were asked for. */
function wantedOf({ symbols, timeframes, kinds }: ReplayRequest): Wanted[] {
  return REPLAY_KINDS.filter((kind) => kinds.includes(kind)).flatMap((kind): Wanted[] => {
    if (kind !== 'bar') return symbols.map((symbol) => ({ kind, symbol }));
    return timeframes.flatMap((timeframe) => symbols.map((symbol) => ({ kind, symbol, timeframe })));
  });
}

function unknown(what: string, symbol: string): NotFoundError {
  const noun = what === 'orderBook' ? 'order book' : what;
  return new NotFoundError('SERIES_UNKNOWN', `the store has no ${noun} of ${symbol}`, {
    hint: 'a replay has what is stored, and makes no coarser bars of finer ones; store.bars.series() lists the series of bars',
  });
}
