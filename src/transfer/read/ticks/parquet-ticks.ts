import type { Problem } from '../../../errors.js';
import { DuckDB } from '../../duckdb.js';
import type { Source } from '../archive/source.js';
import { fileError } from '../file-problem.js';
import { explain } from '../parquet/footer.js';
import { type ParquetColumn, parquetRows, readSchema } from '../parquet/schema.js';
import { optionalTextOf, textOf } from '../parquet/values.js';
import type { TickBatch, TickInputs, TickKind, TickSource } from './tick-source.js';
import { type Fields, ownColumns, ownKind, ownRows } from './wyckoff.js';

/**
 * Ticks or indicators in Parquet, with the columns of an export of ours; undefined where the file has others. DuckDB gives each value as text, decimals
 * with all their digits, so that a row is read as one of CSV is. Its line is its number from 1.
 * @throws InvalidInputError `PARQUET_DAMAGED`, `PARQUET_ENCRYPTED`, `FILE_HAS_NO_ROWS`, `TRADE_ID_INVALID`
 */
export async function parquetTicks({ path, name: file }: Source): Promise<TickSource | undefined> {
  const schema = await readSchema(path, file);
  const names = schema.columns.map(({ written }) => written);
  const kind = ownKind(names);
  if (kind === undefined) return undefined;
  if (schema.rows === 0) {
    throw fileError({ code: 'FILE_HAS_NO_ROWS', path: '', value: file, rule: 'the file has columns and no rows' });
  }
  const { mapping, leftOut } = ownColumns(kind, names);
  const columns = schema.columns.filter(({ written }) => mapping[written] !== undefined);
  for (const { written, type } of columns) if (written === 'trade_id') checkIds(type);
  const zoneless = columns.some(
    ({ written, type }) => written === 'timestamp' && /^(?:TIMESTAMP(?!.*ZONE)|DATE$)/.test(type),
  );
  const texts = columns.map((column) => fieldOf(column));
  const query = `SELECT CAST(file_row_number + 1 AS DOUBLE), ${texts.join(', ')} FROM ${parquetRows(path)}`;
  return {
    layout: `wyckoff-${kind}-parquet`,
    ...{ mapping, leftOut, kinds: [kind], own: true },
    notices: () => (zoneless ? ['times without a zone were read as UTC'] : []),
    async *batches(tally, { signal, onProgress }) {
      const read = ownRows(kind, false);
      let problems: Problem[] = [];
      const report = (problem: Problem) => problems.push(problem);
      let done = 0;
      for await (const { lines: places, values } of chunks(query, file, columns, schema.rows)) {
        signal?.throwIfAborted();
        const rows: TickInputs[TickKind][] = [];
        const lines: number[] = [];
        for (let index = 0; index < places.length; index += 1) {
          tally.rows += 1;
          const row = read(values[index]!, report);
          if (row) {
            rows.push(row);
            lines.push(places[index]!);
          }
          if (problems.length > 0) tally.reject(places[index]!, problems);
          if (problems.length > 0) problems = [];
        }
        yield { kind, rows, lines } as unknown as TickBatch;
        done += places.length;
        onProgress?.(done, schema.rows);
      }
    },
  };
}

/** Where some are missing pandas makes floats of integers: then two ids may have become one. */
function checkIds(type: string): void {
  if (type !== 'DOUBLE' && type !== 'FLOAT') return;
  const rule = 'the ids are floats, which do not keep long ones';
  const hint = 'write them as texts or as integers (in pandas: Int64)';
  throw fileError({ code: 'TRADE_ID_INVALID', path: 'trade_id', value: type, rule, hint });
}

const isList = ({ type }: ParquetColumn) => type.endsWith(']');

/** SQL of the text that CSV has in this column's place; of a list, see {@link elementsOf}. */
function fieldOf(column: ParquetColumn): string {
  if (isList(column)) return textOf(column);
  if (column.type.startsWith('TIMESTAMP')) return `replace(${textOf(column)}, ' ', 'T')`;
  return column.type === 'VARCHAR' ? `"${column.name.replaceAll('"', '""')}"` : optionalTextOf(column);
}

/**
 * `[1.5, 2.0]` as CSV has it: `1.5 2.0`. In SQL it would take several times the memory, which then does not suffice for 800 books of 1,000 levels.
 * An element that is missing is no number, and is refused as one.
 */
function elementsOf(list: unknown): unknown {
  return typeof list === 'string' ? list.slice(1, -1).replaceAll(', ', ' ') : list;
}

/** In characters: a chunk of DuckDB has 2,048 rows, and with them as many books, each of up to 20,000 numbers. */
const BATCH = 1 << 18;

/** Each reading has an engine of its own: one that found a file to be damaged is of no more use. */
async function* chunks(query: string, file: string, columns: readonly ParquetColumn[], rows: number) {
  const db = await DuckDB.open();
  try {
    for await (const chunk of db.stream(query, rows)) {
      const [line, ...vectors] = Array.from({ length: chunk.columnCount }, (_, index) => chunk.getColumnVector(index));
      const { rowCount } = chunk; // asked of the engine each time
      let lines: number[] = [];
      let values: Fields[] = [];
      let size = 0;
      for (let row = 0; row < rowCount; row += 1) {
        const fields: Record<string, unknown> = {};
        for (const [at, column] of columns.entries()) {
          const value = vectors[at]!.getItem(row);
          if (typeof value === 'string') size += value.length;
          fields[column.written] = isList(column) ? elementsOf(value) : value;
        }
        lines.push(line!.getItem(row) as number);
        values.push(fields);
        if (size < BATCH && row < rowCount - 1) continue;
        yield { lines, values };
        [lines, values, size] = [[], [], 0];
      }
    }
  } catch (error) {
    throw explain(file, error);
  } finally {
    await db.close();
  }
}
