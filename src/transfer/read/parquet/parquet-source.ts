import type { Problem } from '../../../errors.js';
import { DuckDB, literal } from '../../duckdb.js';
import type { BarSource, OptionalColumn, WrittenRow } from '../bar-source.js';
import { fileError } from '../file-problem.js';
import type { LayoutDescription } from '../layouts/description.js';
import { inReadingRoom } from '../reading-room.js';
import { readWrittenTime, type WrittenTime } from '../written-time.js';
import { type FieldColumns, mapColumns, type ParquetMapping } from './columns.js';
import { damaged, explain, readingFile } from './footer.js';
import { type ParquetSchema, parquetRows, readSchema } from './schema.js';
import {
  countOf,
  EPOCH_UNIT,
  type EpochUnit,
  optionalTextOf,
  priceOf,
  scaledVolumeText,
  textOf,
  timeOf,
  volumeOf,
  WHOLE,
} from './values.js';

const PRICES = ['open', 'high', 'low', 'close'] as const;
const MIB = 2 ** 20;
/** In MiB: what the engine has, and what a large row group may add to it. */
const MEMORY = 122;
const MORE_MEMORY = 192;
const TEXTS = ['symbol', 'timeframe', 'source'] as const;

/**
 * A Parquet file of bars, however many symbols it has: in a column of theirs, or each with columns of its own. A row's line is its number
 * from 1. `name` is what messages call the file.
 * @throws InvalidInputError
 */
export async function parquetSource(
  path: string,
  name: string,
  { timezone, map }: { readonly timezone?: string | undefined; readonly map?: LayoutDescription | undefined },
): Promise<BarSource> {
  const schema = await readSchema(path, name);
  if (schema.rows === 0) {
    throw fileError({ code: 'FILE_HAS_NO_ROWS', path: '', value: name, rule: 'the file has columns and no rows' });
  }
  const mapping = mapColumns(schema, map);
  if (!map) checkScales(schema, mapping);
  const reader = new ParquetReader(path, name, schema, mapping, timezone ?? map?.timezone ?? schema.zone);
  await reader.prepare();
  const symbolOfColumns = mapping.symbols.length === 1 ? mapping.symbols[0]!.symbol : undefined;
  return {
    layout: map?.layout ?? (mapping.own ? 'wyckoff' : 'parquet'),
    rows: reader.rows,
    mapping: Object.fromEntries(
      Object.entries(mapping.symbols[0]!.columns).map(([field, column]) => [field, column.name]),
    ),
    leftOut: mapping.leftOut,
    notices: reader.notices(),
    dateZone: reader.dateZone(),
    columns: reader.columns,
    told: {
      ...{ timeframe: map?.timeframe, timeframes: map?.timeframes, timezone: map?.timezone },
      ...{ symbolRules: map?.symbolRules, volumeScale: map?.volumeScale, sessionTimes: map?.sessionTimes },
      ...{ symbol: map?.symbol ?? symbolOfColumns, symbolOfColumns },
    },
    load: (db, { round }) => reader.load(db, round),
    written: (db, table) => reader.written(db, table),
  };
}

/**
 * Databento's integers are prices x 10^9; whole prices of others stand as they are. An export of ours counts units of a volume as integers:
 * where a tool made decimals of them they may be those units, or natural ones from our CSV.
 */
function checkScales({ columns }: ParquetSchema, { symbols, own }: ParquetMapping): void {
  const { open, volume } = symbols[0]!.columns;
  if (own && !WHOLE.test(volume.type)) {
    const rule = 'with a column volume_scale volumes are integers x 10^-volume_scale, and these are none';
    const hint = 'write them as integers, or leave volume_scale out where they are in natural units';
    throw fileError({ code: 'VOLUME_SCALE_UNCLEAR', path: 'volume', value: volume.type, rule, hint });
  }
  const { type } = open;
  const databento = ['publisher_id', 'instrument_id'].every((name) => columns.some((column) => column.name === name));
  if (!databento || !WHOLE.test(type)) return;
  const rule = 'Databento writes integers for prices x 10^9, and this Parquet file has integers';
  const hint = 'write it again with prices as floats or decimals (to_parquet with price_type="float")';
  throw fileError({ code: 'PRICE_SCALE_UNCLEAR', path: 'open', value: type, rule, hint });
}

