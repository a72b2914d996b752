import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import type pg from 'pg';
import { expect, test } from 'vitest';
import { DuckDB, literal } from '../../src/transfer/duckdb.js';
import { type ExportTable, LEDGER_KINDS } from '../../src/transfer/export/kinds.js';
import { EXPORT_TABLES } from '../../src/transfer/export/tables.js';
import { writeEveryKind } from '../setup/every-kind.js';
import { manifestOf, sha256Of, temporaryDirectory, writeHardBars, writeLedger } from '../setup/exported.js';
import { openRawClient } from '../setup/raw-client.js';
import { readRawParquet } from '../setup/raw-parquet.js';
import { csvCell, decimalText, jsonCell, type Row, type StoredTable, storedTable } from '../setup/stored-cells.js';
import { openTestStore } from '../setup/test-database.js';

/** In the order of an export. */
const ORDERS: Partial<Record<ExportTable['kind'], string>> = {
  bars: `symbol COLLATE "C", array_position('{1m,5m,15m,1h,1d}'::text[], timeframe::text), timestamp`,
  trades: 'timestamp, length(trade_id)', // the source's 7, then the store's #0
  quotes: 'timestamp, sequence',
  'order-books': 'timestamp',
  indicators: 'timestamp',
  'audit-trail': 'correlation_id, seq',
  'audit-chains': 'correlation_id',
};

async function everything() {
  const { store, url } = await openTestStore();
  await writeHardBars(store);
  await writeEveryKind(url);
  await writeLedger(store, url);
  return { store, url, raw: await openRawClient(url), directory: await temporaryDirectory() };
}

test('each format has what the database has, to the last digit; the manifest tells of the files', async () => {
  const { store, raw, directory } = await everything();
  const scales = new Map((await store.bars.series()).map((series) => [series.symbol as string, series.volumeScale]));
  for (const format of ['csv', 'ndjson', 'parquet'] as const) {
    const path = join(directory, format);
    const { files } = await store.export({ format, directory: path });
    expect(files.map(({ kind }) => kind)).toEqual(Object.keys(EXPORT_TABLES));
    expect((await readdir(path)).sort()).toEqual([...files.map((file) => file.path), 'manifest.json'].sort());
    const manifest = await manifestOf(path);
    expect(manifest).toMatchObject({ files, selection: null, audit_digest: (await store.audit.verify()).digest });
    for (const file of files) {
      const table = EXPORT_TABLES[file.kind];
      const stored = await storedTable(raw, table.relation, ORDERS[file.kind] ?? 'created_at, id');
      const { rows, types } = inUnits(stored, format === 'parquet' ? undefined : scales);
      const wanted = rows.map((row) =>
        Object.fromEntries(file.columns.map((name) => [name, cellOf(row, name, scales)])),
      );
      const found = await readRows(raw, join(path, file.path), types);
      expect({ ...file, found }).toMatchObject({
        found: wanted,
        rows: wanted.length,
        sha256: await sha256Of(join(path, file.path)),
      });
      expect(wanted.length, file.kind).toBeGreaterThan(0);
      // What is left out is what the store says itself of market data, and nothing of the ledger.
      const left = Object.keys(types).filter((name) => !file.columns.includes(name));
      expect(left, file.kind).toEqual(LEDGER_KINDS.includes(file.kind) ? [] : ['created_at']);
    }
  }
});

function inUnits({ rows, types }: StoredTable, scales: ReadonlyMap<string, number> | undefined): StoredTable {
  if (!scales || types.volume === undefined) return { rows, types };
  const natural = (row: Row) => decimalText(BigInt(row.volume as string), scales.get(row.symbol as string)!);
  return { types, rows: rows.map((row) => ({ ...row, volume: natural(row) })) };
}

function cellOf(row: Row, name: string, scales: ReadonlyMap<string, number>) {
  return name === 'volume_scale' ? `${scales.get(row.symbol as string)}` : row[name];
}

