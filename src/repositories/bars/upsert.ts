import type { Client, Session } from '../../database/session.js';
import { readVolumeScale } from '../../domain/amount.js';
import type { BarInput } from '../../domain/bar.js';
import { readOrThrow } from '../../domain/problem.js';
import { compareSeries, type SeriesKey } from '../../domain/series.js';
import { batchesOf, requireIterable, type SourceFailure } from '../source-batches.js';
import { BarBatch, type BatchOptions } from './bar-batch.js';
import { type LockedEntry, lockSeries, requireVolumeScale, seriesName } from './catalog.js';
import type { WriteCounts } from './series-change.js';
import { SeriesWriter, type WriteRules } from './series-writer.js';
import { StagedBars } from './staged-bars.js';
import { writeTogether } from './write-together.js';

/** Bars taken from an async iterable at a time. */
const BATCH = 20_000;

export interface UpsertOptions extends BatchOptions, WriteRules {
  readonly signal?: AbortSignal | undefined;
}

/** Writes bars of any series in one transaction: all of them, or none. */
export async function upsertBars(
  session: Session,
  bars: Iterable<BarInput> | AsyncIterable<BarInput>,
  options: UpsertOptions,
): Promise<WriteCounts> {
  options.signal?.throwIfAborted();
  const { volumeScale } = options;
  if (volumeScale !== undefined) readOrThrow('options', (report) => readVolumeScale(volumeScale, report));
  if (Array.isArray(bars)) return upsertArray(session, bars, options);
  requireIterable(bars, 'bars');
  const failure: SourceFailure = {};
  const source = batchesOf(bars, BATCH, failure, options.signal);
  const { value: head, done } = await source.next();
  if (done) return { inserted: 0, changed: 0, unchanged: 0 };
  if (head.length < BATCH) return upsertArray(session, head, options);
  try {
    return await upsertStream(session, head, source, options);
  } catch (error) {
    throw 'error' in failure ? failure.error : error;
  } finally {
    await source.return(undefined);
  }
}

/** Everything is known at once: lock the series in order, then write each. */
async function upsertArray(session: Session, bars: readonly BarInput[], options: UpsertOptions): Promise<WriteCounts> {
  const batch = new BarBatch(bars);
  if (batch.series.size === 0) {
    batch.rejectProblems();
    return { inserted: 0, changed: 0, unchanged: 0 };
  }
  return session.transaction(async (client) => {
    const series = [...batch.series.values()];
    const entries = await lock(client, series, options.volumeScale);
    batch.readValues(entries, options.allowNonPositive);
    batch.findDuplicates();
    batch.rejectProblems();
    const given = series.sort(compareSeries).map(({ symbol, timeframe, block, order }) => {
      return { entry: entries.get(seriesName({ symbol, timeframe }))!, block, order };
    });
    return ofAll(bars.length, await writeTogether(client, given, options, options.signal));
  });
}

/**
 * Which series a stream holds is known only at its end, and a series locked out of order can deadlock: so the stream is staged, in a
 * temporary table, and then written in order. The memory stays that of a batch.
 */
async function upsertStream(
  session: Session,
  head: readonly BarInput[],
  rest: AsyncIterable<BarInput[]>,
  options: UpsertOptions,
): Promise<WriteCounts> {
  return session.transaction(async (client) => {
    const staged = await StagedBars.create(client);
    await staged.add(new BarBatch(head), options);
    for await (const bars of rest) await staged.add(new BarBatch(bars, staged.rows), options);
    await staged.finish();
    const entries = await lock(client, staged.series, options.volumeScale);
    for (const series of staged.series) requireVolumeScale(entries.get(seriesName(series))!, series.volumeScale);
    const counts = await writeAll(client, staged.series, entries, options, async (writer, series) => {
      for await (const block of staged.blocks(series)) {
        options.signal?.throwIfAborted();
        await writer.write(block);
      }
    });
    return ofAll(staged.rows, counts);
  });
}

/** The counts of all that the caller gave: a bar that was there twice is written once and was unchanged the other times. */
function ofAll(rows: number, { inserted, changed }: WriteCounts): WriteCounts {
  return { inserted, changed, unchanged: rows - inserted - changed };
}

/** Locks the series, by {@link seriesName}. */
async function lock(
  client: Client,
  series: readonly SeriesKey[],
  newVolumeScale = 0,
): Promise<Map<string, LockedEntry>> {
  const entries = await lockSeries(client, series, newVolumeScale);
  return new Map(entries.map((entry) => [seriesName(entry), entry]));
}

async function writeAll<S extends SeriesKey>(
  client: Client,
  series: readonly S[],
  entries: ReadonlyMap<string, LockedEntry>,
  options: UpsertOptions,
  write: (writer: SeriesWriter, series: S) => Promise<void>,
): Promise<WriteCounts> {
  const total = { inserted: 0, changed: 0, unchanged: 0 };
  for (const one of [...series].sort(compareSeries)) {
    options.signal?.throwIfAborted();
    const writer = new SeriesWriter(client, entries.get(seriesName(one))!, options);
    await write(writer, one);
    await writer.finish();
    total.inserted += writer.counts.inserted;
    total.changed += writer.counts.changed;
    total.unchanged += writer.counts.unchanged;
  }
  return total;
}
