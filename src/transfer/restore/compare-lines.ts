import type { ExportTable } from '../export/kinds.js';
import type { PartRows } from '../export/part-rows.js';
import { ndjsonRows } from '../export/text-rows.js';
import { refusal } from './export-files.js';
import { splitLines } from './split-lines.js';

const REASONS: Partial<Record<ExportTable['kind'], string>> = {
  'audit-trail': 'the event does not fit its hash or its place in its chain',
  'audit-chains': 'the head does not fit the events of its chain',
};
const CHANGED = 'the database keeps other values than it has';

/**
 * Exports what was restored and holds it against the file, line by line; answers how many there are.
 * @throws InvalidInputError EXPORT_ROW_CHANGED, which names the first
 */
export async function compareLines(rows: PartRows, lines: AsyncGenerator<Buffer>, path: string): Promise<number> {
  const { kind } = rows.table;
  let line = 0;
  const different = () => {
    const hint = 'take a copy of the export that is whole';
    return refusal('EXPORT_ROW_CHANGED', path, REASONS[kind] ?? CHANGED, { hint, line: line + 1 });
  };
  try {
    for await (const stored of splitLines(ndjsonRows(rows))) {
      const { value, done } = await lines.next();
      if (done || !stored.equals(value)) throw different();
      line += 1;
    }
    if (!(await lines.next()).done) throw different();
    return line;
  } finally {
    await lines.return(undefined);
  }
}
