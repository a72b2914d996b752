import { IANAZone } from 'luxon';
import { DuckDB, pathLiteral } from '../../duckdb.js';
import { checkFooter, readingFile } from './footer.js';

export interface ParquetColumn {
  /** As DuckDB calls it, which knows no case: of `close` and `Close` the second is `Close_1`. */
  readonly name: string;
  /** As the file has it. */
  readonly written: string;
  /** As DuckDB names it: `DOUBLE`, `DECIMAL(18,8)`, `TIMESTAMP WITH TIME ZONE`. */
  readonly type: string;
}

export interface ParquetSchema {
  readonly rows: number;
  readonly columns: readonly ParquetColumn[];
  /** The columns that were the index of a pandas DataFrame. */
  readonly index: readonly string[];
  /** The zone that the writer's instants were shown in, where it says one: Parquet itself keeps only UTC. */
  readonly zone: string | undefined;
  /** Of the largest row group, unpacked. A page of it is read in one piece, and a writer may put all of a column into one page. */
  readonly largestRowGroup: number;
}

/** SQL that reads the file, with `file_row_number` from 0. */
export function parquetRows(path: string): string {
  return `read_parquet(${pathLiteral(path)}, file_row_number=true, hive_partitioning=false,
    union_by_name=false, filename=false, binary_as_string=true)`;
}

/**
 * What the footer of a Parquet file says. It is read by an engine of its own: one that found an internal fault is of no more use.
 * @throws InvalidInputError `PARQUET_DAMAGED` or `PARQUET_ENCRYPTED`
 */
export async function readSchema(path: string, name: string): Promise<ParquetSchema> {
  await checkFooter(path, name);
  const db = await DuckDB.open();
  const file = pathLiteral(path);
  try {
    return await readingFile(name, async () => {
      const { rows } = await db.row<{ rows: number }>(
        `SELECT sum(num_rows)::DOUBLE AS rows FROM parquet_file_metadata(${file})`,
      );
      const { largest } = await db.row<{ largest: number | null }>(
        `SELECT max(size)::DOUBLE AS largest FROM (
           SELECT sum(total_uncompressed_size) AS size FROM parquet_metadata(${file}) GROUP BY row_group_id)`,
      );
      const columns = await db.rows<{ column_name: string; column_type: string }>(
        `DESCRIBE SELECT * EXCLUDE (file_row_number) FROM ${parquetRows(path)}`,
      );
      const names = await db.rows<{ name: string }>(`SELECT DISTINCT name FROM parquet_schema(${file})`);
      const written = new Set(names.map(({ name }) => name));
      const notes = await db.rows<{ key: string | null; value: string | null }>(
        `SELECT TRY(decode(key)) AS key, TRY(decode(value)) AS value FROM parquet_kv_metadata(${file})`,
      );
      const note = (wanted: string) => notes.find(({ key }) => key === wanted)?.value ?? undefined;
      const pandas = readPandas(note('pandas'));
      return {
        rows,
        columns: columns.map(({ column_name: name, column_type: type }) => ({
          name,
          written: written.has(name) ? name : name.replace(/_\d+$/, ''),
          type,
        })),
        index: pandas.index,
        largestRowGroup: Math.max(0, largest ?? 0),
        zone: pandas.zone ?? zoneOfArrow(note('ARROW:schema')),
      };
    });
  } finally {
    await db.close();
  }
}

/** https://pandas.pydata.org/docs/development/developer.html, as far as it is what it should be. */
function readPandas(text: string | undefined): { index: string[]; zone: string | undefined } {
  if (text === undefined) return { index: [], zone: undefined };
  let note: { index_columns?: unknown; columns?: unknown } | null;
  try {
    note = JSON.parse(text);
  } catch {
    return { index: [], zone: undefined };
  }
  const listed = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  const zones = listed(note?.columns).map(
    (column) => (column as { metadata?: { timezone?: unknown } | null } | null)?.metadata?.timezone,
  );
  return {
    index: listed(note?.index_columns).filter((name) => typeof name === 'string'),
    zone: onlyZone(zones.filter((zone) => typeof zone === 'string')),
  };
}

/** Arrow's schema is a flatbuffer in base64; a column's zone stands in it as text. */
function zoneOfArrow(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const words = Buffer.from(text, 'base64')
    .toString('latin1')
    .match(/[A-Z][A-Za-z]+(?:\/[A-Z][A-Za-z_+-]+\d*){1,2}/g);
  return onlyZone(words ?? []);
}

function onlyZone(names: readonly string[]): string | undefined {
  const zones = new Set(names.filter((name) => IANAZone.isValidZone(name)));
  return zones.size === 1 ? [...zones][0] : undefined;
}
