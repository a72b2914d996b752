import { isDeepStrictEqual } from 'node:util';
import { BY_THE_STORE, type Row, TABLES, type Table, type Tables } from './rows.js';

/** Why a move is refused, by the class of the error. */
export type Kind = 'NotFound' | 'StaleVersion' | 'IllegalMove' | 'Conflict' | 'InvalidInput';

/** What the model says of a move: the rows that it answers, or why it is refused; one of several reasons, where several hold. */
export type Outcome =
  | { readonly rows: readonly Row[]; readonly refused?: never }
  | { readonly refused: ReadonlySet<Kind>; readonly rows?: never };

export type Values = Readonly<Record<string, unknown>>;
type RowMaps = { readonly [T in Table]: Map<string, Tables[T]> };

/** What a create reads of its input: the row, without the instants that the store sets. */
export type Created<T extends Table> = Omit<Tables[T], 'created_at' | 'updated_at'> & { readonly id: string };

export function refused(...kinds: readonly Kind[]): Outcome {
  return { refused: new Set(kinds) };
}

/** The ledger in memory. Rows are replaced, never changed, so that a copy of the maps is a copy of the world. */
export class World {
  readonly rows: RowMaps = {
    trading_ranges: new Map(),
    patterns: new Map(),
    signals: new Map(),
    campaigns: new Map(),
    backtest_results: new Map(),
  };
  /** The types of each row's events, in their order. */
  readonly events = new Map<string, readonly string[]>();
  /** What each row was created with, as it was read, and as it was written by the caller. */
  readonly created = new Map<string, object>();
  readonly inputs = new Map<string, Values>();

  constructor(readonly volumeRule: 'warn' | 'reject') {}

  copy(): World {
    const copy = new World(this.volumeRule);
    for (const table of TABLES)
      for (const [id, row] of this.rows[table]) (copy.rows[table] as Map<string, Row>).set(id, row);
    for (const name of ['events', 'created', 'inputs'] as const)
      for (const [id, value] of this[name]) (copy[name] as Map<string, unknown>).set(id, value);
    return copy;
  }

  /** Creates a row, or recognises it; `objections` are what other rows say against it. */
  create<T extends Table>(
    table: T,
    input: Values,
    row: Created<T> | undefined,
    eventType: string,
    objections: ReadonlySet<Kind> = new Set(),
  ): Outcome {
    if (row === undefined) return refused('InvalidInput');
    const known = this.rows[table].get(row.id);
    if (known) {
      if (isDeepStrictEqual(this.created.get(row.id), row)) return { rows: [known] };
      return refused('Conflict', ...objections);
    }
    if (objections.size > 0) return { refused: objections };
    this.created.set(row.id, row);
    this.inputs.set(row.id, input);
    const stamps = { created_at: BY_THE_STORE, ...(hasUpdates(table) && { updated_at: BY_THE_STORE }) };
    return this.#put(table, { ...row, ...stamps } as unknown as Tables[T], eventType);
  }

  update<T extends Table>(table: T, row: Tables[T], change: Partial<Tables[T]>, eventType: string): Outcome {
    return this.#put(
      table,
      { ...row, ...change, ...(hasUpdates(table) && { updated_at: BY_THE_STORE }) } as Tables[T],
      eventType,
    );
  }

  /** Takes over the instants that the store has set. */
  settle(table: Table, row: Row): void {
    (this.rows[table] as Map<string, Row>).set(row.id, row);
  }

  #put<T extends Table>(table: T, row: Tables[T], eventType: string): Outcome {
    this.rows[table].set(row.id, row);
    this.events.set(row.id, [...(this.events.get(row.id) ?? []), eventType]);
    return { rows: [row] };
  }
}

function hasUpdates(table: Table): boolean {
  return table !== 'patterns' && table !== 'backtest_results';
}
