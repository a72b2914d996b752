import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { newId, type Store } from '../../src/index.js';
import type { ExportManifest } from '../../src/transfer/export/manifest.js';
import { soundBacktest } from './backtest-inputs.js';
import {
  createTradable,
  soundCampaign,
  soundChain,
  soundEntry,
  soundPattern,
  soundRange,
  soundSignal,
} from './ledger-inputs.js';
import { minuteBars } from './minute-bars.js';
import { openRawClient } from './raw-client.js';

/** A directory of its own, gone when the test ends. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'wyckoff-export-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

export async function manifestOf(directory: string): Promise<ExportManifest> {
  return JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8'));
}

export async function sha256Of(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** Three series: prices of eighteen digits and below zero, volumes of eight decimals, sources that CSV has to quote, and plain ones. */
export async function writeHardBars(store: Store): Promise<void> {
  const bar = (minute: number, price: string, volume: string, more: object = {}) => ({
    ...{ symbol: 'BTC/USDT', timeframe: '1m' as const, timestamp: new Date(Date.UTC(2024, 0, 1, 0, minute)) },
    ...{ open: price, high: price, low: price, close: price, volume, ...more },
  });
  await store.bars.upsert(
    [
      bar(0, '9999999999.99999999', '90071992547.40993001', { vwap: '9999999999.99999999', source: 'a, "b" c' }),
      bar(1, '-37.63', '0.00000001', { vwap: '-37.63000001', source: '"' }),
      bar(2, '0.00000001', '0', { source: 'ünïcode' }),
      bar(3, '-9999999999.99999999', '1', { source: 'NULL' }),
    ],
    { volumeScale: 8, allowNonPositive: true },
  );
  await store.bars.upsert(
    minuteBars('AAPL', 3_000).map((row, index) => ({ ...row, close: `2.${index % 97}1`, vwap: '2.5' })),
  );
  await store.bars.upsert([{ ...bar(0, '4.5', '7'), symbol: 'AAPL', timeframe: '1d' }]);
}

/** Every table of the ledger: a story from a range to a filled position, a deleted range, a short one, a backtest, a note, hard JSON. */
export async function writeLedger(store: Store, url: string): Promise<void> {
  await store.transaction({ actor: 'detector/1.4', correlationId: newId() }, async (tx) => {
    const range = await tx.tradingRanges.create(soundRange());
    const spring = await tx.patterns.create(soundPattern(range));
    const pattern = await tx.patterns.confirmTest(spring.id, '2024-02-05', { confirmedAt: '2024-02-06' });
    const pending = await tx.signals.create(soundSignal(pattern, { campaignAllocation: '0.5' }));
    await tx.signals.approve(pending.id, soundChain());
    const { id: campaignId } = await tx.campaigns.open(soundCampaign(range));
    const signal = await tx.signals.fill(pending.id, { campaignId, at: '2024-02-07', price: '101' });
    await tx.campaigns.addEntry(campaignId, soundEntry(signal));
  });
  await createTradable(store, { patternType: 'UTAD' });
  await store.backtests.record(soundBacktest({ config: { lots: '0.10' } }));
  const { id, version } = await store.tradingRanges.create(soundRange({ symbol: 'MSFT' }));
  await store.tradingRanges.softDelete(id, { version });
  await store.audit.append({
    eventType: 'RANGE_DOUBTED',
    entityType: 'TRADING_RANGE',
    entityId: id,
    action: 'a line\nfeed, "quotes" and \\ back\\slashes',
    metadata: { text: 'tab\t, null, ünïcode, \u0001', deep: [{ a: null }] },
  });
  // Numbers that no double holds, and one whose zeros count: the store takes them from whoever writes SQL.
  const raw = await openRawClient(url);
  await raw.query(
    `UPDATE patterns SET metadata = metadata || '{"big": 9007199254740993, "fine": 0.10000000000000000000001, "zeros": 1.500}'`,
  );
}
