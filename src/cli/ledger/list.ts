/** `wyckoff ranges list` and its like. */
import type { SeriesKey } from '../../domain/series.js';
import { type LedgerRow, rowDocument } from '../../repositories/ledger/ledger-table.js';
import { note, say, sayJson } from '../output.js';
import { BACKTESTS } from './backtests.js';
import { CAMPAIGNS } from './campaigns.js';
import { type Ledger, withLedger } from './ledger.js';
import { LARGEST_LIMIT, type ListFilter } from './options.js';
import { PATTERNS } from './patterns.js';
import { RANGES } from './ranges.js';
import { resolveId, resolveRow, unknownStart } from './resolve-id.js';
import { countedRows, type LedgerView, printRows } from './view.js';

export async function list<Entity extends LedgerRow & SeriesKey>(
  view: LedgerView<Entity>,
  { json, ...options }: ListFilter & { readonly json?: true },
): Promise<void> {
  await withLedger(async (ledger) => {
    const filter = await resolveIds(ledger, options);
    const { rows, next } = await view.latest(ledger.store, filter);
    if (rows.length === 0) note(await whyEmpty(view, ledger));
    if (json) sayJson(rows.map((row) => rowDocument(view.table, row)));
    else if (rows.length > 0) {
      const which = next === null ? '' : 'The newest ';
      say(`${which}${countedRows(view, rows.length)}, oldest first, times in UTC`);
      const leftOut = await printRows(view, rows);
      if (leftOut.length > 0) note(`No room here for ${leftOut.join(', ')}; show and --json have everything.`);
    }
    if (next !== null) note(moreHint(filter.limit));
  });
}

/** A cursor would be right too, but longer than the line; windows take a reader past the largest limit. */
function moreHint(limit: number): string {
  const more = limit < LARGEST_LIMIT ? `--limit ${Math.min(LARGEST_LIMIT, limit * 5)} shows more, ` : '';
  return `There are older ones: ${more}--from and --to choose a window.`;
}

async function whyEmpty<Entity extends LedgerRow & SeriesKey>(
  view: LedgerView<Entity>,
  { store }: Ledger,
): Promise<string> {
  const { rows } = await view.latest(store, { limit: 1 });
  if (rows.length > 0)
    return `No ${view.plural} fit these options; "wyckoff ${view.name} list" shows the newest of all.`;
  return `The store has no ${view.plural} yet. "wyckoff seed" loads a sample ledger.`;
}

async function resolveIds(ledger: Ledger, filter: ListFilter): Promise<ListFilter> {
  const row = async <Entity extends LedgerRow & SeriesKey>(view: LedgerView<Entity>, start: string | undefined) =>
    start === undefined ? undefined : resolveRow(ledger, view.table, start, `wyckoff ${view.name} list`);
  const range = await row(RANGES, filter.range);
  const pattern = await row(PATTERNS, filter.pattern);
  const campaign = await row(CAMPAIGNS, filter.campaign);
  const run = filter.run === undefined ? undefined : await resolveRun(ledger, filter.run);
  return {
    ...filter,
    ...(range && { range }),
    ...(pattern && { pattern }),
    ...(campaign && { campaign }),
    ...(run && { run }),
  };
}

async function resolveRun(ledger: Ledger, start: string): Promise<string> {
  const runs = { name: BACKTESTS.table.name, column: 'backtest_run_id' };
  const run = await resolveId(ledger, runs, 'backtest run', start);
  if (run === undefined) throw unknownStart('BACKTEST_RUN_UNKNOWN', 'backtest run', start, 'wyckoff backtests list');
  return run;
}
