import { microsecondsOf } from '../../domain/microseconds.js';
import type { Arrival, News } from './arrival.js';
import { type ChangeSource, changePages, insist } from './change-pages.js';
import { type Cursor, formatCursor } from './cursor.js';
import type { ChangeFilter, ChangePage } from './read-arrivals.js';
import { type BarWindow, barWindows, partWindows, readBarPage, readLiveBars } from './read-bars.js';
import { readTickPage, type TickKind } from './read-ticks.js';
import { bySeries, type SeriesChanges } from './series-changes.js';

/** Rows in memory at a time, about. */
const PAGE = 2_000;
/** A book may have thousands of levels. */
const BOOK_PAGE = 256;
/** Windows of live bars that one statement reads: of at most 33 bars each. */
const WINDOWS = 60;

/**
 * What arrives, from the cursor on (default: from now on), for as long as the signal is not aborted. What is read is read when the consumer asks for
 * more: one that is slow makes nothing grow, and sees of several corrections the last.
 *
 * @throws FeedGapError
 */
export async function* arrivals(
  source: ChangeSource,
  filter: ChangeFilter,
  from: Cursor | undefined,
  signal: AbortSignal,
): AsyncGenerator<Arrival, void, undefined> {
  for await (const page of changePages(source, filter, from, signal)) {
    yield* withCursors(readNews(source, page, signal), formatCursor(page.from), formatCursor(page.next), signal);
  }
}

/** All of a page carry the cursor before it, for whoever goes on from there needs the whole page; the last one that after it. */
async function* withCursors(
  batches: AsyncIterable<readonly News[]>,
  before: string,
  after: string,
  signal: AbortSignal,
): AsyncGenerator<Arrival, void, undefined> {
  let held: News | undefined;
  for await (const batch of batches) {
    for (const news of batch) {
      if (held) yield { ...held, cursor: before };
      held = news;
    }
  }
  if (held && !signal.aborted) yield { ...held, cursor: after };
}

/** Deletions first; then what is there, so that rows that came after a deletion stand. */
async function* readNews(
  source: ChangeSource,
  { changes }: ChangePage,
  signal: AbortSignal,
): AsyncGenerator<readonly News[], void, undefined> {
  const series = bySeries(changes);
  yield series.flatMap(deletions);
  const { live, rest } = partWindows(barWindows(series));
  for (let start = 0; start < live.length; start += WINDOWS) {
    const windows = live.slice(start, start + WINDOWS);
    yield (await insist(source, signal, (client) => readLiveBars(client, windows))) ?? [];
  }
  for (const window of rest) yield* longWindow(source, window, signal);
  for (const one of series) if (one.kind !== 'bar') yield* ticks(source, one.kind, one, signal);
}

function deletions({ kind, symbol, timeframe, deletions }: SeriesChanges): News[] {
  return deletions.map(({ first, last }) => ({
    ...{ kind: 'deleted', of: kind, symbol, timeframe: timeframe === '' ? null : timeframe },
    ...{ from: first, to: last + 1n },
  }));
}

async function* longWindow(source: ChangeSource, window: BarWindow, signal: AbortSignal) {
  let from = window.first;
  for (;;) {
    const start = from;
    const news = await insist(source, signal, (client) => readBarPage(client, window, start, PAGE));
    if (!news) return;
    yield news;
    if (news.length < PAGE) return;
    from = microsecondsOf(news.at(-1)!.bar.timestamp) + 1n;
  }
}

async function* ticks(source: ChangeSource, kind: TickKind, series: SeriesChanges, signal: AbortSignal) {
  const size = kind === 'orderBook' ? BOOK_PAGE : PAGE;
  for (const window of series.windows) {
    let from: bigint | undefined = window.first;
    while (from !== undefined) {
      const start: bigint = from;
      const page = await insist(source, signal, (client) =>
        readTickPage(client, kind, series.symbol, window, start, size),
      );
      if (!page) return;
      yield page.news;
      from = page.next;
    }
  }
}
