import type { Client } from '../../database/session.js';
import { type BarBlock, NO_PRICE } from '../../domain/bar-block.js';
import { RATIO_WINDOW } from '../../domain/bar-ratios.js';
import { formatScaled, PRICE } from '../../domain/decimal.js';
import type { SeriesKey } from '../../domain/series.js';
import { type BarPage, BarPages } from '../../repositories/bars/bar-pages.js';
import { askNearby } from '../../repositories/bars/nearby.js';
import { readNeighbours, StoredBars } from '../../repositories/bars/stored-bars.js';
import type { DifferenceTally } from './difference-tally.js';
import { StoredBarChecks } from './stored-bar-checks.js';

/** Stored bars in memory at once, 100 bytes each. */
const PAGE = 20_000;

const PRICES = ['open', 'high', 'low', 'close', 'vwap'] as const;

export interface Comparison {
  readonly key: SeriesKey;
  /** Of the series in the database. */
  readonly volumeScale: number;
  /** Whether the file was read with that scale. */
  readonly sameScale: boolean;
  /** Whether a bar of the file without a source says that nobody knows it, instead of nothing. */
  readonly tellsSource: boolean;
  /** The series' first bar. */
  readonly start: number;
  readonly tally: DifferenceTally;
  readonly signal: AbortSignal | undefined;
  readonly onCompared: (bars: number) => void;
}

/**
 * Merges bars of a file, which come in ascending order, with the stored ones from `first` to `last`, their first and last: what one of the two
 * lacks, and what differs in both. Answers how many bars each had.
 */
export async function compareStretch(
  client: Client,
  comparison: Comparison,
  blocks: AsyncIterable<BarBlock> | Iterable<BarBlock>,
  first: number,
  last: number,
): Promise<{ compared: number; stored: number }> {
  const { key, tally, signal } = comparison;
  const checks = new StoredBarChecks(tally, comparison.volumeScale, await readBefore(client, comparison, first));
  const pages = new BarPages(key, first, last + 1, PAGE);
  let page: BarPage | undefined;
  let place = 0;
  let stored = 0;
  let reading = pages.read(client);
  const nextPage = async () => {
    signal?.throwIfAborted();
    page = await reading;
    place = 0;
    if (!page) return;
    // The server goes on while this page is compared.
    reading = pages.read(client);
    reading.catch(() => {}); // thrown where it is awaited
    stored += page.length;
    checks.check(page);
  };
  let compared = 0;
  try {
    await nextPage();
    for await (const block of blocks) {
      for (let index = 0; index < block.length; ) {
        if (page && place === page.length) await nextPage();
        const at = block.timestamp[index]!;
        const storedAt = page ? page.timestamp[place]! : Number.POSITIVE_INFINITY;
        if (storedAt < at) tellExtra(comparison, page!, place++);
        else {
          if (storedAt > at) tellMissing(comparison, block, index);
          else tellValues(comparison, block, index, page!, place++);
          index += 1;
        }
      }
      compared += block.length;
      comparison.onCompared(block.length);
    }
    while (page) {
      while (place < page.length) tellExtra(comparison, page, place++);
      await nextPage();
    }
  } finally {
    await reading.catch(() => {}); // nobody else may ask on this connection before
  }
  return { compared, stored };
}

/** The up to 20 bars in front, of which the first ratios are made. */
async function readBefore(client: Client, { key, start }: Comparison, first: number): Promise<StoredBars> {
  if (start >= first) return new StoredBars(0);
  return askNearby(key.timeframe, first, start, RATIO_WINDOW, (bound) =>
    readNeighbours(client, key, first, bound, RATIO_WINDOW),
  );
}

function tellMissing({ tally }: Comparison, block: BarBlock, index: number): void {
  tally.add('missing', () => ({ line: block.origin[index]!, timestamp: new Date(block.timestamp[index]!) }));
}

function tellExtra({ tally }: Comparison, page: BarPage, place: number): void {
  tally.add('extra', () => ({ timestamp: new Date(page.timestamp[place]!) }));
}

/** The bar of the file and the stored one, in integers. */
function tellValues(comparison: Comparison, block: BarBlock, index: number, page: BarPage, place: number): void {
  const { sameScale, tellsSource, volumeScale, tally } = comparison;
  const same =
    block.close[index] === page.close[place] &&
    (!sameScale || block.volume[index] === page.volume[place]) &&
    block.open[index] === page.open[place] &&
    block.high[index] === page.high[place] &&
    block.low[index] === page.low[place] &&
    block.vwap[index] === page.vwap[place];
  const source = block.source[index] ?? null;
  const sameSource = source === page.source[place] || (source === null && !tellsSource);
  if (same && sameSource) return;
  const differ: string[] = PRICES.filter((field) => block[field][index] !== page[field][place]);
  if (sameScale && block.volume[index] !== page.volume[place]) differ.push('volume');
  if (!sameSource) differ.push('source');
  const text = (bars: BarBlock, at: number, field: string): string | null => {
    if (field === 'source') return bars.source[at] ?? null;
    if (field === 'volume') return formatScaled(bars.volume[at]!, volumeScale);
    const price = bars[field as (typeof PRICES)[number]][at]!;
    return price === NO_PRICE ? null : formatScaled(price, PRICE.scale);
  };
  tally.addFields('value', differ, (field) => ({
    line: block.origin[index]!,
    timestamp: new Date(block.timestamp[index]!),
    field,
    expected: text(block, index, field),
    found: text(page, place, field),
  }));
}
