import type { Client } from '../../database/session.js';
import { formatInstant } from '../../domain/time.js';
import { InvalidInputError } from '../../errors.js';
import { Findings } from '../../repositories/audit/audit-problem.js';
import { digestHeads } from '../../repositories/audit/verify.js';
import type { ExportPart } from './column.js';
import { type ExportForm, fileName } from './form.js';
import type { ExportTable } from './kinds.js';
import { type ExportedFile, type ExportedSeries, type ExportManifest, packageVersion } from './manifest.js';
import type { WriteOptions, Written } from './output.js';
import type { PartRows } from './part-rows.js';
import { listParts } from './parts.js';
import type { ExportProgress } from './progress.js';
import type { Selection } from './selection.js';
import { csvRows, ndjsonRows } from './text-rows.js';

interface Snapshot {
  readonly client: Client;
  readonly selection: Selection;
  readonly form: ExportForm;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: ExportProgress) => void) | undefined;
}

type Write = (name: string, source: AsyncIterable<Uint8Array>, options: WriteOptions) => Promise<Written>;

/** What must not be moved to other chunks while it is read. */
export function lockedTables({ tables }: Selection): string[] {
  const catalogs = tables.flatMap(({ catalog }) => catalog ?? []);
  return [...new Set([...tables.map(({ relation }) => relation), ...catalogs])];
}

/** Writes a file for each kind that was asked for, or has rows. @throws InvalidInputError EXPORT_EMPTY */
export async function writeSnapshot(snapshot: Snapshot, write: Write): Promise<ExportManifest> {
  const { client, selection, form } = snapshot;
  const database = await describeDatabase(client);
  const found: { table: ExportTable; parts: ExportPart[] }[] = [];
  for (const table of selection.tables) found.push({ table, parts: await listParts(client, table, selection) });
  const present = found.filter(({ parts }) => parts.length > 0);
  if (present.length === 0) throw nothing(selection);
  const files: ExportedFile[] = [];
  for (const { table, parts } of present) files.push(await writeTable(snapshot, table, parts, write));
  const chained = selection.tables.some(({ kind }) => kind === 'audit-chains');
  return {
    format: 'wyckoff export 1',
    version: packageVersion(),
    ...database,
    files_format: form.format,
    compression: form.compression,
    selection: selection.whole ? null : describeSelection(selection),
    files,
    audit_digest: chained ? (await digestHeads(client, new Findings(), {})).digest : null,
  };
}

async function writeTable(
  { client, form, signal, onProgress }: Snapshot,
  table: ExportTable,
  parts: readonly ExportPart[],
  write: Write,
): Promise<ExportedFile> {
  const path = fileName(table.kind, form);
  const counts: number[] = [];
  let [rows, bytes] = [0, 0];
  const tell = () => onProgress?.({ kind: table.kind, parts: counts.length, allParts: parts.length, rows, bytes });
  const done = (_: ExportPart, count: number) => {
    counts.push(count);
    rows += count;
    tell();
  };
  const source = await rowsIn(form, { client, table, parts, signal, done });
  const onBytes = (count: number) => {
    bytes = count;
    tell();
  };
  const written = await write(path, source, { gzip: path.endsWith('.gz'), signal, onBytes });
  const ranges: Range[] = [];
  for (const part of parts) ranges.push(await rangeOf(client, table, part));
  return {
    kind: table.kind,
    path,
    rows,
    ...written,
    columns: table.columns.map(({ name }) => name),
    ...outermost(ranges),
    ...(table.catalog && {
      series: parts.map((part, index) => ({ ...seriesOf(part), rows: counts[index]!, ...ranges[index]! })),
    }),
  };
}

function seriesOf({
  symbol = '',
  timeframe,
  name,
  volumeScale,
}: ExportPart): Omit<ExportedSeries, 'rows' | keyof Range> {
  return {
    symbol,
    ...(timeframe !== undefined && { timeframe }),
    ...(name !== undefined && { name }),
    ...(volumeScale !== undefined && { volume_scale: volumeScale }),
  };
}

async function rowsIn({ format, compression }: ExportForm, rows: PartRows): Promise<AsyncIterable<Uint8Array>> {
  if (format === 'csv') return csvRows(rows);
  if (format === 'ndjson') return ndjsonRows(rows);
  const { parquetRows } = await import('./parquet-rows.js');
  return parquetRows(rows, compression === 'gzip' ? 'gzip' : 'snappy');
}

interface Range {
  readonly first: string | null;
  readonly last: string | null;
}

async function rangeOf(client: Client, { relation, time }: ExportTable, { where }: ExportPart): Promise<Range> {
  if (time === undefined) return { first: null, last: null };
  const [first, last] = ['min', 'max'].map(
    (end) => `to_char(${end}(stored.${time}), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${end === 'min' ? 'first' : 'last'}`,
  );
  const { rows } = await client.query<Range>(`SELECT ${first}, ${last} FROM ${relation} AS stored WHERE ${where}`);
  return rows[0]!;
}

function outermost(ranges: readonly Range[]): Range {
  const firsts = ranges.flatMap(({ first }) => first ?? []).sort();
  const lasts = ranges.flatMap(({ last }) => last ?? []).sort();
  return { first: firsts[0] ?? null, last: lasts.at(-1) ?? null };
}

async function describeDatabase(client: Client): Promise<Pick<ExportManifest, 'migrations' | 'taken_at'>> {
  const { rows } = await client.query<{ taken_at: Date; migrations: string[] }>(
    `SELECT clock_timestamp() AS taken_at, ARRAY(SELECT migration_name::text FROM _prisma_migrations
       WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY 1) AS migrations`,
  );
  const { taken_at, migrations } = rows[0]!;
  return { migrations, taken_at: formatInstant(taken_at) };
}

function describeSelection({ symbols, timeframes, from, to }: Selection): ExportManifest['selection'] {
  return {
    symbols: symbols?.slice() ?? null,
    timeframes: timeframes?.slice() ?? null,
    from: from ? formatInstant(from) : null,
    to: to ? formatInstant(to) : null,
  };
}

function nothing({ tables, symbols }: Selection): InvalidInputError {
  const kinds = tables.map(({ kind }) => kind).join(', ');
  const rule = `there are no ${kinds} of this selection`;
  const hint = '`wyckoff bars list` shows what bars there are';
  return new InvalidInputError(
    [{ code: 'EXPORT_EMPTY', path: 'symbols', value: symbols?.join(', ') ?? null, rule, hint }],
    'export',
  );
}
