import { readChoice } from '../../domain/choice.js';
import { type Report, readOrThrow, requireObject } from '../../domain/problem.js';
import { type MarketSymbol, readSymbol } from '../../domain/symbol.js';
import { type InstantInput, readInstant } from '../../domain/time.js';
import { readTimeframe, type Timeframe } from '../../domain/timeframe.js';
import { EXPORT_KINDS, type ExportKind, type ExportTable } from './kinds.js';
import { EXPORT_TABLES } from './tables.js';

/** Which rows to export. */
export interface SelectionInput {
  /** Default: all that the other fields can select from. */
  readonly kinds?: readonly ExportKind[] | undefined;
  readonly symbols?: readonly string[] | undefined;
  readonly timeframes?: readonly string[] | undefined;
  /** First instant that belongs to it: of a bar's opening, a trade, a pattern's bar and the like. */
  readonly from?: InstantInput | undefined;
  /** First instant that no longer does. */
  readonly to?: InstantInput | undefined;
}

export interface Selection {
  readonly tables: readonly ExportTable[];
  readonly symbols: readonly MarketSymbol[] | undefined;
  readonly timeframes: readonly Timeframe[] | undefined;
  readonly from: Date | undefined;
  readonly to: Date | undefined;
  /** Everything of the kinds. */
  readonly whole: boolean;
}

/** @throws InvalidInputError EXPORT_NOT_SELECTABLE for a kind that cannot be selected so, and what the values break */
export function readSelection(input: SelectionInput): Selection {
  requireObject(input, 'export');
  return readOrThrow('export', (report) => {
    const symbols = input.symbols?.flatMap((symbol, index) => readSymbol(symbol, `symbols[${index}]`, report) ?? []);
    const timeframes = input.timeframes?.flatMap(
      (timeframe, index) => readTimeframe(timeframe, `timeframes[${index}]`, report) ?? [],
    );
    const from = input.from === undefined ? undefined : readInstant(input.from, 'from', report);
    const to = input.to === undefined ? undefined : readInstant(input.to, 'to', report);
    if (from && to && to < from) {
      const rule = `to is not before from (${from.toISOString()})`;
      report({ code: 'WINDOW_REVERSED', path: 'to', value: input.to, rule });
    }
    const wanted = { symbols, timeframes, from, to };
    const kinds = input.kinds?.flatMap(
      (kind, index) => readChoice(kind, EXPORT_KINDS, 'a kind', `kinds[${index}]`, report) ?? [],
    );
    for (const kind of kinds ?? []) requireSelectable(EXPORT_TABLES[kind], wanted, report);
    const chosen = EXPORT_KINDS.filter((kind) =>
      kinds ? kinds.includes(kind) : selectable(EXPORT_TABLES[kind], wanted),
    );
    const whole = !symbols && !timeframes && !from && !to;
    return { tables: chosen.map((kind) => EXPORT_TABLES[kind]), ...wanted, whole };
  });
}

type Wanted = Pick<Selection, 'symbols' | 'timeframes' | 'from' | 'to'>;

function selectable(table: ExportTable, wanted: Wanted): boolean {
  return missing(table, wanted) === undefined;
}

/** What rows of the table do not have. */
function missing({ symbol, timeframe, time }: ExportTable, wanted: Wanted): string | undefined {
  if (wanted.symbols && !symbol) return 'symbol';
  if (wanted.timeframes && !timeframe) return 'timeframe';
  return (wanted.from || wanted.to) && time === undefined ? 'time' : undefined;
}

function requireSelectable(table: ExportTable, wanted: Wanted, report: Report): void {
  const what = missing(table, wanted);
  if (what === undefined) return;
  const rule = `${table.kind} have no ${what} to be selected by`;
  const hint = `leave out ${table.kind}, or export them in a run of their own`;
  report({ code: 'EXPORT_NOT_SELECTABLE', path: 'kinds', value: table.kind, rule, hint });
}
