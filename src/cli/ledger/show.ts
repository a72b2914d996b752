/** `wyckoff ranges show` and its like: everything of one row. */
import type { SeriesKey } from '../../domain/series.js';
import { type LedgerRow, rowDocument } from '../../repositories/ledger/ledger-table.js';
import { requireById } from '../../repositories/ledger/missing.js';
import { readAllPages } from '../../repositories/ledger/page.js';
import type { Store } from '../../store.js';
import { say, sayJson } from '../output.js';
import { documentLines } from './document-text.js';
import type { Field } from './field.js';
import { printHistory } from './history.js';
import { withLedger } from './ledger.js';
import type { Related } from './related.js';
import { resolveRow } from './resolve-id.js';
import type { LedgerView } from './view.js';
import { wrapped } from './wrap.js';

const GAP = 2;

export async function show<Entity extends LedgerRow & SeriesKey>(
  view: LedgerView<Entity>,
  related: (store: Store, row: Entity) => Promise<Related[]>,
  start: string,
  { json }: { readonly json?: true },
): Promise<void> {
  await withLedger(async (ledger) => {
    const { table, fields, remark } = view;
    const id = await resolveRow(ledger, table, start, `wyckoff ${view.name} list`);
    const row = await ledger.session.withClient((client) => requireById(client, table, id));
    const document = rowDocument(table, row);
    if (json) return sayJson(document);

    say(`${table.noun} ${id}`);
    say(wrapped('', `${row.symbol} ${row.timeframe}, ${view.summary(row)}; times in UTC`));
    say();
    for (const line of fieldLines(fields, row)) say(line);
    if (remark) say(`\n${wrapped('', remark)}`);
    for (const [column, heading] of Object.entries(view.documents)) {
      say(`\n${heading}`);
      for (const line of await documentLines(document[column] ?? null)) say(line);
    }
    for (const { heading, count, print } of await related(ledger.store, row)) {
      say(`\n${heading}${count === 0 ? ': none' : ''}`);
      if (count > 0) await print();
    }
    say('\nHistory');
    printHistory(await readAllPages((page) => ledger.store.audit.byEntity(table.entityType, id, page)));
  });
}

/** A line for each value; the id stands above them. */
function fieldLines<Entity>(fields: readonly Field<Entity>[], row: Entity): string[] {
  const lines = fields
    .filter(({ title }) => title !== 'id' && title !== 'series')
    .map(({ title, cells }) => [title, cells([row], true)[0] || 'none'] as const);
  const width = Math.max(...lines.map(([title]) => title.length)) + GAP;
  return lines.map(([title, text]) => wrapped(`  ${title.padEnd(width)}`, text));
}
