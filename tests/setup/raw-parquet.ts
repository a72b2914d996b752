import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { type FileMetaData, parquetMetadata, parquetReadObjects, type SchemaElement } from 'hyparquet';
import { type Cell, decimalText } from './stored-cells.js';

export interface RawParquet {
  readonly metadata: FileMetaData;
  readonly rows: readonly Readonly<Record<string, Cell>>[];
}

const DAY = 86_400_000;

/** Reads a file with its types taken away, so that integers come as they stand in it, and makes decimals of them by its schema here. */
export async function readRawParquet(path: string): Promise<RawParquet> {
  const bytes = await readFile(path);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const metadata = parquetMetadata(file);
  const raw = parquetMetadata(file);
  for (const element of raw.schema) {
    if (element.converted_type === 'LIST' || element.converted_type === 'UTF8') continue;
    delete element.converted_type;
    delete element.logical_type;
  }
  const compressors = { GZIP: (input: Uint8Array) => new Uint8Array(gunzipSync(input)) };
  const rows = await parquetReadObjects({ file, metadata: raw, compressors });
  const columns = metadata.schema.filter((element) => element.name !== 'list' && element.name !== 'schema');
  const lists = columns.filter((_, index) => columns[index + 1]?.name === 'element');
  return {
    metadata,
    rows: rows.map((row) =>
      Object.fromEntries(
        columns.flatMap((element, index) => {
          const value: unknown = row[element.name];
          if (element.name === 'element') return [];
          if (!lists.includes(element)) return [[element.name, cellOf(value, element)]];
          return [[element.name, (value as unknown[]).map((item) => cellOf(item, columns[index + 1]!) as string)]];
        }),
      ),
    ),
  };
}

function cellOf(value: unknown, { converted_type, logical_type, scale = 0 }: SchemaElement): Cell {
  if (value === null || value === undefined) return null;
  if (logical_type?.type === 'DECIMAL') return decimalText(integer(value), scale);
  if (converted_type === 'DATE') return new Date((value as number) * DAY).toISOString().slice(0, 10);
  return String(value);
}

function integer(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  const hex = Buffer.from(value as Uint8Array).toString('hex');
  return BigInt.asIntN(hex.length * 4, BigInt(`0x${hex}`));
}
