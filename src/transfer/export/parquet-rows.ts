import { gzipSync } from 'node:zlib';
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { copyChunks } from '../../database/copy.js';
import { BinaryRowReader } from '../../database/copy-reader.js';
import type { ExportPart } from './column.js';
import type { ParquetColumn } from './parquet-column.js';
import { parquetColumn } from './parquet-column.js';
import type { PartRows } from './part-rows.js';

export type ParquetCompression = 'snappy' | 'gzip';

/** A row group is in memory as a whole, as columns and as pages. Books are wide, so there is a limit in bytes too. */
const GROUP_ROWS = 100_000;
const GROUP_BYTES = 24 * 2 ** 20;

/** A Parquet file, row group by row group. A row group has rows of one series alone, so a reader of one skips the others by their bounds. */
export async function* parquetRows(rows: PartRows, compression: ParquetCompression): AsyncGenerator<Uint8Array, void> {
  const { client, table, signal, done } = rows;
  const columns = table.columns.map((column) => ({ of: column.of, column: parquetColumn(column) }));
  const read = columns.filter(({ of }) => of === undefined).map(({ column }) => column);
  const file = new ParquetFile(
    columns.map(({ column }) => column),
    compression,
  );
  const selected = read.map(({ select }) => select).join(', ');
  for (const part of rows.parts) {
    const constants = columns.flatMap(({ of, column }) => (of === undefined ? [] : [{ column, value: part[of] }]));
    const query = `SELECT ${selected} FROM ${table.relation} AS stored WHERE ${part.where} ORDER BY ${table.order}`;
    const chunks = copyChunks(client, `COPY (${query}) TO STDOUT (FORMAT binary)`, signal);
    let group = new RowGroup(read);
    let count = 0;
    const reader = new BinaryRowReader();
    for await (const chunk of chunks) {
      reader.push(chunk, (row) => group.push(row));
      group.bytes += chunk.length;
      if (group.length < GROUP_ROWS && group.bytes < GROUP_BYTES) continue;
      count += group.length;
      yield file.write(group, constants);
      group = new RowGroup(read);
    }
    if (group.length > 0) yield file.write(group, constants);
    done(part, count + group.length);
  }
  yield file.finish();
}

interface Constant {
  readonly column: ParquetColumn;
  readonly value: ExportPart[keyof ExportPart];
}

/** Rows as columns. */
class RowGroup {
  readonly columns: readonly (WideValues | AnyValues)[];
  length = 0;
  bytes = 0;

  constructor(columns: readonly ParquetColumn[]) {
    this.columns = columns.map((column) => (column.readTo ? new WideValues(column) : new AnyValues(column)));
  }

  push(row: BinaryRowReader): void {
    for (const column of this.columns) column.take(row, this.length);
    this.length += 1;
  }
}

/** 64-bit integers, of which none is made a BigInt: that takes three times as long. */
class WideValues {
  values = new BigInt64Array(1024);
  #halves = new Int32Array(this.values.buffer);

  constructor(readonly column: ParquetColumn) {}

  take(row: BinaryRowReader, place: number): void {
    if (place === this.values.length) {
      const wider = new BigInt64Array(place * 2);
      wider.set(this.values);
      this.values = wider;
      this.#halves = new Int32Array(wider.buffer);
    }
    this.column.readTo!(row, this.#halves, place);
  }
}

class AnyValues {
  readonly values: unknown[] = [];

  constructor(readonly column: ParquetColumn) {}

  take(row: BinaryRowReader, place: number): void {
    this.values[place] = this.column.read(row);
  }
}

class ParquetFile {
  readonly #bytes = new ByteWriter();
  readonly #schema: SchemaElement[];
  readonly #writer: ParquetWriter;
  readonly #columns: readonly ParquetColumn[];

  constructor(columns: readonly ParquetColumn[], compression: ParquetCompression) {
    const elements = columns.flatMap((column) => column.elements);
    this.#schema = [{ name: 'schema', num_children: columns.length }, ...elements.map((element) => ({ ...element }))];
    this.#columns = columns;
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: this.#schema,
      codec: compression === 'snappy' ? 'SNAPPY' : 'GZIP',
      compressors: { GZIP: (bytes) => gzipSync(bytes) },
      createdBy: 'wyckoff-store',
    });
  }

  write({ columns, length }: RowGroup, constants: readonly Constant[]): Uint8Array {
    const data = new Map<string, unknown[] | BigInt64Array>(
      columns.map(({ column, values }) => [column.name, values.slice(0, length)]),
    );
    for (const { column, value } of constants) data.set(column.name, new Array(length).fill(value));
    const columnData = this.#columns.map(({ name, bounds }) => ({
      name,
      data: data.get(name) as never,
      statistics: bounds,
    }));
    void this.#writer.write({ columnData, rowGroupSize: length }); // waits for nothing: the bytes are in memory
    return this.#take();
  }

  finish(): Uint8Array {
    // Given from the start, the writer would take each integer for a value that it has to convert first: a third slower. Old readers want them.
    for (const element of this.#schema) {
      if (element.type !== 'INT64' || element.converted_type !== undefined) continue;
      if (element.logical_type?.type === 'DECIMAL') element.converted_type = 'DECIMAL';
      if (element.logical_type?.type === 'TIMESTAMP') element.converted_type = 'TIMESTAMP_MICROS';
    }
    void this.#writer.finish();
    return this.#take();
  }

  #take(): Uint8Array {
    const bytes = this.#bytes.getBytes().slice();
    this.#bytes.index = 0;
    return bytes;
  }
}
