import type { Client } from '../database/session.js';
import { toDatabaseError } from '../database/sqlstate.js';
import {
  CAMPAIGN_MOVES,
  CAMPAIGN_STATUSES,
  type Campaign,
  type CampaignDraft,
  type CampaignStatus,
  canMoveCampaign,
  checkCampaignInRange,
  checkNoOpenEntry,
  isLive,
  type NewCampaign,
  readNewCampaign,
} from '../domain/campaign.js';
import { addEntryTo, closeEntryIn, type EntriesChange } from '../domain/campaign-entries.js';
import {
  type NewCampaignEntry,
  type NewEntryExit,
  type PositionId,
  readExit,
  readNewEntry,
} from '../domain/campaign-entry.js';
import { readChoice } from '../domain/choice.js';
import { type CampaignId, readId } from '../domain/identifier.js';
import type { JsonSchemas } from '../domain/json-schemas.js';
import { type Report, readOrThrow, requireObject } from '../domain/problem.js';
import { readReason } from '../domain/text.js';
import { type InstantInput, readInstant } from '../domain/time.js';
import { ConflictError, IllegalMoveError } from '../errors.js';
import { Batch, type BatchOptions } from './ledger/batch.js';
import type { LedgerFilter, ReadFilter } from './ledger/filter.js';
import { idOf } from './ledger/ids.js';
import { insertRows } from './ledger/insert-rows.js';
import { LedgerRepository } from './ledger/ledger-repository.js';
import type { LedgerSession } from './ledger/ledger-session.js';
import { selectByIds } from './ledger/ledger-table.js';
import { requireById } from './ledger/missing.js';
import { readAllPages } from './ledger/page.js';
import { campaignTable } from './ledger/tables/campaigns.js';
import { patternTable } from './ledger/tables/patterns.js';
import { signalTable } from './ledger/tables/signals.js';
import { TRADING_RANGES } from './ledger/tables/trading-ranges.js';
import { type Change, updateRow } from './ledger/update-row.js';
import { readVersion, requireVersion, type Versioned } from './ledger/version.js';
import type { Where } from './ledger/where.js';

/** Which campaigns; `from` and `to` are about their start. */
export interface CampaignFilter extends LedgerFilter {
  readonly status?: CampaignStatus | undefined;
  readonly tradingRangeId?: string | undefined;
}

const LIVE_STATUSES = CAMPAIGN_STATUSES.filter(isLive);

/** The campaigns, ordered by when they started. At most one live campaign holds a trading range. */
export class CampaignRepository extends LedgerRepository<Campaign, CampaignFilter> {
  readonly #schemas: JsonSchemas;

  constructor(session: LedgerSession, schemas: JsonSchemas) {
    super(session, campaignTable(schemas));
    this.#schemas = schemas;
  }

