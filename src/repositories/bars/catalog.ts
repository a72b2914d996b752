import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { compareSeries, type Series, type SeriesKey } from '../../domain/series.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import type { Timeframe } from '../../domain/timeframe.js';
import { ConflictError } from '../../errors.js';
import { type ArrivalRow, arrivalValues, tellArrival, tellArrivals } from '../tell-arrival.js';

/** A row of bar_series. A series whose bars were all deleted keeps its row, its id and its volume scale. */
export interface CatalogEntry extends SeriesKey {
  readonly id: string;
  readonly volumeScale: number;
  readonly first: Date | null;
  readonly last: Date | null;
  readonly count: number;
}

/** A catalog entry that this transaction holds locked. */
export interface LockedEntry extends CatalogEntry {
  /** The instant, to the millisecond, that what this transaction writes became known; later than anything the series was told before. */
  readonly knownFrom: Date;
}

/** What a caller does with series that it locks. */
type Use = 'write' | 'remove';

type Row = [string, string, string, number, Date | null, Date | null, string];

const COLUMNS = 'id, symbol, timeframe, volume_scale, first_timestamp, last_timestamp, bar_count';

export async function findEntry(client: Client, key: SeriesKey): Promise<CatalogEntry | undefined> {
  const { rows } = await client.query<Row>({
    name: 'bars.catalog',
    text: `SELECT ${COLUMNS} FROM bar_series WHERE symbol = $1 AND timeframe = $2`,
    values: [key.symbol, key.timeframe],
    rowMode: 'array',
  });
  return rows[0] && toEntry(rows[0]);
}

/** Every series that has bars, or those of one symbol or timeframe, in order of symbol and timeframe. */
export async function listSeries(client: Client, filter: Partial<SeriesKey>): Promise<Series[]> {
  const entries = await listEntries(client, filter);
  return entries.filter((entry) => entry.count > 0) as Series[];
}

/** Likewise, with those whose bars were all deleted. */
export async function listEntries(client: Client, filter: Partial<SeriesKey>): Promise<CatalogEntry[]> {
  const { rows } = await client.query<Row>({
    text: `SELECT ${COLUMNS} FROM bar_series
           WHERE ($1::text IS NULL OR symbol = $1) AND ($2::text IS NULL OR timeframe = $2)`,
    values: [filter.symbol ?? null, filter.timeframe ?? null],
    rowMode: 'array',
  });
  return rows.map(toEntry).sort(compareSeries);
}

