import type { Client } from '../database/session.js';
import { statement } from '../database/statement.js';
import type { TradingRangeId } from '../domain/identifier.js';
import { ENTRY_TYPES } from '../domain/pattern-types.js';
import { type Phase, readPhase } from '../domain/phase.js';
import { readOrThrow, requireObject } from '../domain/problem.js';
import type { SeriesInput } from '../domain/series.js';
import { readReason } from '../domain/text.js';
import { type InstantInput, readInstant } from '../domain/time.js';
import {
  checkEndTime,
  directionOfRange,
  type NewTradingRange,
  type RangeLevels,
  readChangedLevels,
  readNewTradingRange,
  type TradingRange,
  type TradingRangeDraft,
} from '../domain/trading-range.js';
import { ConflictError, InvalidInputError } from '../errors.js';
import { Batch, type BatchOptions } from './ledger/batch.js';
import { type LedgerFilter, type ReadFilter, readFilter } from './ledger/filter.js';
import { idOf } from './ledger/ids.js';
import { insertRows } from './ledger/insert-rows.js';
import { LedgerRepository } from './ledger/ledger-repository.js';
import type { LedgerSession } from './ledger/ledger-session.js';
import { readRow, selection } from './ledger/ledger-table.js';
import { requireById } from './ledger/missing.js';
import { TRADING_RANGES } from './ledger/tables/trading-ranges.js';
import { type Change, updateRow } from './ledger/update-row.js';
import { readVersion, requireVersion, type Versioned } from './ledger/version.js';
import type { Where } from './ledger/where.js';

/** Which ranges; `from` and `to` are about their start. */
export interface TradingRangeFilter extends LedgerFilter {
  readonly phase?: Phase | undefined;
  /** Soft-deleted ranges too. */
  readonly includeDeleted?: boolean | undefined;
}

/** The trading ranges. Every read leaves soft-deleted ones out unless it is asked with `includeDeleted`. */
export class TradingRangeRepository extends LedgerRepository<TradingRange, TradingRangeFilter> {
  constructor(session: LedgerSession) {
    super(session, TRADING_RANGES);
  }

  /**
   * Creates a range. A create that is sent twice with the same id and values answers what is there.
   *
   * @throws InvalidInputError, ConflictError ID_CONFLICT
   * @example
   * import { projectRange } from 'wyckoff-store';
   *
   * const range = await store.tradingRanges.create({
   *   symbol: 'AAPL',
   *   timeframe: '1d',
   *   startTime: '2024-01-02',
   *   phase: 'B',
   *   strengthScore: 75,
   *   // The creek is the support and the ice the resistance. Width, cause factor and target follow from them.
   *   ...projectRange({ direction: 'accumulation', creekLevel: '180.00', iceLevel: '190.00', durationBars: 22 }),
   * });
   */
  async create(input: NewTradingRange): Promise<TradingRange> {
    const [range] = await this.#create(Batch.of('trading range', input, readNewTradingRange));
    return range!;
  }

  /**
   * Creates many, all or none, in one round trip.
   *
   * @throws InvalidInputError naming every bad row, ConflictError ID_CONFLICT
   * @example
   * import { newId } from 'wyckoff-store';
   *
   * const levels = { creekLevel: '180.00', iceLevel: '190.00', jumpTarget: '210.00', causeFactor: '2', durationBars: 22 };
   * const range = { timeframe: '1d', startTime: '2024-01-02', phase: 'B', strengthScore: 75, ...levels } as const;
   * const ranges = await store.tradingRanges.createMany([
   *   { ...range, id: newId(), symbol: 'AAPL' },
   *   { ...range, id: newId(), symbol: 'MSFT' },
   * ]);
   */
  async createMany(inputs: Iterable<NewTradingRange>, options: BatchOptions = {}): Promise<TradingRange[]> {
    return this.#create(Batch.read('trading ranges', inputs, options, readNewTradingRange));
  }

  /**
   * The range with this id, or undefined.
   *
   * @throws InvalidInputError ID_INVALID
   * @example
   * const known = await store.tradingRanges.byId(range.id);
   * const deletedToo = await store.tradingRanges.byId(range.id, { includeDeleted: true });
   */
  override async byId(
    id: string,
    options: { readonly includeDeleted?: boolean } = {},
  ): Promise<TradingRange | undefined> {
    const range = await super.byId(id);
    return range?.deletedAt && !options.includeDeleted ? undefined : range;
  }

