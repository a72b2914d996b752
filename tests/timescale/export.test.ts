import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../setup/exported.js';
import { minuteBars } from '../setup/minute-bars.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

test('compressed chunks are exported as others, and nobody moves their rows meanwhile', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  const directory = await temporaryDirectory();
  await store.bars.upsert(minuteBars('AAPL', 20_000)); // two weeks, a chunk a day
  const kinds = ['bars'] as const;
  const exported = async (name: string) => {
    await store.files.export({ kinds, format: 'csv', directory: join(directory, name) });
    return readFile(join(directory, name, 'bars.csv'), 'utf8');
  };
  const plain = await exported('plain');
  expect(plain.split('\n')).toHaveLength(20_002);
  await raw.query("SELECT compress_chunk(chunk) FROM show_chunks('ohlcv_bars') chunk");
  expect(await exported('compressed')).toBe(plain);
  // Rows above a compressed chunk are not in it yet.
  await store.bars.upsert(minuteBars('AAPL', 100).map((bar) => ({ ...bar, close: '2.5' })));
  const changed = await exported('changed');
  expect(changed).not.toBe(plain);

  const output = new PassThrough({ highWaterMark: 1 });
  const whole: Buffer[] = [];
  const running = store.files.export({ kinds, format: 'csv', output });
  await new Promise((resolve) => output.once('readable', resolve)); // it is under way, and nobody takes what it reads
  await raw.query("SET lock_timeout = '200ms'");
  const moves =
    "SELECT decompress_chunk(chunk) FROM show_chunks('ohlcv_bars', older_than => '2024-01-03Z'::timestamptz) chunk";
  await expect(raw.query(moves)).rejects.toThrow(/lock timeout/);
  output.on('data', (chunk: Buffer) => whole.push(chunk));
  await running;
  expect(Buffer.concat(whole).toString()).toBe(changed);
  await raw.query('RESET lock_timeout');
  await raw.query(moves);
  expect(await exported('decompressed')).toBe(changed);
});