/** The volume scales of those of `keys` that the catalog has, by {@link seriesName}. */
export async function volumeScales(client: Client, keys: readonly SeriesKey[]): Promise<Map<string, number>> {
  const { rows } = await client.query<[string, string, number]>({
    name: 'bars.volume-scales',
    text: `SELECT symbol, timeframe, volume_scale FROM bar_series
           WHERE (symbol, timeframe) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    values: [keys.map((key) => key.symbol), keys.map((key) => key.timeframe)],
    rowMode: 'array',
  });
  return new Map(rows.map(([symbol, timeframe, scale]) => [`${symbol} ${timeframe}`, scale]));
}

export function seriesName(key: SeriesKey): string {
  return `${key.symbol} ${key.timeframe}`;
}

/**
 * Locks series for writing until the transaction ends, making those that are new with the volume scale given, one for all or one for each. Every writer locks all its
 * series at once, in one order, so that writers which share some queue and never deadlock; for the same reason a series that is new is made
 * before any is locked.
 *
 * @throws ConflictError BARS_IN_CUTOVER
 */
export async function lockSeries(
  client: Client,
  keys: readonly SeriesKey[],
  newVolumeScale: number | readonly number[],
): Promise<LockedEntry[]> {
  const existing = await lockExistingSeries(client, keys, 'write');
  if (existing) return existing;
  const sorted = keys
    .map(({ symbol, timeframe }, at) => {
      return { symbol, timeframe, scale: typeof newVolumeScale === 'number' ? newVolumeScale : newVolumeScale[at] };
    })
    .sort(compareSeries);
  await client.query({
    text: `INSERT INTO bar_series (symbol, timeframe, volume_scale, updated_at)
           SELECT *, '-infinity'::timestamptz FROM unnest($1::text[], $2::text[], $3::int[])
           ON CONFLICT (symbol, timeframe) DO NOTHING`,
    values: [sorted.map((key) => key.symbol), sorted.map((key) => key.timeframe), sorted.map(({ scale }) => scale)],
  });
  return (await lockExistingSeries(client, keys, 'write'))!;
}

/** Locks series that all exist; undefined, and nothing is locked, where one does not. @throws ConflictError BARS_IN_CUTOVER */
export async function lockExistingSeries(
  client: Client,
  keys: readonly SeriesKey[],
  use: Use = 'remove',
): Promise<LockedEntry[] | undefined> {
  // clock_timestamp(), not now(): a transaction may have waited here for one that began after it. To the millisecond, as a Date has it,
  // so that the knownAt of an answer finds exactly what the answer showed.
  const { rows } = await client.query<[...Row, Date, string | null]>({
    name: 'bars.lock-series',
    text: `WITH wanted AS (SELECT * FROM unnest($1::text[], $2::text[]) AS wanted (symbol, timeframe))
           SELECT ${COLUMNS}, greatest(date_trunc('milliseconds', clock_timestamp()), date_trunc('milliseconds', updated_at) + interval '1 millisecond'),
             (SELECT phase FROM cutovers WHERE scope = 'bars' AND current_setting('wyckoff.cutover', true) IS DISTINCT FROM 'held')
           FROM bar_series WHERE (symbol, timeframe) IN (SELECT symbol, timeframe FROM wanted)
             AND NOT EXISTS (SELECT FROM wanted LEFT JOIN bar_series USING (symbol, timeframe) WHERE id IS NULL)
           ORDER BY symbol COLLATE "C", timeframe COLLATE "C" FOR UPDATE`,
    values: [keys.map((key) => key.symbol), keys.map((key) => key.timeframe)],
    rowMode: 'array',
  });
  if (rows.length < keys.length) return undefined;
  const phase = rows[0]?.[8];
  if (phase && NOT_ALONE[use].includes(phase)) throw inCutover(phase);
  return rows.map((row) => ({ ...toEntry(row.slice(0, 7) as Row), knownFrom: row[7] }));
}

/**
 * Phases of a cutover (docs/cutover.md) in which a write to the database alone would be missing in the files on the way back. What is removed from it
 * before the two are compared is found by that.
 */
const NOT_ALONE: Readonly<Record<Use, readonly string[]>> = {
  write: ['dual', 'backfilled', 'verified', 'switched', 'restoring'],
  remove: ['verified', 'switched', 'restoring'],
};

function inCutover(phase: string): ConflictError {
  const message = `the bars are in a cutover, in the phase "${phase}": a write to the database alone would be missing in the files`;
  return new ConflictError('BARS_IN_CUTOVER', message, {
    hint: 'write through openBarStore with WYCKOFF_BACKEND=dual, or when `wyckoff cutover` has come to "stopped" or gone back to "files"',
  });
}

/** @throws ConflictError VOLUME_SCALE_DIFFERS when values were read with another scale than their series has */
export function requireVolumeScale(entry: CatalogEntry, volumeScale: number): void {
  if (entry.volumeScale === volumeScale) return;
  const message = `${seriesName(entry)} has volume scale ${entry.volumeScale}, not ${volumeScale}`;
  const hint = 'a series keeps the volume scale it was created with';
  throw new ConflictError('VOLUME_SCALE_DIFFERS', message, { hint });
}

/**
 * What a write changed. `first` and `last` are the bounds after it; `days` those of 1m bars that it wrote or removed, which the aggregates are to take
 * in; `arrival` is what subscribers are told.
 */
export interface CatalogChange {
  readonly entry: LockedEntry;
  readonly first: number | null;
  readonly last: number | null;
  readonly count: number;
  readonly days: readonly string[];
  readonly arrival: ArrivalRow | undefined;
}

/** One statement for all of it: a live bar must go in within 5 ms, and each round trip may meet a busy processor. */
export async function updateEntry(
  client: Client,
  { entry, first, last, count, days, arrival }: CatalogChange,
): Promise<void> {
  const marked = days.length > 0;
  const parts = [
    ...(marked ? [`marked AS (${MARK_DAYS})`] : []),
    ...(arrival ? [`told AS (${tellArrival(marked ? 8 : 6)})`] : []),
  ];
  await client.query({
    name: `bars.update-catalog${marked ? '-and-days' : ''}${arrival ? '-and-tell' : ''}`,
    text: parts.length === 0 ? UPDATE_CATALOG : `WITH ${parts.join(', ')} ${UPDATE_CATALOG}`,
    values: [
      ...[entry.id, bound(first), bound(last), count, instant(entry.knownFrom)],
      ...(marked ? [entry.symbol, days] : []),
      ...(arrival ? arrivalValues(arrival) : []),
    ],
  });
}

const UPDATE_CATALOG =
  'UPDATE bar_series SET first_timestamp = $2, last_timestamp = $3, bar_count = $4, updated_at = $5 WHERE id = $1';

const MARK_DAYS = `INSERT INTO bar_aggregate_changes (symbol, day, changed_at) SELECT $6, day, $5 FROM unnest($7::date[]) AS days (day)
  ON CONFLICT (symbol, day) DO UPDATE SET changed_at = excluded.changed_at`;

/** As {@link updateEntry}, for many series. */
export async function updateEntries(client: Client, changes: readonly CatalogChange[]): Promise<void> {
  const marks = changes.flatMap(({ entry, days }) => days.map((day) => ({ entry, day })));
  await client.query({
    name: 'bars.update-catalog-of-many',
    text: `WITH marked AS (
             INSERT INTO bar_aggregate_changes (symbol, day, changed_at)
             SELECT * FROM unnest($6::text[], $7::date[], $8::timestamptz[])
             ON CONFLICT (symbol, day) DO UPDATE SET changed_at = excluded.changed_at)
           UPDATE bar_series SET first_timestamp = change.first, last_timestamp = change.last, bar_count = change.count, updated_at = change.at
           FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::bigint[], $5::timestamptz[]) AS change (id, first, last, count, at)
           WHERE bar_series.id = change.id`,
    values: [
      changes.map(({ entry }) => entry.id),
      changes.map(({ first }) => bound(first)),
      changes.map(({ last }) => bound(last)),
      changes.map(({ count }) => count),
      changes.map(({ entry }) => instant(entry.knownFrom)),
      marks.map(({ entry }) => entry.symbol),
      marks.map(({ day }) => day),
      marks.map(({ entry }) => instant(entry.knownFrom)),
    ],
  });
  await tellArrivals(
    client,
    changes.flatMap(({ arrival }) => arrival ?? []),
  );
}

function bound(milliseconds: number | null): string | null {
  return milliseconds === null ? null : instant(milliseconds);
}

function toEntry([id, symbol, timeframe, volumeScale, first, last, count]: Row): CatalogEntry {
  return {
    id,
    symbol: symbol as MarketSymbol,
    timeframe: timeframe as Timeframe,
    volumeScale,
    first,
    last,
    count: Number(count),
  };
}
