import type { Client } from '../../database/session.js';
import type { BarBlock } from '../../domain/bar-block.js';
import { compareSeries, type SeriesKey } from '../../domain/series.js';
import { appendAuditEvents } from '../audit/append.js';
import type { UpsertCounts } from './bar-repository.js';
import { findEntry, type LockedEntry, lockSeries, requireVolumeScale, seriesName } from './catalog.js';
import { SeriesWriter } from './series-writer.js';
import { WrittenBars } from './written-bars.js';

/** The bars of one series that a file has. */
export interface SeriesBars extends SeriesKey {
  readonly volumeScale: number;
  readonly first: Date;
  readonly last: Date;
  /** In ascending order. */
  blocks(): AsyncIterable<BarBlock>;
}

/** What became of the bars that a file has of one series; `first` and `last` are the opening instants of the file's. */
export interface SeriesImport extends SeriesKey, UpsertCounts {
  readonly first: Date;
  readonly last: Date;
}

/** What a file wrote of one series. */
export interface WrittenSeries extends SeriesImport {
  /** Bounds of the bars that were inserted or changed; null: none was. */
  readonly writtenFirst: Date | null;
  readonly writtenLast: Date | null;
  /** `created_at` of them all; no other write of the series has it. */
  readonly knownFrom: Date;
  /** Over them all, in time order: see {@link WrittenBars}. */
  readonly checksum: Buffer;
}

/** The import of one file. */
export interface FileRun {
  /** Revisions of the bars that it changes carry it, and so do the audit events. */
  readonly id: string;
  /** Who imports, for the audit trail. */
  readonly actor: string;
  /** The file, as the caller named it. */
  readonly source: string;
}

/**
 * Writes a file's bars, with an audit event for each series, in the transaction under way. All series are locked first, in order.
 * @throws ConflictError VOLUME_SCALE_DIFFERS where a series was made meanwhile with another scale than its bars were read with
 */
export async function importBars(
  client: Client,
  series: readonly SeriesBars[],
  run: FileRun,
): Promise<WrittenSeries[]> {
  const sorted = [...series].sort(compareSeries);
  const entries = await lockSeries(
    client,
    sorted,
    sorted.map(({ volumeScale }) => volumeScale),
  );
  const byName = new Map(entries.map((entry) => [seriesName(entry), entry]));
  for (const one of sorted) requireVolumeScale(byName.get(seriesName(one))!, one.volumeScale);
  const written: WrittenSeries[] = [];
  for (const one of sorted) written.push(await importSeries(client, byName.get(seriesName(one))!, one, run));
  await appendAuditEvents(
    client,
    written.map(({ symbol, timeframe, inserted, changed, unchanged }) => {
      const name = seriesName({ symbol, timeframe });
      return {
        eventType: 'BARS_IMPORTED',
        entityType: 'BAR_SERIES',
        entityId: byName.get(name)!.id,
        actor: run.actor,
        action: `imported ${inserted + changed + unchanged} bars of ${name}`,
        metadata: { source: run.source, inserted, changed, unchanged },
        correlationId: run.id,
      };
    }),
  );
  return written;
}

/** What {@link importBars} would do. Nothing is written and nothing is locked: live writers go on meanwhile. */
export async function compareBars(client: Client, series: readonly SeriesBars[]): Promise<SeriesImport[]> {
  const compared: SeriesImport[] = [];
  for (const one of [...series].sort(compareSeries)) {
    const { symbol, timeframe, volumeScale, first, last } = one;
    const entry = (await findEntry(client, one)) ?? { ...NOTHING, symbol, timeframe, volumeScale };
    requireVolumeScale(entry, volumeScale);
    const rules = { replace: true, runId: null, dryRun: true };
    const writer = new SeriesWriter(client, { ...entry, knownFrom: new Date(0) }, rules);
    for await (const block of one.blocks()) await writer.write(block);
    compared.push({ symbol, timeframe, ...writer.counts, first, last });
  }
  return compared;
}

/** The catalog's row of a series that is not there. */
const NOTHING = { id: '', first: null, last: null, count: 0 };

async function importSeries(
  client: Client,
  entry: LockedEntry,
  { first, last, blocks }: SeriesBars,
  { id }: FileRun,
): Promise<WrittenSeries> {
  const { symbol, timeframe, knownFrom } = entry;
  const bars = new WrittenBars();
  const rules = { replace: true, runId: id, onWritten: bars.addPlan.bind(bars) };
  const writer = new SeriesWriter(client, entry, rules);
  for await (const block of blocks()) await writer.write(block);
  await writer.finish();
  const checksum = bars.digest();
  const [writtenFirst, writtenLast] = [bars.first, bars.last].map((at) => (at === null ? null : new Date(at)));
  return {
    ...{ symbol, timeframe, ...writer.counts, first, last, knownFrom, checksum },
    ...{ writtenFirst: writtenFirst!, writtenLast: writtenLast! },
  };
}
