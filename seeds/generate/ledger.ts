import { SimpleFaker } from '@faker-js/faker';
import type { AuditRow, LedgerTables } from './ledger-rows.js';

const LEDGER_SEED = 20_241_231;

type EntityTable = Exclude<keyof LedgerTables, 'audit_trail'>;

const ENTITY_TYPES: Readonly<Record<EntityTable, string>> = {
  trading_ranges: 'TRADING_RANGE',
  patterns: 'PATTERN',
  campaigns: 'CAMPAIGN',
  signals: 'SIGNAL',
  backtest_results: 'BACKTEST_RESULT',
};

/** Who did what, and when: what an audit event says beside the change itself. */
export interface Occasion {
  readonly verb: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly correlationId: string;
}

/**
 * The sample ledger while it is being written. As in the store, nothing enters or changes a table without its audit event, so that the
 * trail replays to the tables.
 */
export class Ledger {
  readonly faker = new SimpleFaker({ seed: LEDGER_SEED });
  readonly tables: LedgerTables = {
    trading_ranges: [],
    patterns: [],
    campaigns: [],
    signals: [],
    backtest_results: [],
    audit_trail: [],
  };

  newId(): string {
    return this.faker.string.uuid();
  }

  insert<T extends EntityTable>(table: T, row: LedgerTables[T][number], occasion: Occasion): void {
    const rows: LedgerTables[T][number][] = this.tables[table];
    rows.push(row);
    const { id, ...after } = row;
    this.#append(table, id, occasion, { after: structuredClone(after) });
  }

  /** Changes a row in place; the event keeps what the changed columns were before. */
  change<T extends EntityTable>(
    table: T,
    row: LedgerTables[T][number],
    after: Partial<LedgerTables[T][number]>,
    occasion: Occasion,
  ): void {
    const former: Record<string, unknown> = { ...row };
    const before = Object.fromEntries(Object.keys(after).map((column) => [column, former[column]]));
    this.#append(table, row.id, occasion, structuredClone({ before, after }));
    Object.assign(row, after);
  }

  /** The tables with the audit trail in time order, as it would have been appended. */
  finish(): LedgerTables {
    const { audit_trail: events, ...tables } = this.tables;
    const inTimeOrder = events.toSorted((one, other) =>
      one.timestamp === other.timestamp ? 0 : one.timestamp < other.timestamp ? -1 : 1,
    );
    return { ...tables, audit_trail: inTimeOrder };
  }

  #append(table: EntityTable, entityId: string, occasion: Occasion, metadata: AuditRow['metadata']): void {
    const entityType = ENTITY_TYPES[table];
    this.tables.audit_trail.push({
      id: this.newId(),
      event_type: `${entityType}_${occasion.verb}`,
      entity_type: entityType,
      entity_id: entityId,
      timestamp: occasion.at,
      actor: occasion.actor,
      action: occasion.action,
      metadata,
      correlation_id: occasion.correlationId,
    });
  }
}
