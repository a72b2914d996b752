import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/index.js';
import { minuteBars } from './minute-bars.js';
import { openRawClient } from './raw-client.js';

/** Bars with revisions, trades, quotes, order books and indicators, the position of a spool whose process is not there, and what a cutover has noted. */
export async function writeEveryKind(databaseUrl: string): Promise<void> {
  const store = await openStore({ databaseUrl });
  const timestamp = BigInt(Date.UTC(2024, 0, 2, 15)) * 1000n;
  const key = { symbol: 'MSFT', timestamp };
  await store.bars.upsert(minuteBars('MSFT', 4_000));
  await store.bars.upsert(minuteBars('MSFT', 10).map((bar) => ({ ...bar, close: '2.00000001' }))); // leaves revisions
  await store.bars.delete({
    symbol: 'MSFT',
    timeframe: '1m',
    from: '2024-01-01T00:05:00Z',
    to: '2024-01-01T00:08:00Z',
  });
  await store.trades.upsert([
    { ...key, tradeId: 7, price: '10.5', size: '0.00000001', side: 'buy' },
    { ...key, tradeId: null, price: '10.5', size: 3, side: 'sell' },
  ]);
  await store.quotes.upsert([{ ...key, bidPrice: null, bidSize: null, askPrice: '10.51', askSize: 3 }]);
  await store.orderBooks.upsert([{ ...key, bids: [['10.4', 2]], asks: [['10.6', 1]] }]);
  await store.indicators.upsert([
    { symbol: 'MSFT', timeframe: '1d', name: 'rsi', timestamp: '2024-01-02', value: { rsi: '55.5' } },
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'wyckoff-kinds-'));
  await writeFile(join(folder, 'MSFT_1d.csv'), 'date,open,high,low,close,volume\n2024-01-02,10,12,9,11,100\n');
  await store.files.import({ paths: [folder] });
  await rm(folder, { recursive: true });
  await store.close();
  const client = await openRawClient(databaseUrl);
  await client.query('INSERT INTO ingest_positions (spool_id, lane, position) VALUES ($1, 0, 7)', [randomUUID()]);
  await client.query(
    `INSERT INTO cutover_outbox (operation, document) VALUES ('delete', '{"symbol": "MSFT", "timeframe": "1m"}')`,
  );
  await client.query("INSERT INTO cutover_progress (symbol, timeframe, done) VALUES ('MSFT', '1m', true)");
}