class ParquetReader {
  rows = 0;
  readonly columns: ReadonlySet<OptionalColumn>;
  readonly #path: string;
  readonly #name: string;
  readonly #schema: ParquetSchema;
  readonly #mapping: ParquetMapping;
  readonly #zone: string | undefined;
  #unit: EpochUnit | undefined;
  #absent = 0;

  constructor(path: string, name: string, schema: ParquetSchema, mapping: ParquetMapping, zone: string | undefined) {
    this.#path = path;
    this.#name = name;
    this.#schema = schema;
    this.#mapping = mapping;
    this.#zone = zone;
    const [{ columns } = { columns: {} as FieldColumns }] = mapping.symbols;
    const known = [...TEXTS, 'volume_scale' as const].filter((column) => columns[column] !== undefined);
    this.columns = new Set<OptionalColumn>([...known, ...(this.#wide ? (['symbol'] as const) : [])]);
  }

  get #wide(): boolean {
    return this.#mapping.symbols.length > 1;
  }

  /** Counts the rows, and finds what a whole number of the time column counts. */
  async prepare(): Promise<void> {
    const { symbols } = this.#mapping;
    const { timestamp } = symbols[0]!.columns;
    const count = countOf(timestamp);
    this.rows = this.#schema.rows;
    if (count === undefined && !this.#wide) return;
    await inReadingRoom(this.rows, () => this.#scan(count));
  }

  async #scan(count: string | undefined): Promise<void> {
    const { symbols } = this.#mapping;
    const db = await DuckDB.open();
    try {
      await readingFile(this.#name, async () => {
        if (count !== undefined) {
          const [most] = await db.rows<{ unit: EpochUnit | null }>(
            `SELECT ${EPOCH_UNIT} AS unit FROM (SELECT ${count} AS count FROM ${parquetRows(this.#path)})
             WHERE count IS NOT NULL GROUP BY unit ORDER BY count(*) DESC LIMIT 1`,
          );
          this.#unit = most?.unit ?? undefined;
        }
        if (this.#wide) {
          const there = symbols.map(({ columns }) => `count(*) FILTER (${present(columns)})`);
          const { rows } = await db.row<{ rows: number }>(
            `SELECT (${there.join(' + ')})::DOUBLE AS rows FROM ${parquetRows(this.#path)}`,
          );
          this.rows = rows;
          this.#absent = this.#schema.rows * symbols.length - rows;
        }
      });
    } finally {
      await db.close();
    }
  }

  dateZone(): string | null | undefined {
    const { type } = this.#mapping.symbols[0]!.columns.timestamp;
    return type.endsWith('ZONE') || this.#unit ? (this.#zone ?? null) : undefined;
  }

  notices(): string[] {
    const notices: string[] = [];
    if (this.#unit) notices.push(`whole numbers were read as times in ${UNIT_NAMES[this.#unit]} since 1970`);
    if (this.#wide) {
      const { rows } = this.#schema;
      notices.push(
        `each symbol has columns of its own: row ${rows} is the last of the first symbol, row ${rows + 1} the first of the second`,
      );
      if (this.#absent > 0)
        notices.push(`where a symbol has no value at all in a row it has no bar: ${this.#absent} times`);
    }
    return notices;
  }

  async load(db: DuckDB, round: boolean): Promise<void> {
    await this.#allowRowGroup(db);
    // The footer's statistics are believed else: where they say that no volume is negative, no volume is asked whether it is.
    await db.run(`SET disabled_optimizers = 'statistics_propagation'`);
    const selects = this.#mapping.symbols.map((_, index) => this.#select(index, round));
    await readingFile(this.#name, () => db.run(`CREATE TABLE loaded AS ${selects.join(' UNION ALL ')}`));
    await db.run(`SET memory_limit = '${MEMORY}MiB'`); // what comes now goes to disk where it is large
    const { rows } = await db.row<{ rows: number }>('SELECT count(*)::DOUBLE AS rows FROM loaded');
    if (rows === this.rows) return;
    throw damaged(this.#name, `it says that it has ${this.rows} rows, and it has ${rows}`);
  }

  /** Measured: 5,000,000 rows in one row group with one page a column, 76 MB unpacked, fail at 128 MB and do with 192. */
  async #allowRowGroup(db: DuckDB): Promise<void> {
    const size = Math.ceil((2 * this.#schema.largestRowGroup) / MIB);
    if (size > 0) await db.run(`SET memory_limit = '${MEMORY + Math.min(size, MORE_MEMORY)}MiB'`);
    // A row group is read by one thread anyhow; a second one would hold memory for it beside.
    if (size > MORE_MEMORY / 2) await db.run('SET threads = 1');
  }

  /** The rows of one of the symbols, as `loaded` wants them. */
  #select(index: number, round: boolean): string {
    const { symbol, columns } = this.#mapping.symbols[index]!;
    const time = timeOf(columns.timestamp, this.#zone, this.#unit);
    const prices = PRICES.map((field) => ({ field, ...priceOf(columns[field], `${field}_text`, round, false) }));
    const vwap = columns.vwap && { field: 'vwap', ...priceOf(columns.vwap, 'vwap_text', round, true) };
    const volume = volumeOf(columns.volume, 'volume_text', columns.volume_scale);
    const priced = vwap ? [...prices, vwap] : prices;
    const raw = Object.values(columns).map((column) => `"${column.name.replaceAll('"', '""')}"`);
    const texts = [
      ...priced.flatMap(({ field, text }) => (text ? [`${text} AS ${field}_text`] : [])),
      ...(volume.text ? [`${volume.text} AS volume_text`] : []),
    ];
    const needed = ['written', 'units', 'fraction', ...PRICES].map((value) => `${value} IS NOT NULL`);
    if (columns.vwap) needed.push(`(vwap IS NOT NULL OR no_vwap)`);
    const extra = TEXTS.flatMap((column) => {
      if (this.#wide && column === 'symbol') return [`${literal(symbol!)} AS symbol`];
      const text = columns[column] && (column === 'source' ? optionalTextOf : textOf)(columns[column]);
      return text ? [`${text} AS ${column}`] : [];
    });
    const scale = columns.volume_scale && `TRY_CAST(${textOf(columns.volume_scale)} AS BIGINT) AS volume_scale`;
    if (scale) {
      extra.push(scale);
      needed.push('volume_scale IS NOT NULL');
    }
    const named = [...TEXTS, 'volume_scale'].filter((column) => this.columns.has(column as OptionalColumn));
    const value = (column: string) => `CASE WHEN plain THEN ${column} END AS ${column}`;
    const values = ['written', 'utc', 'zoned', 'slashed', ...PRICES, 'vwap', 'units', 'fraction', ...named];
    if (round) values.push('rounded');
    return `(SELECT line, plain, ${values.map(value).join(', ')} FROM (
      SELECT *, ${needed.join(' AND ')} AS plain FROM (
        SELECT line, ${time.written} AS written, ${time.utc} AS utc, ${time.zoned} AS zoned, false AS slashed,
          ${prices.map(({ field, value }) => `${value} AS ${field}`).join(', ')},
          ${vwap ? `${vwap.value} AS vwap, ${vwap.text ? 'vwap_text IS NULL' : `${textOf(columns.vwap!)} IS NULL`} AS no_vwap` : 'CAST(NULL AS DECIMAL(18,8)) AS vwap'},
          ${volume.units} AS units, ${volume.fraction} AS fraction,
          ${[`${priced.map(({ rounded }) => rounded).join(' + ')} AS rounded`, ...extra].join(', ')}
        FROM (SELECT ${[`${this.#line(index)} AS line`, ...new Set(raw), ...texts].join(', ')} FROM ${this.#rowsOf(columns)}))))`;
  }

  #line(index: number): string {
    return `CAST(file_row_number AS BIGINT) + ${index * this.#schema.rows + 1}`;
  }

  #rowsOf(columns: FieldColumns): string {
    return `${parquetRows(this.#path)}${this.#wide ? ` WHERE ${present(columns)}` : ''}`;
  }

  async *written(db: DuckDB, table: string): AsyncGenerator<WrittenRow> {
    const { asked } = await db.row<{ asked: number }>(`SELECT count(*)::DOUBLE AS asked FROM ${table}`);
    if (asked === 0) return; // else the whole file would be read for nothing
    const selects = this.#mapping.symbols.map(({ symbol, columns }, index) => {
      const time = timeOf(columns.timestamp, this.#zone, this.#unit);
      const text = (column: FieldColumns[keyof FieldColumns]) => (column ? textOf(column) : 'CAST(NULL AS VARCHAR)');
      const volume = columns.volume_scale
        ? scaledVolumeText(columns.volume, columns.volume_scale)
        : textOf(columns.volume);
      return `SELECT ${this.#line(index)} AS line, CAST(${time.written} AS DOUBLE) AS written, CAST(${time.utc} AS DOUBLE) AS utc,
        ${time.zoned} AS zoned, ${textOf(columns.timestamp)} AS moment, ${PRICES.map((field) => `${text(columns[field])} AS ${field}`).join(', ')},
        ${volume} AS volume, ${columns.vwap ? optionalTextOf(columns.vwap) : 'CAST(NULL AS VARCHAR)'} AS vwap,
        ${this.#wide ? literal(symbol!) : text(columns.symbol)} AS symbol, ${text(columns.timeframe)} AS timeframe,
        ${text(columns.volume_scale)} AS volume_scale, ${text(columns.source)} AS source FROM ${this.#rowsOf(columns)}`;
    });
    const rows = `SELECT line::DOUBLE AS line, * EXCLUDE (line) FROM (${selects.join(' UNION ALL ')}) SEMI JOIN ${table} USING (line) ORDER BY line`;
    try {
      for await (const chunk of db.stream(rows, asked)) {
        const columns = Array.from({ length: chunk.columnCount }, (_, index) => chunk.getColumnVector(index));
        const { rowCount } = chunk; // asked of the engine each time
        for (let row = 0; row < rowCount; row += 1) yield this.#row(columns.map((column) => column.getItem(row)));
      }
    } catch (error) {
      throw explain(this.#name, error);
    }
  }

  #row(values: readonly unknown[]): WrittenRow {
    const [line, written, utc, zoned, ...texts] = values as [number, number | null, number | null, boolean | null];
    const [moment, open, high, low, close, volume, vwap, symbol, timeframe, volumeScale, source] = texts as (
      | string
      | null
    )[];
    const problems: Problem[] = [];
    const timestamp = moment ?? '';
    const time: WrittenTime | undefined =
      written === null || utc === null
        ? readWrittenTime(timestamp, 'timestamp', (problem) => problems.push(problem))
        : { local: written, offset: zoned ? written - utc : undefined, slashed: false };
    const number = (text: string | null | undefined) => text ?? '';
    const fields = {
      time,
      open: number(open),
      high: number(high),
      low: number(low),
      close: number(close),
      volume: number(volume),
      vwap: vwap ?? null,
      ...(this.columns.has('symbol') ? { symbol: number(symbol) } : {}),
      ...(this.columns.has('timeframe') ? { timeframe: number(timeframe) } : {}),
      ...(this.columns.has('volume_scale') ? { volumeScale: number(volumeScale) } : {}),
      ...(this.columns.has('source') ? { source: source || null } : {}),
      original: { timestamp },
    };
    return { line, problems, fields };
  }
}

const UNIT_NAMES = { s: 'seconds', ms: 'milliseconds', us: 'microseconds', ns: 'nanoseconds' };

/** SQL for: the symbol has any value in the row. pandas fills the days of other symbols with NaN. */
function present(columns: FieldColumns): string {
  const values = [...PRICES, 'volume' as const].map((field) => optionalTextOf(columns[field]));
  return `coalesce(${values.join(', ')}) IS NOT NULL`;
}
