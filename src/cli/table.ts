import type { CellOptions } from 'cli-table3';

export interface Column {
  readonly title: string;
  /** Numbers stand right, so that their points stand below each other. */
  readonly align?: 'right';
  /** It is left out where the terminal is too narrow; the last such column first. */
  readonly optional?: true;
}

export interface Table {
  readonly text: string;
  /** Titles of the columns that there was no room for. */
  readonly leftOut: readonly string[];
}

const GAP = 2;

/** A table without frames that fits the terminal; as wide as it needs to be where standard output is none. */
export async function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  room: number = process.stdout.columns ?? Number.POSITIVE_INFINITY,
): Promise<Table> {
  const { default: CliTable } = await import('cli-table3');
  const widths = columns.map(({ title }, at) =>
    rows.reduce((most, row) => Math.max(most, row[at]!.length), title.length),
  );
  const shown = columns.map((_, at) => at);
  const excess = () => shown.reduce((sum, at) => sum + widths[at]! + GAP, -GAP) - room;
  const leftOut: string[] = [];
  while (excess() > 0) {
    const at = shown.findLast((candidate) => columns[candidate]!.optional);
    if (at === undefined) break;
    shown.splice(shown.indexOf(at), 1);
    leftOut.unshift(columns[at]!.title);
  }
  const table = new CliTable({
    chars: FRAMELESS,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colWidths: shown.map((at) => widths[at]!),
  });
  const cells = (texts: readonly string[]): CellOptions[] =>
    shown.map((at) => ({ content: texts[at]!, hAlign: columns[at]!.align ?? 'left' }));
  table.push(cells(columns.map((column) => column.title)));
  table.push(shown.map((at) => '─'.repeat(widths[at]!)));
  for (const row of rows) table.push(cells(row));
  const text = table.toString().replace(/ +$/gm, '');
  return { text, leftOut };
}

const FRAMELESS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '' },
  ...{ 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '' },
  middle: ' '.repeat(GAP),
};