async function readRows(raw: pg.Client, path: string, types: Readonly<Record<string, string>>): Promise<Row[]> {
  if (path.endsWith('.parquet')) return [...(await readRawParquet(path)).rows];
  const text = await readFile(path, 'utf8');
  const cells = <T>(row: Record<string, T>, read: (value: T, type: string) => Row[string]) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, read(value, types[name] ?? 'text')]));
  if (path.endsWith('.csv'))
    return (parse(text, { columns: true }) as Record<string, string>[]).map((row) => cells(row, csvCell));
  const lines = text.split('\n').slice(0, -1);
  const documents = Object.keys(types).filter((name) => types[name] === 'jsonb');
  const rows: Row[] = [];
  for (const line of lines) {
    const row: Record<string, Row[string]> = cells(JSON.parse(line) as Record<string, unknown>, jsonCell);
    // Its numbers are floats by now: the document's own text is what counts.
    for (const name of documents) {
      if (row[name] === null) continue;
      const { rows: texts } = await raw.query<{ text: string }>('SELECT ($1::json -> $2)::text AS text', [line, name]);
      row[name] = texts[0]!.text;
    }
    rows.push(row);
  }
  return rows;
}

test('a Parquet file has its types, a row group never mixes series, and others than its library read it', async () => {
  const { store, directory } = await everything();
  for (const compression of ['snappy', 'gzip'] as const) {
    const path = join(directory, compression);
    await store.export({ kinds: ['bars', 'order-books'], format: 'parquet', compression, directory: path });
    const { metadata } = await readRawParquet(join(path, 'bars.parquet'));
    const series = metadata.row_groups.map(({ columns, num_rows }) => {
      const [symbol, timeframe] = columns.map(({ meta_data }) => meta_data!.statistics!);
      expect([symbol!.min_value, timeframe!.min_value]).toEqual([symbol!.max_value, timeframe!.max_value]);
      expect(columns.every(({ meta_data }) => meta_data!.codec === compression.toUpperCase())).toBe(true);
      return [symbol!.min_value, timeframe!.min_value, num_rows];
    });
    expect(series).toEqual([
      ['AAPL', '1m', 3000n],
      ['AAPL', '1d', 1n],
      ['BTC/USDT', '1m', 4n],
      ['MSFT', '1m', 3997n],
      ['MSFT', '1d', 1n],
    ]);
    const db = await DuckDB.open();
    const bars = literal(join(path, 'bars.parquet'));
    const types = await db.rows(
      `SELECT column_name || ' ' || column_type AS type FROM (DESCRIBE SELECT * FROM ${bars})`,
    );
    expect(types.map(({ type }) => type)).toEqual([
      ...['symbol VARCHAR', 'timeframe VARCHAR', 'timestamp TIMESTAMP WITH TIME ZONE'],
      ...['open', 'high', 'low', 'close'].map((name) => `${name} DECIMAL(18,8)`),
      ...['volume BIGINT', 'vwap DECIMAL(18,8)', 'source VARCHAR', 'volume_scale INTEGER', 'spread DECIMAL(18,8)'],
      ...['spread_ratio DECIMAL(10,4)', 'volume_ratio DECIMAL(10,4)'],
    ]);
    const hard = await db.rows(`SELECT open::VARCHAR AS open, vwap::VARCHAR AS vwap, volume::VARCHAR AS volume, source,
      epoch_us("timestamp") AS at FROM ${bars} WHERE symbol = 'BTC/USDT' ORDER BY "timestamp"`);
    const at = BigInt(Date.UTC(2024, 0, 1)) * 1000n;
    expect(hard.slice(0, 2)).toEqual([
      {
        open: '9999999999.99999999',
        vwap: '9999999999.99999999',
        volume: '9007199254740993001',
        source: 'a, "b" c',
        at,
      },
      { open: '-37.63000000', vwap: '-37.63000001', volume: '1', source: '"', at: at + 60_000_000n },
    ]);
    const book = await db.rows(`SELECT bid_sizes::VARCHAR AS sizes, mid::VARCHAR AS mid, bid_volume::VARCHAR AS volume
      FROM ${literal(join(path, 'order-books.parquet'))}`);
    expect(book).toEqual([{ sizes: '[2.00000000]', mid: '10.500000000', volume: '2.00000000' }]);
    await db.close();
  }
});
