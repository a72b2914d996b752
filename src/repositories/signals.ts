import { instant } from '../database/instant.js';
import type { Client } from '../database/session.js';
import { statement } from '../database/statement.js';
import {
  type ApprovalChainInput,
  type RejectionInput,
  readApproval,
  readRejection,
  rejectedChain,
} from '../domain/approval-chain.js';
import { checkSignalInCampaign } from '../domain/campaign.js';
import { readChoice } from '../domain/choice.js';
import { type Execution, readExecution } from '../domain/execution.js';
import { type CampaignId, readId, readOptionalId, type SignalId } from '../domain/identifier.js';
import type { JsonObject } from '../domain/json.js';
import type { JsonSchemas } from '../domain/json-schemas.js';
import { type Pattern, whyNotTradable } from '../domain/pattern.js';
import type { Direction } from '../domain/pattern-types.js';
import { type Report, readOrThrow } from '../domain/problem.js';
import {
  canMove,
  checkSignalAgainstPattern,
  type NewSignal,
  nextStatuses,
  readNewSignal,
  SIGNAL_STATUSES,
  type Signal,
  type SignalDraft,
  type SignalStatus,
} from '../domain/signal.js';
import { formatInstant, type InstantInput, readInstant } from '../domain/time.js';
import { IllegalMoveError } from '../errors.js';
import { Batch, type BatchOptions } from './ledger/batch.js';
import { type LedgerFilter, type ReadFilter, readConfidence } from './ledger/filter.js';
import { idOf } from './ledger/ids.js';
import { insertRows } from './ledger/insert-rows.js';
import { LedgerRepository } from './ledger/ledger-repository.js';
import type { LedgerSession } from './ledger/ledger-session.js';
import { readRow, selectByIds, selection } from './ledger/ledger-table.js';
import { missing, requireById } from './ledger/missing.js';
import type { Page, PageOptions } from './ledger/page.js';
import { campaignTable } from './ledger/tables/campaigns.js';
import { patternTable } from './ledger/tables/patterns.js';
import { signalTable } from './ledger/tables/signals.js';
import { updateRow, updateRows } from './ledger/update-row.js';
import type { Where } from './ledger/where.js';

/** Which signals; `from` and `to` are about when they were generated. */
export interface SignalFilter extends LedgerFilter {
  readonly status?: SignalStatus | undefined;
  readonly patternId?: string | undefined;
  readonly campaignId?: string | undefined;
  /** Of the signal's pattern. */
  readonly tradingRangeId?: string | undefined;
  readonly signalType?: Direction | undefined;
  /** 0 to 100; those at or above it. */
  readonly minConfidence?: number | undefined;
}

/** The part of a pattern that decides whether it may still be traded. */
type Tradability = Pick<Pattern, 'patternType' | 'testConfirmed' | 'rejectionReason'>;

/** A move as decided under the signal's lock. */
interface Decision {
  readonly fields?: Partial<Signal>;
  readonly action: string;
  readonly remarks?: JsonObject;
}

/**
 * The signals, ordered by when they were generated. A move is decided by the row in the database, under its lock: of two that exclude each
 * other one wins, and the other gets an IllegalMoveError.
 */
export class SignalRepository extends LedgerRepository<Signal, SignalFilter> {
  readonly #schemas: JsonSchemas;

  constructor(session: LedgerSession, schemas: JsonSchemas) {
    super(session, signalTable(schemas));
    this.#schemas = schemas;
  }

  /**
   * Creates a PENDING signal. R multiple and risk are computed. A create that is sent twice with the same id and values answers what is there.
   *
   * @throws InvalidInputError, ConflictError ID_CONFLICT
   * @example
   * const signal = await store.signals.create({
   *   symbol: 'AAPL',
   *   timeframe: '1d',
   *   patternId: tested.id,
   *   generatedAt: '2024-02-06',
   *   entryPrice: '101.00',
   *   stopLoss: '98.00',
   *   target1: '110.00',
   *   target2: '130.00',
   *   positionSize: '100',
   *   confidenceScore: 85,
   * });
   * console.log(signal.status, signal.rMultiple.toFixed(2), signal.riskAmount.toFixed(2)); // PENDING 9.67 300.00
   */
  async create(input: NewSignal): Promise<Signal> {
    return (
      await this.#create(Batch.of('signal', input, (one, report) => readNewSignal(one, this.#schemas, report)))
    )[0]!;
  }

