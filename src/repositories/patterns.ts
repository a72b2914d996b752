import { readChoice } from '../domain/choice.js';
import { type PatternId, readId } from '../domain/identifier.js';
import { toJson } from '../domain/json.js';
import type { JsonSchemas } from '../domain/json-schemas.js';
import {
  checkPatternInRange,
  checkTest,
  type NewPattern,
  type Pattern,
  type PatternDraft,
  readNewPattern,
} from '../domain/pattern.js';
import type { PatternRules } from '../domain/pattern-rules.js';
import { ENTRY_TYPES, needsTest, PATTERN_TYPES, type PatternType } from '../domain/pattern-types.js';
import { type Phase, readPhase } from '../domain/phase.js';
import { type Report, readOrThrow } from '../domain/problem.js';
import { readReason } from '../domain/text.js';
import { formatInstant, type InstantInput, readInstant } from '../domain/time.js';
import { ConflictError, type Problem } from '../errors.js';
import { Batch, type BatchOptions } from './ledger/batch.js';
import { type LedgerFilter, type ReadFilter, readConfidence } from './ledger/filter.js';
import { idOf } from './ledger/ids.js';
import { insertRows } from './ledger/insert-rows.js';
import { LedgerRepository } from './ledger/ledger-repository.js';
import type { LedgerSession } from './ledger/ledger-session.js';
import { selectByIds } from './ledger/ledger-table.js';
import { requireById } from './ledger/missing.js';
import { type Page, type PageOptions, readAllPages } from './ledger/page.js';
import { patternTable } from './ledger/tables/patterns.js';
import { TRADING_RANGES } from './ledger/tables/trading-ranges.js';
import { updateRow } from './ledger/update-row.js';
import type { Where } from './ledger/where.js';

/** Which patterns; `from` and `to` are about the bar that they are on. */
export interface PatternFilter extends LedgerFilter {
  readonly patternType?: PatternType | undefined;
  readonly phase?: Phase | undefined;
  readonly tradingRangeId?: string | undefined;
  /** 0 to 100; those at or above it. */
  readonly minConfidence?: number | undefined;
}

const TESTED_TYPES = PATTERN_TYPES.filter(needsTest);

/** What patterns to be created break of the rules that only warn. */
type Warnings = Map<PatternDraft, readonly Problem[]>;

/** The rules that a pattern is held to, and who hears of those that only warn; its audit event keeps the warnings too. */
export interface PatternSettings {
  readonly rules: PatternRules;
  readonly schemas: JsonSchemas;
  readonly onWarning: (problem: Problem) => void;
}

/** The detected patterns, ordered by the bar they are on. `from` and `to` of a filter are about that bar. */
export class PatternRepository extends LedgerRepository<Pattern, PatternFilter> {
  readonly #settings: PatternSettings;

  constructor(session: LedgerSession, settings: PatternSettings) {
    super(session, patternTable(settings.schemas));
    this.#settings = settings;
  }

