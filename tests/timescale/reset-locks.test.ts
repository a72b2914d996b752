import { afterAll, beforeAll, expect, test } from 'vitest';
import { clusterFolder } from '../setup/cluster-folder.js';
import { deploy, reset } from '../setup/commands.js';
import { openRawClient } from '../setup/raw-client.js';
import type { TemporaryCluster } from '../setup/temporary-cluster.js';
import { createTimescaleCluster, SETTINGS } from '../setup/timescale-server.js';

let cluster: TemporaryCluster;

beforeAll(async () => {
  cluster = await createTimescaleCluster(clusterFolder());
  await cluster.start([...SETTINGS, 'max_connections=20', 'max_locks_per_transaction=64']);
});

afterAll(() => cluster.remove());

test('a reset takes the chunks away in parts: all of them need more locks than the server has', async () => {
  const url = cluster.url();
  await deploy(url);
  const raw = await openRawClient(url);
  for (let day = 0; day < 600; day += 100) {
    await raw.query(
      `INSERT INTO ohlcv_bars (symbol, timeframe, timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio)
       SELECT 'AAPL', '1d', timestamptz '2020-01-01 00:00Z' + day * interval '1 day', 1, 1, 1, 1, 1, 0, 1, 1 FROM generate_series($1::int, $1 + 99) day`,
      [day],
    );
  }
  await expect(raw.query('DROP SCHEMA public CASCADE')).rejects.toThrow('out of shared memory');
  await raw.end();
  expect(await reset(url)).toMatchObject({ code: 0 });
  const after = await openRawClient(url);
  expect((await after.query('SELECT count(*)::int AS bars FROM ohlcv_bars')).rows).toEqual([{ bars: 0 }]);
});
