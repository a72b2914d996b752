import type { Client } from '../../database/session.js';
import type { Timeframe } from '../../domain/timeframe.js';
import { FeedGapError } from '../../errors.js';
import type { ArrivalKind } from '../../repositories/tell-arrival.js';
import type { Cursor, Place } from './cursor.js';

/** What one transaction wrote of one series. Instants are microseconds since the epoch. */
export interface Change {
  readonly kind: ArrivalKind;
  readonly symbol: string;
  /** Of bars; empty for the others. */
  readonly timeframe: Timeframe | '';
  /** All that changed lies between the two, both included. */
  readonly first: bigint;
  readonly last: bigint;
  /** created_at of what was written: of bars or later, of the others exactly. */
  readonly knownFrom: bigint;
  readonly deleted: boolean;
}

/** Without a part: all of it. */
export interface ChangeFilter {
  readonly symbols?: readonly string[] | undefined;
  readonly kinds?: readonly ArrivalKind[] | undefined;
  readonly timeframes?: readonly Timeframe[] | undefined;
}

export interface ChangePage {
  readonly changes: readonly Change[];
  readonly next: Cursor;
  /** Whether there may be more at once. */
  readonly full: boolean;
}

type Row = [
  ...[upto: string, floor: string | null],
  ...[xid: string | null, id: string, kind: ArrivalKind, symbol: string, timeframe: Timeframe | ''],
  ...[first: string, last: string, knownFrom: string, deleted: boolean],
];

const microseconds = (column: string) => `(extract(epoch FROM ${column}) * 1000000)::bigint`;

/** Of transactions that `since` does not see; the bounds of each part are those of the index. */
const newsOf = (unseen: string) => `
    SELECT xid, id, kind, symbol, timeframe, ${microseconds('first_timestamp')}, ${microseconds('last_timestamp')},
           ${microseconds('known_from')}, deleted
    FROM arrivals
    WHERE ${unseen} AND pg_visible_in_snapshot(xid::text::xid8, head.upto)
      AND kind <> 'floor' AND ($4::text[] IS NULL OR symbol = ANY ($4)) AND ($5::text[] IS NULL OR kind = ANY ($5))
      AND ($6::text[] IS NULL OR timeframe = '' OR timeframe = ANY ($6))
    ORDER BY xid, id LIMIT $7`;

/**
 * $1 upto, $2 and $3 the place, $4 symbols, $5 kinds, $6 timeframes, $7 how many; what `since` does not see are $8, the transactions that were under way
 * then, and those behind the place of $9 and $10. So one that is under way for hours has nobody read again what came since it began.
 * A floor of a later transaction than there can be is another server's: the database was copied here.
 */
const CHANGES = `
  SELECT head.upto, head.floor, news.*
  FROM (SELECT coalesce($1::pg_snapshot, pg_current_snapshot()) AS upto,
               (SELECT xid FROM arrivals WHERE kind = 'floor' AND id = 0 AND xid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                ORDER BY xid, id LIMIT 1) AS floor) AS head
  LEFT JOIN LATERAL (
    (${newsOf('xid = ANY ($8::bigint[]) AND (xid, id) > ($2::bigint, $3::bigint)')})
    UNION ALL
    (${newsOf('(xid, id) > ($9::bigint, $10::bigint) AND xid < pg_snapshot_xmax(head.upto)::text::bigint')})
    ORDER BY xid, id LIMIT $7) AS news ON true
  ORDER BY xid, id`;

const FIRST_PLACE: Place = { xid: '0', id: '0' };

/** The cursor of this moment: nothing that is committed already comes after it. */
export async function readPresent(client: Client): Promise<Cursor> {
  const { rows } = await client.query<{ since: string }>('SELECT pg_current_snapshot()::text AS since');
  return { since: rows[0]!.since };
}

/** The next changes behind the cursor, at most `limit`. @throws FeedGapError */
export async function readChanges(
  client: Client,
  cursor: Cursor,
  filter: ChangeFilter,
  limit: number,
): Promise<ChangePage> {
  const { since, page } = cursor;
  const place = page?.place ?? FIRST_PLACE;
  const [oldest, end, underWay] = since.split(':') as [string, string, string];
  const begin: Place = BigInt(place.xid) < BigInt(end) ? { xid: end, id: '0' } : place;
  const { rows } = await client.query<Row>({
    name: 'arrivals.changes',
    text: CHANGES,
    values: [
      ...[page?.upto ?? null, place.xid, place.id],
      ...[filter.symbols ?? null, filter.kinds ?? null, filter.timeframes ?? null, limit],
      ...[underWay === '' ? [] : underWay.split(','), begin.xid, begin.id],
    ],
    rowMode: 'array',
  });
  const [upto, floor] = rows[0]!;
  requireWhole(BigInt(oldest), BigInt(end), floor === null ? undefined : BigInt(floor), upto);
  const found = rows.filter(([, , xid]) => xid !== null);
  const changes = found.map(([, , , , kind, symbol, timeframe, first, last, knownFrom, deleted]) => ({
    ...{ kind, symbol, timeframe, deleted },
    ...{ first: BigInt(first), last: BigInt(last), knownFrom: BigInt(knownFrom) },
  }));
  const [, , xid, id] = found.at(-1) ?? [];
  const full = found.length === limit;
  return { changes, full, next: full ? { since, page: { upto, place: { xid: xid!, id: id! } } } : { since: upto } };
}

function requireWhole(oldest: bigint, end: bigint, floor: bigint | undefined, upto: string): void {
  const hint =
    'read what you need from the database again, and subscribe from store.feed.cursor() of the moment before';
  if (floor !== undefined && floor >= oldest)
    throw new FeedGapError('FEED_GAP', 'the cursor is too old: what arrived is kept for a day', { hint });
  if (end > BigInt(upto.split(':')[1]!))
    throw new FeedGapError('FEED_GAP', 'the cursor is of another server, or of this one before it was brought back', {
      hint,
    });
}