  /**
   * Creates many, all or none, in one round trip a table.
   *
   * @throws InvalidInputError naming every bad row by its position, ConflictError ID_CONFLICT
   * @example
   * const signals = await store.signals.createMany([
   *   {
   *     symbol: 'AAPL',
   *     timeframe: '1d',
   *     patternId: tested.id,
   *     generatedAt: '2024-02-06',
   *     entryPrice: '101.00',
   *     stopLoss: '98.00',
   *     target1: '110.00',
   *     target2: '130.00',
   *     positionSize: '100',
   *     confidenceScore: 85,
   *   },
   * ]);
   */
  async createMany(inputs: Iterable<NewSignal>, options: BatchOptions = {}): Promise<Signal[]> {
    return this.#create(
      Batch.read('signals', inputs, options, (one, report) => readNewSignal(one, this.#schemas, report)),
    );
  }

  /**
   * Pages of signals that wait for a decision, the oldest first.
   *
   * @example
   * const { rows } = await store.signals.pending({ symbol: 'AAPL', minConfidence: 80 });
   */
  async pending(filter: Omit<SignalFilter, 'status'> & PageOptions = {}): Promise<Page<Signal>> {
    return this.find({ ...filter, status: 'PENDING' });
  }

  /**
   * PENDING -> APPROVED, by a chain of all five stages without a FAIL, if the signal's pattern is tradable still.
   *
   * @throws InvalidInputError PATTERN_NOT_TRADABLE among others, NotFoundError, IllegalMoveError
   * @example
   * const passed = (['Volume', 'Phase', 'Levels', 'Risk', 'Strategy'] as const).map((stage) => ({
   *   stage,
   *   status: 'PASS' as const,
   *   validator_id: 'risk/2.1',
   *   timestamp: '2024-02-06T00:20:00Z',
   * }));
   * const approved = await store.signals.approve(signal.id, { validation_results: passed });
   */
  async approve(id: string, chain: ApprovalChainInput): Promise<Signal> {
    const approvalChain = readOrThrow('approval chain', (report) => readApproval(chain, this.#schemas, report));
    return this.#move(id, 'APPROVED', (signal, pattern) => {
      const why = pattern && whyNotTradable(pattern);
      readOrThrow('approval', (report) => {
        if (why) report({ code: 'PATTERN_NOT_TRADABLE', path: 'patternId', value: signal.patternId, rule: why });
        return true;
      });
      return { fields: { approvalChain }, action: `approved, ${approvalChain.overall_status}` };
    });
  }

  /**
   * PENDING -> REJECTED, by a chain in which a stage failed, or for a reason.
   *
   * @throws InvalidInputError, NotFoundError, IllegalMoveError
   * @example
   * await store.signals.reject(signal.id, { reason: 'earnings are due tomorrow' });
   */
  async reject(id: string, rejection: RejectionInput): Promise<Signal> {
    const read = readOrThrow('rejection', (report) => readRejection(rejection, this.#schemas, report));
    return this.#move(id, 'REJECTED', (signal) => ({
      fields: {
        approvalChain: readOrThrow('rejection', (report) => rejectedChain(read, signal.approvalChain, report)),
      },
      action: read.reason,
    }));
  }

  /**
   * PENDING | APPROVED -> EXPIRED.
   *
   * @throws NotFoundError, IllegalMoveError
   * @example
   * await store.signals.expire(signal.id, { at: '2024-02-13T21:00:00Z' });
   */
  async expire(id: string, { at }: Pick<Execution, 'at'> = {}): Promise<Signal> {
    const { remarks } = readExecution({ at });
    return this.#move(id, 'EXPIRED', () => ({ action: 'expired', remarks }));
  }