  /**
   * Ranges that have not ended, by start.
   *
   * @example
   * for (const { supportPrice, resistancePrice, phase } of await store.tradingRanges.active({ symbol: 'AAPL' })) {
   *   console.log(`${supportPrice} to ${resistancePrice}, phase ${phase}`);
   * }
   */
  async active(filter: Partial<SeriesInput> = {}): Promise<TradingRange[]> {
    const { symbol, timeframe } = filter;
    return this.#all(readFilter({ symbol, timeframe }, TRADING_RANGES.time).andThat('end_time IS NULL'));
  }

  /**
   * Ranges that share an instant with `[from, to)`, by start: those that started before `to` and have not ended by `from`.
   *
   * @example
   * const ranges = await store.tradingRanges.overlapping({
   *   symbol: 'AAPL',
   *   timeframe: '1d',
   *   from: '2024-01-01',
   *   to: '2024-04-01',
   * });
   */
  async overlapping(
    filter: SeriesInput & { readonly from: InstantInput; readonly to: InstantInput },
  ): Promise<TradingRange[]> {
    const notEnded = "coalesce(end_time, 'infinity') > ?";
    const { symbol, timeframe, from, to } = filter;
    const where = readFilter({ symbol, timeframe, from, to }, TRADING_RANGES.time, () => {}, notEnded);
    return this.#all(where);
  }

  /**
   * Changes levels, phase, length or counts of a range; the width follows, everything left out stays.
   *
   * @throws InvalidInputError, RANGE_HAS_ENTRIES among others where the direction would turn round; NotFoundError, StaleVersionError,
   *   ConflictError TRADING_RANGE_DELETED
   * @example
   * const changed = await store.tradingRanges.updateLevels(range.id, {
   *   version: range.version,
   *   phase: 'D',
   *   durationBars: 30,
   *   touchCountIce: 3,
   * });
   */
  async updateLevels(id: string, change: RangeLevels & Versioned): Promise<TradingRange> {
    return this.#change(id, change, (range) => ({
      fields: readOrThrow('trading range', (report) => readChangedLevels(range, change, ['version'], report)),
      change: { eventType: 'TRADING_RANGE_UPDATED', action: `changed, phase ${change.phase ?? range.phase}` },
    }));
  }

  /**
   * Ends a range; levels and phase may change with it.
   *
   * @throws InvalidInputError, NotFoundError, StaleVersionError, ConflictError TRADING_RANGE_DELETED, TRADING_RANGE_CLOSED
   * @example
   * const ended = await store.tradingRanges.close(range.id, { version: range.version, endTime: '2024-03-15', phase: 'E' });
   */
  async close(
    id: string,
    closing: RangeLevels & Versioned & { readonly endTime: InstantInput },
  ): Promise<TradingRange> {
    return this.#change(id, closing, (range) => {
      if (range.endTime) throw new ConflictError('TRADING_RANGE_CLOSED', `trading range ${id} has ended already`);
      const fields = readOrThrow('trading range', (report) => {
        const levels = readChangedLevels(range, closing, ['version', 'endTime'], report);
        const endTime = readInstant(closing.endTime, 'endTime', report);
        if (endTime) checkEndTime(endTime, range.startTime, closing.endTime, report);
        return levels && endTime ? { ...levels, endTime } : undefined;
      });
      return { fields, change: { eventType: 'TRADING_RANGE_CLOSED', action: 'the price has left the range' } };
    });
  }

  /**
   * Hides a range from every read that does not ask for deleted ones; no pattern and no campaign can be made from it.
   *
   * @throws InvalidInputError, NotFoundError, StaleVersionError, ConflictError TRADING_RANGE_DELETED
   * @example
   * await store.tradingRanges.softDelete(range.id, { version: range.version, reason: 'recognised twice' });
   */
  async softDelete(id: string, deletion: Versioned & { readonly reason?: string }): Promise<TradingRange> {
    requireObject(deletion, 'change');
    const { reason } = deletion;
    const action = reason === undefined ? 'deleted' : readOrThrow('reason', (report) => readReason(reason, report));
    return this.#change(id, deletion, () => ({
      fields: { deletedAt: new Date() },
      change: { eventType: 'TRADING_RANGE_DELETED', action },
    }));
  }

  /**
   * Brings a soft-deleted range back.
   *
   * @throws NotFoundError, StaleVersionError, ConflictError TRADING_RANGE_NOT_DELETED
   * @example
   * const { version } = await store.tradingRanges.softDelete(range.id, { version: range.version });
   * const restored = await store.tradingRanges.restore(range.id, { version });
   */
  async restore(id: string, restoration: Versioned): Promise<TradingRange> {
    return this.#change(
      id,
      restoration,
      () => ({ fields: { deletedAt: null }, change: { eventType: 'TRADING_RANGE_RESTORED', action: 'restored' } }),
      true,
    );
  }

  #create(batch: Batch<TradingRangeDraft>): Promise<TradingRange[]> {
    return this.session.insert(async (client, tell) => {
      const { entities, events } = await insertRows(client, TRADING_RANGES, batch.drafts, {
        eventType: 'TRADING_RANGE_CREATED',
        action: (range) => `recognised a range of ${directionOfRange(range)}`,
      });
      tell(events);
      return entities;
    });
  }

  protected override narrow(filter: TradingRangeFilter, where: Where, read: ReadFilter): void {
    where.and('phase = ?', read('phase', filter.phase, readPhase));
    if (!filter.includeDeleted) where.andThat('deleted_at IS NULL');
  }

  #all(where: Where): Promise<TradingRange[]> {
    where.andThat('deleted_at IS NULL');
    const text = `SELECT ${selection(TRADING_RANGES)} FROM trading_ranges WHERE ${where} ORDER BY start_time, id`;
    return this.session.read(async (client) => {
      const { rows } = await client.query(text, where.values);
      return rows.map((row) => readRow(TRADING_RANGES, row));
    });
  }

  /** Changes a range that is there at this version, and is deleted or not as `deleted` says. */
  #change(
    id: string,
    versioned: Versioned,
    decide: (range: TradingRange) => { readonly fields: Partial<TradingRange>; readonly change: Change },
    deleted = false,
  ): Promise<TradingRange> {
    const [wanted, expected] = [idOf<TradingRangeId>(id), readVersion(versioned)];
    return this.session.write(async (client, tell) => {
      const range = await requireById(client, TRADING_RANGES, wanted, 'update');
      const subject = `trading range ${wanted}`;
      if (deleted && !range.deletedAt)
        throw new ConflictError('TRADING_RANGE_NOT_DELETED', `${subject} is not deleted: there is nothing to restore`);
      if (!deleted && range.deletedAt) {
        const hint = 'restore it first';
        throw new ConflictError('TRADING_RANGE_DELETED', `${subject} was deleted`, { hint });
      }
      requireVersion(subject, range, expected);
      const { fields, change } = decide(range);
      await requireSameDirection(client, range, TRADING_RANGES.derive({ ...range, ...fields }));
      const next = { ...fields, version: expected + 1 };
      const { entity, event } = await updateRow(client, TRADING_RANGES, range, next, change);
      tell([event]);
      return TRADING_RANGES.derive({ ...entity });
    });
  }
}

