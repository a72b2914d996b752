import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { BarInput, IngestOptions } from '../../src/index.js';
import { openTestStore } from '../setup/test-database.js';

const MINUTE = 60_000;
const START = Date.UTC(2024, 0, 2);

function bar(symbol: string, minute: number, close = 10): BarInput {
  const timestamp = new Date(START + minute * MINUTE);
  return { symbol, timeframe: '1m', timestamp, open: 10, high: 20, low: 1, close, volume: 100 + minute };
}

async function openIngest(options: IngestOptions = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-ingest-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const opened = await openTestStore({ logLevel: 'silent', ingest: { directory, ...options } });
  return { ...opened, directory };
}

test.each(['memory', 'spool', 'database'] as const)(
  'bars added at %s are in the table after a flush, each once',
  async (durability) => {
    const { store, directory } = await openIngest({ durability });
    const symbols = ['A', 'B', 'C', 'D', 'E'];
    const added: Promise<void>[] = [];
    for (let minute = 0; minute < 500; minute += 1)
      for (const symbol of symbols) added.push(store.ingest.add(bar(symbol, minute)));
    if (durability === 'database') await store.ingest.flush();
    await Promise.all(added);
    await store.ingest.flush();
    for (const symbol of symbols) expect(await store.bars.count({ symbol, timeframe: '1m' })).toBe(500);
    expect(await store.ingest.close()).toEqual({ written: 2500, spooled: 0, left: 0, dropped: 0, deadLetters: 0 });
    expect((await readdir(join(directory, 'spool')).catch(() => [])).filter((name) => /^\d/.test(name))).toEqual([]);
  },
);
