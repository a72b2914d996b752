import type pg from 'pg';
import type { Store } from '../../../src/index.js';
import { replayLedger } from '../replay.js';
import { agree } from './agree.js';
import { isLive } from './campaign-moves.js';
import { isTradable } from './pattern-moves.js';
import { asAnswered, plainEntity, plainRows } from './plain.js';
import { type Row, TABLES, type Table, type Tables } from './rows.js';
import type { World } from './world.js';

const ENTITY_TYPES: Readonly<Record<Table, string>> = {
  trading_ranges: 'TRADING_RANGE',
  patterns: 'PATTERN',
  signals: 'SIGNAL',
  campaigns: 'CAMPAIGN',
  backtest_results: 'BACKTEST_RESULT',
};

/** The database, the audit trail and the model are of one mind. */
export async function checkWorld(client: pg.ClientBase, store: Store, world: World): Promise<void> {
  await checkRows(client, world);
  await checkTrail(client, world);
  await checkReads(store, world);
  const { problems } = await store.audit.verify();
  agree('the problems of the audit trail', problems, []);
}

async function checkRows(client: pg.ClientBase, world: World): Promise<void> {
  for (const table of TABLES) {
    // A DATE comes as text: the driver would make midnight of some time zone of it.
    const dates = table === 'backtest_results' ? ', start_date::text, end_date::text' : '';
    const real = plainRows(await client.query(`SELECT *${dates} FROM ${table} ORDER BY id`));
    agree(table, real, byId(world, table));
  }
}

async function checkTrail(client: pg.ClientBase, world: World): Promise<void> {
  const entities = await replayLedger(client);
  agree('the entities that the audit trail tells of', entities.size, world.events.size);
  for (const table of TABLES)
    for (const row of byId(world, table)) {
      const told = entities.get(row.id);
      agree(`the audit trail of ${row.id}`, told && { ...told, row: sorted(told.row) }, {
        entityType: ENTITY_TYPES[table],
        row: sorted(row),
        eventTypes: world.events.get(row.id),
      });
    }
}

async function checkReads(store: Store, world: World): Promise<void> {
  const { trading_ranges: ranges, patterns, signals, campaigns, backtest_results: results } = world.rows;
  const read = async <R extends Row>(
    what: string,
    real: Promise<readonly object[] | { readonly rows: readonly object[] }>,
    rows: ReadonlyMap<string, R>,
    fits: (row: R) => boolean,
    order: (row: R) => string,
  ) => {
    const answer = await real;
    const answered = 'rows' in answer ? answer.rows : answer;
    const expected = [...rows.values()].filter(fits).sort((a, b) => compare(order(a), order(b)) || compare(a.id, b.id));
    agree(what, answered.map(plainEntity), expected.map(asAnswered));
  };
  const start = (row: Tables['trading_ranges']) => row.start_time;
  const bar = (row: Tables['patterns']) => row.pattern_bar_timestamp;
  const generated = (row: Tables['signals']) => row.generated_at;
  const started = (row: Tables['campaigns']) => row.started_at;
  const symbol = 'ACME';
  const [rangeId = '10000000-0000-4000-8000-000000000000'] = ranges.keys();
  const { tradingRanges, backtests } = store;
  await Promise.all([
    read('ranges', tradingRanges.find(), ranges, (row) => row.deleted_at === null, start),
    read('deleted ranges too', tradingRanges.find({ includeDeleted: true }), ranges, () => true, start),
    read(
      'ranges of phase C',
      tradingRanges.latest({ symbol, phase: 'C' }),
      ranges,
      (row) => row.deleted_at === null && row.phase === 'C' && row.symbol === symbol,
      start,
    ),
    read(
      'active ranges',
      tradingRanges.active(),
      ranges,
      (row) => row.deleted_at === null && row.end_time === null,
      start,
    ),
    read('patterns', store.patterns.find({ symbol }), patterns, (row) => row.symbol === symbol, bar),
    read('tradable patterns', store.patterns.tradable(), patterns, isTradable, bar),
    read(
      'patterns of a range',
      store.patterns.byRange(rangeId),
      patterns,
      (row) => row.trading_range_id === rangeId,
      bar,
    ),
    read(
      'signals',
      store.signals.latest({ minConfidence: 80 }),
      signals,
      (row) => row.confidence_score >= 80,
      generated,
    ),
    read('pending signals', store.signals.pending(), signals, (row) => row.status === 'PENDING', generated),
    read(
      'filled signals',
      store.signals.find({ status: 'FILLED' }),
      signals,
      (row) => row.status === 'FILLED',
      generated,
    ),
    read('live campaigns', store.campaigns.live(), campaigns, isLive, started),
    read(
      'campaigns of a range',
      store.campaigns.byRange(rangeId),
      campaigns,
      (row) => row.trading_range_id === rangeId,
      started,
    ),
    read(
      'backtests',
      backtests.find(),
      results,
      () => true,
      (row) => row.created_at,
    ),
  ]);
}

function byId<T extends Table>(world: World, table: T): Tables[T][] {
  const rows = [...world.rows[table].values()] as Tables[T][];
  return rows.sort((a, b) => compare(a.id, b.id));
}

/** Instants as a number, ids and symbols as they are. */
function compare(a: string, b: string): number {
  const [left, right] = [Date.parse(a), Date.parse(b)];
  if (!Number.isNaN(left) && !Number.isNaN(right) && a.includes('T')) return left - right;
  return a < b ? -1 : a > b ? 1 : 0;
}

function sorted(row: Row | Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] {
  return Object.entries(row).sort(([a], [b]) => compare(a, b));
}
