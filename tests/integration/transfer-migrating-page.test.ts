import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/index.js';
import { createExampleRows } from '../setup/example-rows.js';
import { soundSignal } from '../setup/ledger-inputs.js';
import { readBlocks } from '../setup/page-blocks.js';
import { openRawClient } from '../setup/raw-client.js';
import { runExample } from '../setup/run-example.js';
import { openTestStore } from '../setup/test-database.js';

const blocks = readBlocks('docs/migrating.md');
const code = blocks.filter(({ language }) => language === 'ts').map(({ source }) => source);
const working = process.cwd();
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wyckoff-migrating-'));
  process.chdir(directory);
  await mkdir('export');
});

afterAll(async () => {
  process.chdir(working);
  await rm(directory, { recursive: true, force: true });
});

const range = (id: string, creekLevel: string) => ({
  ...{ id, symbol: 'AAPL', startTime: '2024-01-02T00:00:00+00:00', phase: 'C', creekLevel, iceLevel: '110' },
  ...{ jumpTarget: '130', causeFactor: '2.00', durationBars: 22, strengthScore: 80 },
});

describe('docs/migrating.md', () => {
  it('its code runs', async () => {
    const { store } = await openTestStore();
    const rows = await createExampleRows(store);
    const ids: string[] = [newId(), newId()];
    const lines = [range(ids[0]!, '100.00'), range(ids[1]!, '120')].map((one) => JSON.stringify(one));
    await writeFile('export/ranges.ndjson', `${lines.join('\n')}\n`);
    for (const source of code) await runExample(source, rows);
    expect((await store.tradingRanges.byId(ids[0]!))?.supportPrice.toFixed()).toBe('100');
    expect(await store.tradingRanges.byId(ids[1]!)).toBeUndefined(); // its support is above its resistance
  });

  it('a signal comes with its story', async () => {
    const { store } = await openTestStore();
    const source = code.find((one) => one.includes('migrateSignal'))!;
    const old = {
      ...soundSignal(null),
      filledAt: '2024-02-07',
      fillPrice: '101.05',
      closedAt: '2024-06-03',
      exitPrice: '130',
    };
    for (const status of ['PENDING', 'REJECTED', 'EXPIRED', 'FILLED', 'STOPPED', 'TARGET_HIT']) {
      const signal = { ...old, id: newId(), status };
      await runExample(`${source}\nawait migrateSignal(old);`, { store, old: signal });
      expect((await store.signals.byId(signal.id))?.status).toBe(status);
    }
  });

  it('its views have the old names', async () => {
    const { store, url } = await openTestStore();
    const bar = { symbol: 'BTCUSDT', timeframe: '1m', open: 2, high: 3, low: 1, close: 2 } as const;
    await store.bars.upsert([{ ...bar, timestamp: '2024-01-02T00:00:00Z', volume: '1.25' }], { volumeScale: 5 });
    const { range: known } = await createExampleRows(store);
    const client = await openRawClient(url);
    const [views, ...more] = blocks.filter(
      ({ language, source }) => language === 'sql' && !source.startsWith('\\copy'),
    );
    expect(more).toEqual([]);
    await client.query(views!.source);
    const { rows } = await client.query('SELECT symbol, trim_scale(volume)::text AS volume FROM legacy.minute_bars');
    expect(rows).toEqual([{ symbol: 'BTCUSDT', volume: '1.25' }]);
    const { rows: ranges } = await client.query('SELECT id, support::text FROM legacy.ranges');
    expect(ranges).toEqual([{ id: known.id, support: '100.00000000' }]);
  });
});
