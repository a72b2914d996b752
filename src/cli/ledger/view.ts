/** What the command line knows of a table of the ledger. */
import { counted } from '../../domain/counted.js';
import type { SeriesKey } from '../../domain/series.js';
import type { LedgerRow, LedgerTable } from '../../repositories/ledger/ledger-table.js';
import type { Page } from '../../repositories/ledger/page.js';
import type { Store } from '../../store.js';
import { say } from '../output.js';
import { renderTable } from '../table.js';
import type { Field } from './field.js';

import type { ListFilter } from './options.js';

export interface LedgerView<Entity extends LedgerRow & SeriesKey> {
  /** The command group: `wyckoff ranges`. */
  readonly name: string;
  readonly table: LedgerTable<Entity>;
  readonly plural: string;
  readonly fields: readonly Field<Entity>[];
  /** Documents of a row, as they are stored: by the column's name, with what `show` calls them. */
  readonly documents: Readonly<Record<string, string>>;
  /** What a row is, after its noun and its id. */
  readonly summary: (row: Entity) => string;
  /** What a reader of the columns has to know. */
  readonly remark?: string;
  readonly latest: (store: Store, filter: ListFilter) => Promise<Page<Entity>>;
}

/** Prints rows as a table that fits the terminal, and answers the columns without room. One in which no row has a value is left out. */
export async function printRows<Entity extends LedgerRow & SeriesKey>(
  { fields }: LedgerView<Entity>,
  rows: readonly Entity[],
): Promise<readonly string[]> {
  const columns = fields
    .filter(({ listed }) => listed !== 'never')
    .map(({ title, listed, align, cells }) => ({
      column: { title, ...(align && { align }), ...(listed === 'optional' && { optional: true as const }) },
      cells: cells(rows, false),
    }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const { text, leftOut } = await renderTable(
    columns.map(({ column }) => column),
    rows.map((_, at) => columns.map(({ cells }) => cells[at]!)),
  );
  say(text);
  return leftOut;
}

export function countedRows<Entity extends LedgerRow & SeriesKey>(view: LedgerView<Entity>, count: number): string {
  return counted(count, view.table.noun, view.plural);
}