  /**
   * Opens a campaign: ACTIVE, without entries.
   *
   * @throws InvalidInputError, ConflictError ID_CONFLICT, CAMPAIGN_LIVE
   * @example
   * const campaign = await store.campaigns.open({
   *   symbol: 'AAPL',
   *   timeframe: '1d',
   *   tradingRangeId: range.id,
   *   startedAt: '2024-02-06',
   * });
   */
  async open(input: NewCampaign): Promise<Campaign> {
    return (await this.#open(Batch.of('campaign', input, readNewCampaign)))[0]!;
  }

  /**
   * Opens many, all or none.
   *
   * @throws InvalidInputError naming every bad row by its position, ConflictError ID_CONFLICT, CAMPAIGN_LIVE
   * @example
   * const campaigns = await store.campaigns.openMany([
   *   { symbol: 'AAPL', timeframe: '1d', tradingRangeId: range.id, startedAt: '2024-02-06' },
   *   { symbol: 'MSFT', timeframe: '1d', startedAt: '2024-02-07' },
   * ]);
   */
  async openMany(inputs: Iterable<NewCampaign>, options: BatchOptions = {}): Promise<Campaign[]> {
    return this.#open(Batch.read('campaigns', inputs, options, readNewCampaign));
  }

  /**
   * Every campaign of a range, by its start.
   *
   * @example
   * const campaigns = await store.campaigns.byRange(range.id);
   */
  async byRange(tradingRangeId: string): Promise<Campaign[]> {
    return readAllPages((page) => this.find({ tradingRangeId, ...page }));
  }

  /**
   * Every campaign that may still take entries, by its start.
   *
   * @example
   * for (const { currentRisk, totalAllocation } of await store.campaigns.live({ symbol: 'AAPL' })) {
   *   console.log(`${currentRisk.toFixed(2)} at risk, ${totalAllocation.toFixed(2)}% of the portfolio`);
   * }
   */
  async live(filter: CampaignFilter = {}): Promise<Campaign[]> {
    return readAllPages((page) =>
      this.page({ ...filter, ...page }, 'forward', (where) => where.and('status = ANY(?)', LIVE_STATUSES)),
    );
  }

  /**
   * Adds the position of a FILLED signal of this campaign. It locks the campaign, so it needs no version; what the entry makes of the totals
   * is computed from the row as it is then. The very entry that is there already is recognised.
   *
   * @throws InvalidInputError, CAMPAIGN_LIMIT among others, which says how much room is left; NotFoundError
   * @example
   * const { averageEntry, currentRisk } = await store.campaigns.addEntry(campaign.id, {
   *   signal_id: filled.id,
   *   price: '101.05',
   *   size: '100',
   *   timestamp: '2024-02-07T14:31:00Z',
   *   stop_loss: '98.00',
   * });
   */
  async addEntry(id: string, entry: NewCampaignEntry): Promise<Campaign> {
    const draft = readOrThrow('campaign entry', (report) => readNewEntry(entry, report));
    return this.#changeEntries(
      id,
      'CAMPAIGN_ENTRY_ADDED',
      `added a position of ${draft.size} at ${draft.price}`,
      async (client) => {
        const signal = await requireById(client, signalTable(this.#schemas), draft.signal_id, 'share');
        const pattern = signal.patternId && (await requireById(client, patternTable(this.#schemas), signal.patternId));
        const origin = { signal, patternType: pattern ? pattern.patternType : null };
        return (campaign) =>
          readOrThrow('campaign entry', (report) => addEntryTo(campaign, draft, origin, this.#schemas, report));
      },
    );
  }

  /**
   * Closes a position. It locks the campaign, so it needs no version.
   *
   * @throws InvalidInputError ENTRY_UNKNOWN, ENTRY_CLOSED; NotFoundError
   * @example
   * const { entries } = await store.campaigns.addEntry(campaign.id, {
   *   signal_id: filled.id,
   *   price: '101.05',
   *   size: '100',
   *   timestamp: '2024-02-07T14:31:00Z',
   *   stop_loss: '98.00',
   * });
   * await store.campaigns.closeEntry(campaign.id, entries[0]!.position_id, {
   *   exit_price: '130.00',
   *   closed_at: '2024-06-03T18:45:00Z',
   * });
   */
  async closeEntry(id: string, positionId: string, exit: NewEntryExit): Promise<Campaign> {
    const [position, left] = readOrThrow('campaign entry', (report) => {
      const read = [readId<PositionId>(positionId, 'position_id', report), readExit(exit, report)] as const;
      return read[0] && read[1] ? ([read[0], read[1]] as const) : undefined;
    });
    return this.#changeEntries(
      id,
      'CAMPAIGN_ENTRY_CLOSED',
      `closed a position at ${left.exit_price}`,
      async () => (campaign) =>
        readOrThrow('campaign entry', (report) => closeEntryIn(campaign, position, left, this.#schemas, report)),
    );
  }

  /**
   * The markup has begun (the markdown, for a short campaign).
   *
   * @throws NotFoundError, StaleVersionError, IllegalMoveError
   * @example
   * const inMarkup = await store.campaigns.toMarkup(campaign.id, { version: campaign.version });
   */
  async toMarkup(id: string, versioned: Versioned): Promise<Campaign> {
    const change = { eventType: 'CAMPAIGN_MARKUP_STARTED', action: 'the markup has begun' };
    return this.#move(id, versioned, 'MARKUP', () => ({ fields: {}, change }));
  }

  /**
   * Ends a campaign whose entries are all closed. `completedAt` is the transaction's `at`, or now, where nothing is said.
   *
   * @throws InvalidInputError CAMPAIGN_HAS_OPEN_ENTRIES, NotFoundError, StaleVersionError, IllegalMoveError
   * @example
   * const { version } = await store.campaigns.toMarkup(campaign.id, { version: campaign.version });
   * await store.campaigns.complete(campaign.id, { version, completedAt: '2024-06-04' });
   */
  async complete(id: string, options: Versioned & { readonly completedAt?: InstantInput }): Promise<Campaign> {
    const change = { eventType: 'CAMPAIGN_COMPLETED', action: 'every position is closed' };
    return this.#move(id, options, 'COMPLETED', (campaign) => {
      readOrThrow('campaign', (report) => checkNoOpenEntry(campaign, report) || undefined);
      return { fields: { completedAt: readCompletedAt(campaign, options.completedAt ?? this.session.now) }, change };
    });
  }

  /**
   * Gives a campaign up; its entries stay as they are recorded. `completedAt` is the transaction's `at`, or now, where nothing is said.
   *
   * @throws InvalidInputError, NotFoundError, StaleVersionError, IllegalMoveError
   * @example
   * await store.campaigns.invalidate(campaign.id, { version: campaign.version, reason: 'the price closed below the ice' });
   */
  async invalidate(
    id: string,
    options: Versioned & { readonly reason: string; readonly completedAt?: InstantInput },
  ): Promise<Campaign> {
    requireObject(options, 'change');
    const action = readOrThrow('campaign', (report) => readReason(options.reason, report));
    return this.#move(id, options, 'INVALIDATED', (campaign) => ({
      fields: { completedAt: readCompletedAt(campaign, options.completedAt ?? this.session.now) },
      change: { eventType: 'CAMPAIGN_INVALIDATED', action },
    }));
  }

  #open(batch: Batch<CampaignDraft>): Promise<Campaign[]> {
    return this.session.insert(async (client, tell) => {
      const rangeIds = batch.drafts.flatMap(({ tradingRangeId }) => tradingRangeId ?? []);
      // Locked for an update: who opens a campaign on a range waits for whoever is opening another.
      const ranges = await selectByIds(client, TRADING_RANGES, rangeIds, 'update');
      await batch.check(client, this.table, (draft, report) => {
        if (draft.tradingRangeId === null) return;
        const range = ranges.get(draft.tradingRangeId);
        if (range) return void checkCampaignInRange(draft, range, report);
        const rule = 'there is no such trading range';
        report({ code: 'TRADING_RANGE_UNKNOWN', path: 'tradingRangeId', value: draft.tradingRangeId, rule });
      });
      const { entities, events } = await insertRows(client, this.table, batch.drafts, {
        eventType: 'CAMPAIGN_OPENED',
        action: () => 'opened',
        follows: ({ tradingRangeId }) =>
          tradingRangeId === null ? undefined : { entityType: 'TRADING_RANGE', entityId: tradingRangeId },
      }).catch(liveAlready);
      tell(events);
      return entities;
    });
  }

  /** `prepare` comes before the campaign is locked: who fills a signal locks the signal first and its campaign then, too. */
  #changeEntries(
    id: string,
    eventType: string,
    action: string,
    prepare: (client: Client) => Promise<(campaign: Campaign) => EntriesChange>,
  ): Promise<Campaign> {
    const wanted = idOf<CampaignId>(id);
    return this.session.write(async (client, tell) => {
      const decide = await prepare(client);
      const campaign = await requireById(client, this.table, wanted, 'update');
      const { changed, entries, totals } = decide(campaign);
      if (!changed) return campaign;
      const fields = { entries, ...totals, version: campaign.version + 1 };
      const { entity, event } = await updateRow<Campaign>(client, this.table, campaign, fields, { eventType, action });
      tell([event]);
      return entity;
    });
  }

  #move(
    id: string,
    versioned: Versioned,
    to: CampaignStatus,
    decide: (campaign: Campaign) => { readonly fields: Partial<Campaign>; readonly change: Change },
  ): Promise<Campaign> {
    const [wanted, expected] = [idOf<CampaignId>(id), readVersion(versioned)];
    return this.session.write(async (client, tell) => {
      const campaign = await requireById(client, this.table, wanted, 'update');
      const subject = `campaign ${wanted}`;
      if (!canMoveCampaign(campaign.status, to)) {
        const next = CAMPAIGN_MOVES[campaign.status];
        const hint = next.length === 0 ? 'its story is over' : `it can become ${next.join(' or ')}`;
        throw new IllegalMoveError(subject, campaign.status, to, hint);
      }
      requireVersion(subject, campaign, expected);
      const { fields, change } = decide(campaign);
      const next = { ...fields, status: to, version: expected + 1 };
      const { entity, event } = await updateRow<Campaign>(client, this.table, campaign, next, change);
      tell([event]);
      return entity;
    });
  }

  protected override narrow(filter: CampaignFilter, where: Where, read: ReadFilter): void {
    where
      .and('status = ?', read('status', filter.status, readStatus))
      .and('trading_range_id = ?', read('tradingRangeId', filter.tradingRangeId, readId));
  }
}

function readStatus(value: unknown, path: string, report: Report): CampaignStatus | undefined {
  return readChoice(value, CAMPAIGN_STATUSES, 'a status', path, report);
}

function readCompletedAt(campaign: Campaign, given: InstantInput): Date {
  return readOrThrow('campaign', (report) => {
    const completedAt = readInstant(given, 'completedAt', report);
    if (completedAt && completedAt < campaign.startedAt) {
      const rule = 'a campaign does not end before it starts';
      report({ code: 'END_BEFORE_START', path: 'completedAt', value: given, rule });
    }
    return completedAt;
  });
}

function liveAlready(error: unknown): never {
  const constraint = (toDatabaseError(error) as { readonly constraint?: unknown }).constraint;
  if (constraint !== 'idx_campaigns_trading_range_id_live') throw error;
  throw new ConflictError('CAMPAIGN_LIVE', 'the trading range has a live campaign already', {
    hint: 'campaigns.byRange() finds it',
    cause: error,
  });
}
