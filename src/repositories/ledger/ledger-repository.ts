import type { Id } from '../../domain/identifier.js';
import { type LedgerFilter, type ReadFilter, readFilter } from './filter.js';
import { idOf } from './ids.js';
import type { LedgerSession } from './ledger-session.js';
import { type LedgerRow, type LedgerTable, paged, selectByIds } from './ledger-table.js';
import { type Page, type PageOptions, type PageOrder, readPage } from './page.js';
import type { Where } from './where.js';

/** What every repository of the ledger can be asked. */
export abstract class LedgerRepository<Entity extends LedgerRow, Filter extends LedgerFilter> {
  protected readonly session: LedgerSession;
  protected readonly table: LedgerTable<Entity>;

  constructor(session: LedgerSession, table: LedgerTable<Entity>) {
    this.session = session;
    this.table = table;
  }

  /**
   * The row with this id, or undefined.
   *
   * @throws InvalidInputError ID_INVALID
   * @example
   * const pattern = await store.patterns.byId(spring.id);
   * const idea = await store.signals.byId(signal.id);
   * const positions = await store.campaigns.byId(campaign.id);
   * const result = await store.backtests.byId('1f0d3a52-90d6-4b8e-8b6c-2d7f6f1f4a10'); // undefined where there is none
   */
  async byId(id: string): Promise<Entity | undefined> {
    const wanted = idOf<Id<string>>(id);
    return (await this.session.read((client) => selectByIds(client, this.table, [wanted]))).get(wanted);
  }

  /**
   * Pages of rows by time, the oldest first.
   *
   * @throws InvalidInputError for a filter, limit or cursor that breaks a rule
   * @example
   * const series = { symbol: 'AAPL', timeframe: '1d' } as const;
   * const { rows, next } = await store.tradingRanges.find({ ...series, phase: 'C' });
   * const more = next && (await store.tradingRanges.find({ ...series, phase: 'C', cursor: next }));
   * const springs = await store.patterns.find({ ...series, patternType: 'SPRING', from: '2024-01-01', minConfidence: 80 });
   * const approved = await store.signals.find({ ...series, status: 'APPROVED' });
   * const active = await store.campaigns.find({ ...series, status: 'ACTIVE' });
   * const results = await store.backtests.find({ ...series, backtestRunId });
   */
  async find(filter: Filter & PageOptions = {} as Filter): Promise<Page<Entity>> {
    return this.page(filter, 'forward');
  }

  /**
   * The newest rows, oldest of them first; the next page goes further back.
   *
   * @throws as {@link find}
   * @example
   * const { rows, next } = await store.patterns.latest({ symbol: 'AAPL', limit: 20 });
   * const older = next && (await store.patterns.latest({ symbol: 'AAPL', limit: 20, cursor: next }));
   * const ranges = await store.tradingRanges.latest({ symbol: 'AAPL', limit: 5 });
   * const signals = await store.signals.latest({ status: 'FILLED', limit: 5 });
   * const campaigns = await store.campaigns.latest({ limit: 5 });
   * const runs = await store.backtests.latest({ symbol: 'AAPL', limit: 5 });
   */
  async latest(filter: Filter & PageOptions = {} as Filter): Promise<Page<Entity>> {
    return this.page(filter, 'backward');
  }

  /** Adds the conditions that this table's filter has beside the common ones. */
  protected abstract narrow(filter: Filter, where: Where, read: ReadFilter): void;

  /** A page of what fits the filter, and `more` where that is given. */
  protected page(
    filter: Filter & PageOptions,
    order: PageOrder,
    more: (where: Where) => void = () => {},
  ): Promise<Page<Entity>> {
    const where = readFilter(filter, this.table.time, (conditions, read) => {
      this.narrow(filter, conditions, read);
      more(conditions);
    });
    return this.session.read((client) => readPage(client, paged(this.table), where, filter, order));
  }
}