  /**
   * APPROVED -> FILLED, into the campaign that is given here or was given when it was created.
   *
   * @throws InvalidInputError where that campaign is not live or of another series, NotFoundError, IllegalMoveError
   * @example
   * await store.signals.fill(approved.id, { campaignId: campaign.id, price: '101.05', at: '2024-02-07T14:31:00Z' });
   */
  async fill(id: string, options: Execution & { readonly campaignId?: string | null } = {}): Promise<Signal> {
    const { remarks, price } = readExecution(options);
    const given = readOrThrow('fill', (report) => {
      const campaignId = readOptionalId<CampaignId>(options.campaignId, 'campaignId', report);
      return campaignId === undefined ? undefined : { campaignId };
    });
    return this.#move(id, 'FILLED', async (signal, _pattern, client) => {
      const campaignId = given.campaignId ?? signal.campaignId;
      await this.#requireCampaign(client, signal, campaignId);
      return { fields: { campaignId }, action: price === undefined ? 'filled' : `filled at ${price}`, remarks };
    });
  }

  /**
   * FILLED -> STOPPED.
   *
   * @throws InvalidInputError, NotFoundError, IllegalMoveError
   * @example
   * await store.signals.stop(filled.id, { price: '97.90', at: '2024-02-09T15:02:00Z' });
   */
  async stop(id: string, execution: Execution = {}): Promise<Signal> {
    const { remarks, price } = readExecution(execution);
    return this.#move(id, 'STOPPED', () => ({
      action: price === undefined ? 'stopped' : `stopped at ${price}`,
      remarks,
    }));
  }

  /**
   * FILLED -> TARGET_HIT.
   *
   * @throws InvalidInputError, NotFoundError, IllegalMoveError
   * @example
   * await store.signals.hitTarget(filled.id, { price: '130.00', at: '2024-06-03T18:45:00Z' });
   */
  async hitTarget(id: string, execution: Execution = {}): Promise<Signal> {
    const { remarks, price } = readExecution(execution);
    const action = price === undefined ? 'reached its target' : `reached its target at ${price}`;
    return this.#move(id, 'TARGET_HIT', () => ({ action, remarks }));
  }

  /**
   * Notes that people were told of the signal. To note it again changes nothing.
   *
   * @throws NotFoundError
   * @example
   * await store.signals.markNotified(signal.id);
   */
  async markNotified(id: string): Promise<Signal> {
    const wanted = idOf<SignalId>(id);
    return this.session.write(async (client, tell) => {
      const signal = await requireById(client, this.table, wanted, 'update');
      if (signal.notificationSent) return signal;
      const change = { eventType: 'SIGNAL_NOTIFIED', action: 'notified' };
      const { entity, event } = await updateRow<Signal>(client, this.table, signal, { notificationSent: true }, change);
      tell([event]);
      return entity;
    });
  }

  /**
   * Expires what was generated before an instant and still waits for a decision; with `approved` also what was approved and has not been
   * filled, whose orders are then the caller's to cancel. Answers the signals that it expired.
   *
   * @example
   * const expired = await store.signals.expireOlderThan('2024-02-01', { approved: true });
   */
  async expireOlderThan(
    before: InstantInput,
    { approved = false }: { readonly approved?: boolean } = {},
  ): Promise<Signal[]> {
    const bound = readOrThrow('bound', (report) => readInstant(before, 'before', report));
    const statuses: SignalStatus[] = approved ? ['PENDING', 'APPROVED'] : ['PENDING'];
    return this.session.write(async (client, tell) => {
      const text = `SELECT ${selection(this.table)} FROM signals WHERE status = ANY($1) AND generated_at < $2
        ORDER BY id FOR NO KEY UPDATE`;
      const { rows } = await client.query(statement(text, [statuses, instant(bound)]));
      const stale = rows.map((row) => readRow(this.table, row));
      const change = { eventType: 'SIGNAL_EXPIRED', action: `generated before ${formatInstant(bound)}` };
      const { entities, events } = await updateRows<Signal>(client, this.table, stale, { status: 'EXPIRED' }, change);
      tell(events);
      return entities;
    });
  }

  #create(batch: Batch<SignalDraft>): Promise<Signal[]> {
    return this.session.insert(async (client, tell) => {
      const { drafts } = batch;
      const patternIds = drafts.flatMap(({ patternId }) => patternId ?? []);
      const campaignIds = drafts.flatMap(({ campaignId }) => campaignId ?? []);
      const patterns = await selectByIds(client, patternTable(this.#schemas), patternIds, 'share');
      // Locked for an update, as its next entry does: who held it shared, and wanted more, would deadlock with another who does.
      const campaigns = await selectByIds(client, campaignTable(this.#schemas), campaignIds, 'update');
      await batch.check(client, this.table, (draft, report) => {
        const pattern = draft.patternId === null ? undefined : patterns.get(draft.patternId);
        if (pattern) checkSignalAgainstPattern(draft, pattern, report);
        else if (draft.patternId !== null)
          report({
            code: 'PATTERN_UNKNOWN',
            path: 'patternId',
            value: draft.patternId,
            rule: 'there is no such pattern',
          });
        if (draft.campaignId !== null)
          checkSignalInCampaign(draft, draft.campaignId, campaigns.get(draft.campaignId), report);
      });
      const { entities, events } = await insertRows(client, this.table, batch.drafts, {
        eventType: 'SIGNAL_GENERATED',
        action: (signal) => `${signal.signalType} at ${signal.entryPrice}, ${signal.rMultiple.toFixed(2)} R`,
        follows: ({ patternId }) => (patternId === null ? undefined : { entityType: 'PATTERN', entityId: patternId }),
      });
      tell(events);
      return entities;
    });
  }

  async #requireCampaign(client: Client, signal: Signal, campaignId: CampaignId | null): Promise<void> {
    if (campaignId === null) return;
    const campaigns = await selectByIds(client, campaignTable(this.#schemas), [campaignId], 'update');
    readOrThrow('fill', (report) => {
      if (signal.campaignId !== null && signal.campaignId !== campaignId) {
        const rule = `the signal is in campaign ${signal.campaignId}`;
        report({ code: 'SIGNAL_OTHER_CAMPAIGN', path: 'campaignId', value: campaignId, rule });
      }
      checkSignalInCampaign(signal, campaignId, campaigns.get(campaignId), report);
      return true;
    });
  }

  #move(
    id: string,
    to: SignalStatus,
    decide: (signal: Signal, pattern: Tradability | undefined, client: Client) => Decision | Promise<Decision>,
  ): Promise<Signal> {
    const wanted = idOf<SignalId>(id);
    return this.session.write(async (client, tell) => {
      const [signal, pattern] = await this.#lock(client, wanted);
      if (!canMove(signal.status, to))
        throw new IllegalMoveError(`signal ${wanted}`, signal.status, to, nextStatuses(signal.status));
      const { fields, action, remarks } = await decide(signal, pattern, client);
      const change = { eventType: `SIGNAL_${to}`, action, ...(remarks && { remarks }) };
      const { entity, event } = await updateRow<Signal>(client, this.table, signal, { ...fields, status: to }, change);
      tell([event]);
      return entity;
    });
  }

  /** The signal, locked, and what decides whether its pattern may be traded, kept from changing: in one round trip. */
  async #lock(client: Client, id: SignalId): Promise<readonly [Signal, Tradability | undefined]> {
    const text = `
      WITH signal AS (SELECT * FROM signals WHERE id = $1 FOR NO KEY UPDATE),
           pattern AS (SELECT pattern_type, test_confirmed, rejection_reason FROM patterns
                       WHERE id = (SELECT pattern_id FROM signal) FOR SHARE)
      SELECT ${selection(this.table)}, pattern.* FROM signal LEFT JOIN pattern ON true`;
    const { rows } = await client.query(statement(text, [id]));
    const [row] = rows;
    if (!row) throw await missing(client, this.table, id);
    const { pattern_type: patternType, test_confirmed: testConfirmed, rejection_reason: rejectionReason } = row;
    return [
      readRow(this.table, row),
      patternType === null ? undefined : { patternType, testConfirmed, rejectionReason },
    ];
  }

  protected override narrow(filter: SignalFilter, where: Where, read: ReadFilter): void {
    where
      .and('status = ?', read('status', filter.status, readStatus))
      .and('pattern_id = ?', read('patternId', filter.patternId, readId))
      .and('campaign_id = ?', read('campaignId', filter.campaignId, readId))
      .and(
        'pattern_id IN (SELECT id FROM patterns WHERE trading_range_id = ?)',
        read('tradingRangeId', filter.tradingRangeId, readId),
      )
      .and('signal_type = ?', read('signalType', filter.signalType, readDirection))
      .and('confidence_score >= ?', read('minConfidence', filter.minConfidence, readConfidence));
  }
}

function readStatus(value: unknown, path: string, report: Report): SignalStatus | undefined {
  return readChoice(value, SIGNAL_STATUSES, 'a status', path, report);
}

function readDirection(value: unknown, path: string, report: Report): Direction | undefined {
  return readChoice(value, ['LONG', 'SHORT'], 'a signal type', path, report);
}