  /**
   * Records what the detector saw. What breaks a rule that only warns is told to the store's `onWarning`, and kept in the audit event. A create that
   * is sent twice with the same id and values answers what is there.
   *
   * @throws InvalidInputError, ConflictError ID_CONFLICT
   * @example
   * const spring = await store.patterns.create({
   *   symbol: 'AAPL',
   *   timeframe: '1d',
   *   patternType: 'SPRING',
   *   patternBarTimestamp: '2024-02-01',
   *   detectionTime: '2024-02-02',
   *   confidenceScore: 85,
   *   phase: 'C',
   *   tradingRangeId: range.id,
   *   entryPrice: '101.00',
   *   stopLoss: '98.00',
   *   invalidationLevel: '97.00',
   *   volumeRatio: '0.55',
   *   spreadRatio: '0.90',
   *   metadata: {
   *     penetration_pct: '0.02',
   *     recovery_bars: 1,
   *     spring_low: '98.50',
   *     recovery_price: '100.50',
   *     creek_reference: '100.00',
   *     creek_distance: '1.50',
   *   },
   * });
   */
  async create(input: NewPattern): Promise<Pattern> {
    const warnings: Warnings = new Map();
    const batch = Batch.of('pattern', input, (one, report) => this.#read(one, report, warnings));
    return (await this.#create(batch, warnings))[0]!;
  }

  /**
   * Creates many, all or none, in one round trip a table.
   *
   * @throws InvalidInputError naming every bad row by its position, ConflictError ID_CONFLICT
   * @example
   * const climax = {
   *   symbol: 'AAPL',
   *   timeframe: '1d',
   *   patternType: 'SC',
   *   patternBarTimestamp: '2024-01-03',
   *   detectionTime: '2024-01-04',
   *   confidenceScore: 80,
   *   phase: 'A',
   *   entryPrice: '101.00',
   *   stopLoss: '98.00',
   *   invalidationLevel: '97.00',
   *   volumeRatio: '2.40',
   *   spreadRatio: '1.90',
   *   metadata: { close_position: '0.4', prior_close: '104.00' },
   * } as const;
   * const patterns = await store.patterns.createMany([climax, { ...climax, symbol: 'MSFT' }]);
   */
  async createMany(inputs: Iterable<NewPattern>, options: BatchOptions = {}): Promise<Pattern[]> {
    const warnings: Warnings = new Map();
    const batch = Batch.read('patterns', inputs, options, (one, report) => this.#read(one, report, warnings));
    return this.#create(batch, warnings);
  }

  /**
   * Patterns that a signal may be made of: an entry type, tested where its type needs a test, not rejected.
   *
   * @example
   * const { rows } = await store.patterns.tradable({ symbol: 'AAPL', timeframe: '1d', minConfidence: 80 });
   */
  async tradable(filter: PatternFilter & PageOptions = {}): Promise<Page<Pattern>> {
    return this.page(filter, 'forward', (where) =>
      where
        .and('pattern_type = ANY(?)', ENTRY_TYPES)
        .and('(test_confirmed OR pattern_type <> ALL(?))', TESTED_TYPES)
        .andThat('rejection_reason IS NULL'),
    );
  }

  /**
   * Every pattern of a range, by its bar.
   *
   * @example
   * for (const { patternType, patternBarTimestamp } of await store.patterns.byRange(range.id)) {
   *   console.log(patternType, patternBarTimestamp.toISOString());
   * }
   */
  async byRange(tradingRangeId: string): Promise<Pattern[]> {
    return readAllPages((page) => this.find({ tradingRangeId, ...page }));
  }

  /**
   * A later bar tested the pattern and held. `confirmedAt`, the transaction's `at` or now where nothing is said, is when that was known. To confirm the same
   * test again changes nothing.
   *
   * @throws InvalidInputError LOOK_AHEAD where the test's bar had not closed by then, NotFoundError, ConflictError PATTERN_CONFIRMED
   * @example
   * const tested = await store.patterns.confirmTest(spring.id, '2024-02-05', { confirmedAt: '2024-02-06' });
   */
  async confirmTest(
    id: string,
    testBarTimestamp: InstantInput,
    { confirmedAt = this.session.now }: { readonly confirmedAt?: InstantInput } = {},
  ): Promise<Pattern> {
    const wanted = idOf<PatternId>(id);
    const [bar, at] = readOrThrow('test', (report) => {
      const read = [
        readInstant(testBarTimestamp, 'testBarTimestamp', report),
        readInstant(confirmedAt, 'confirmedAt', report),
      ];
      return read[0] && read[1] ? ([read[0], read[1]] as const) : undefined;
    });
    return this.session.write(async (client, tell) => {
      const pattern = await requireById(client, this.table, wanted, 'update');
      if (pattern.testConfirmed && pattern.testBarTimestamp?.getTime() === bar.getTime()) return pattern;
      readOrThrow('test', (report) => {
        checkTest(pattern, bar, at, report);
        return true;
      });
      if (pattern.testConfirmed) {
        const known = formatInstant(pattern.testBarTimestamp!);
        throw new ConflictError('PATTERN_CONFIRMED', `pattern ${wanted} was confirmed by the bar of ${known} already`);
      }
      const { entity, event } = await updateRow<Pattern>(
        client,
        this.table,
        pattern,
        { testConfirmed: true, testBarTimestamp: bar },
        {
          eventType: 'PATTERN_TEST_CONFIRMED',
          action: `the bar of ${formatInstant(bar)} tested it and it held`,
          remarks: { confirmed_at: formatInstant(at) },
        },
      );
      tell([event]);
      return entity;
    });
  }

  /**
   * The pattern failed, or was none. To reject it again for the same reason changes nothing.
   *
   * @throws NotFoundError, ConflictError PATTERN_REJECTED
   * @example
   * await store.patterns.reject(spring.id, 'the test broke the low of the spring');
   */
  async reject(id: string, reason: string): Promise<Pattern> {
    const wanted = idOf<PatternId>(id);
    const why = readOrThrow('rejection', (report) => readReason(reason, report));
    return this.session.write(async (client, tell) => {
      const pattern = await requireById(client, this.table, wanted, 'update');
      if (pattern.rejectionReason === why) return pattern;
      if (pattern.rejectionReason !== null)
        throw new ConflictError(
          'PATTERN_REJECTED',
          `pattern ${wanted} was rejected already: ${pattern.rejectionReason}`,
        );
      const change = { eventType: 'PATTERN_REJECTED', action: why };
      const { entity, event } = await updateRow<Pattern>(client, this.table, pattern, { rejectionReason: why }, change);
      tell([event]);
      return entity;
    });
  }

  #read(input: NewPattern, report: Report, warnings: Warnings): PatternDraft | undefined {
    const { rules, schemas } = this.#settings;
    const warned: Problem[] = [];
    const draft = readNewPattern(input, rules, schemas, report, (problem) => warned.push(problem));
    if (draft && warned.length > 0) warnings.set(draft, warned);
    return draft;
  }

  async #create(batch: Batch<PatternDraft>, warnings: Warnings): Promise<Pattern[]> {
    const { entities, events } = await this.session.insert(async (client, tell) => {
      const rangeIds = batch.drafts.flatMap(({ tradingRangeId }) => tradingRangeId ?? []);
      const ranges = await selectByIds(client, TRADING_RANGES, rangeIds, 'share');
      await batch.check(client, this.table, (draft, report) => {
        if (draft.tradingRangeId === null) return;
        const range = ranges.get(draft.tradingRangeId);
        if (range) return checkPatternInRange(draft, range, report);
        const rule = 'there is no such trading range';
        report({ code: 'TRADING_RANGE_UNKNOWN', path: 'tradingRangeId', value: draft.tradingRangeId, rule });
      });
      const inserted = await insertRows(client, this.table, batch.drafts, {
        eventType: 'PATTERN_DETECTED',
        action: (pattern) => `saw ${pattern.patternType} on the bar of ${formatInstant(pattern.patternBarTimestamp)}`,
        follows: ({ tradingRangeId }) =>
          tradingRangeId === null ? undefined : { entityType: 'TRADING_RANGE', entityId: tradingRangeId },
        remarks: (draft) => {
          const warned = warnings.get(draft);
          return (
            warned && { warnings: toJson(warned.map(({ code, path, value, rule }) => ({ code, path, value, rule }))) }
          );
        },
      });
      tell(inserted.events);
      return inserted;
    });
    // Only now: a write that was rolled back and run again would be heard twice.
    const created = new Set(events.map(({ entityId }) => entityId));
    for (const draft of batch.drafts)
      if (created.has(draft.id)) for (const problem of warnings.get(draft) ?? []) this.#settings.onWarning(problem);
    return entities;
  }

  protected override narrow(filter: PatternFilter, where: Where, read: ReadFilter): void {
    where
      .and('pattern_type = ?', read('patternType', filter.patternType, readPatternType))
      .and('phase = ?', read('phase', filter.phase, readPhase))
      .and('trading_range_id = ?', read('tradingRangeId', filter.tradingRangeId, readId))
      .and('confidence_score >= ?', read('minConfidence', filter.minConfidence, readConfidence));
  }
}

function readPatternType(value: unknown, path: string, report: Report): PatternType | undefined {
  return readChoice(value, PATTERN_TYPES, 'a pattern type', path, report);
}
