import type { Client, Session } from '../../database/session.js';
import type { SeriesKey } from '../../domain/series.js';
import { findEntry } from '../../repositories/bars/catalog.js';
import { readNewestTimestamps, TimestampPages } from '../../repositories/bars/timestamp-pages.js';
import type { BarStore } from '../backends/bar-store.js';

const PAGE = 50_000;

/** A series' opening instants, in milliseconds since the epoch and oldest first, from wherever its bars are. */
export interface Openings {
  readonly first: number;
  readonly last: number;
  newest(count: number): Promise<ArrayLike<number>>;
  /** Those of `[from, to)`. */
  pages(from: number, to: number): AsyncIterable<ArrayLike<number>>;
}

/** Of the database: the instants alone are read, and no connection is held between pages. Undefined where the series has no bars. */
export async function storedOpenings(session: Session, key: SeriesKey): Promise<Openings | undefined> {
  const entry = await session.withClient((client) => findEntry(client, key));
  if (!entry?.first || !entry.last) return undefined;
  return {
    first: entry.first.getTime(),
    last: entry.last.getTime(),
    async newest(count) {
      const newest = await session.withClient((client) => readNewestTimestamps(client, entry, count));
      return newest.map((at) => at.getTime()).reverse();
    },
    async *pages(from, to) {
      const pages = new TimestampPages(key, from, to, PAGE);
      const read = (client: Client) => pages.read(client);
      for (let page = await session.withClient(read); page; page = await session.withClient(read))
        yield page.timestamp.subarray(0, page.length);
    },
  };
}

/** Of any bars, read as bars. Undefined where there is no such series. */
export async function openingsOf(bars: BarStore, key: SeriesKey): Promise<Openings | undefined> {
  const [series] = await bars.series(key);
  if (!series) return undefined;
  const instants = async function* (from: number, to: number) {
    if (from >= to) return;
    let page: number[] = [];
    for await (const { timestamp } of bars.iterate({ ...key, from: new Date(from), to: new Date(to) })) {
      if (page.push(timestamp.getTime()) < PAGE) continue;
      yield page;
      page = [];
    }
    yield page;
  };
  return {
    first: series.first.getTime(),
    last: series.last.getTime(),
    newest: async (count) => (await bars.latest({ ...key, limit: count })).map(({ timestamp }) => timestamp.getTime()),
    pages: instants,
  };
}