/** Entries are of their range's direction: a range that has some keeps it. Their repository locks the range, so that none comes meanwhile. */
async function requireSameDirection(client: Client, before: TradingRange, after: TradingRange): Promise<void> {
  if (before.direction === after.direction) return;
  const { rows } = await client.query(
    statement(
      `SELECT current_setting('transaction_isolation') AS isolation, entry.id, entry.pattern_type
       FROM (SELECT) one LEFT JOIN LATERAL (
         SELECT id, pattern_type FROM patterns
         WHERE trading_range_id = $1 AND pattern_type = ANY($2) AND rejection_reason IS NULL ORDER BY id LIMIT 1) entry ON true`,
      [before.id, ENTRY_TYPES],
    ),
  );
  const { isolation, id, pattern_type: patternType } = rows[0];
  const refuse = (code: string, rule: string, hint: string) => {
    const problem = { code, path: 'jumpTarget', value: after.jumpTarget, rule, hint };
    throw new InvalidInputError([problem], 'trading range');
  };
  if (id !== null) {
    const rule = `the range is one of ${before.direction}, as its ${patternType} ${id} is`;
    refuse('RANGE_HAS_ENTRIES', rule, 'reject the entries of that direction first, or create another range');
  }
  // An older snapshot does not show the entries that came since.
  if (isolation !== 'read committed') {
    const rule = `a range's direction is not turned round at ${isolation}`;
    refuse('DIRECTION_NOT_VISIBLE', rule, 'do it in a transaction at read committed');
  }
}
