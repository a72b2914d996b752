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

  /** The row with this id, or undefined. @throws InvalidInputError ID_INVALID */
  async byId(id: string): Promise<Entity | undefined> {
    const wanted = idOf<Id<string>>(id);
    return (await this.session.read((client) => selectByIds(client, this.table, [wanted]))).get(wanted);
  }

  /** Pages of rows by time, the oldest first. @throws InvalidInputError for a filter, limit or cursor that breaks a rule */
  async find(filter: Filter & PageOptions = {} as Filter): Promise<Page<Entity>> {
    return this.page(filter, 'forward');
  }

  /** The newest rows, oldest of them first; the next page goes further back. @throws as {@link find} */
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
