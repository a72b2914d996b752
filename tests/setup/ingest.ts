import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type BarInput, type CacheOptions, type IngestOptions, openStore, type Store } from '../../src/index.js';
import { openTcpProxy, type TcpProxy } from './tcp-proxy.js';
import { openTestStore } from './test-database.js';

const MINUTE = 60_000;
const START = Date.UTC(2024, 0, 2);

export function minuteBar(symbol: string, minute: number, close: number | string = 10): BarInput {
  const timestamp = new Date(START + minute * MINUTE);
  return { symbol, timeframe: '1m', timestamp, open: 10, high: 20, low: 1, close, volume: 100 + minute };
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-ingest-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A store that takes live rows, in a database and a directory of its own. */
export async function openIngest(
  options: IngestOptions = {},
): Promise<{ store: Store; url: string; directory: string }> {
  const directory = await temporaryDirectory();
  const opened = await openTestStore({ logLevel: 'silent', ingest: { directory, retryDelay: 10, ...options } });
  return { ...opened, directory };
}

/** Likewise, by way of a network that a test may cut; `beside` has one of its own. */
export async function openIngestByProxy(
  options: IngestOptions = {},
  cache?: CacheOptions,
): Promise<{ store: Store; beside: Store; proxy: TcpProxy; directory: string; url: string }> {
  const directory = await temporaryDirectory();
  const { store: beside, url } = await openTestStore({ logLevel: 'silent' });
  const proxy = await openTcpProxy(url);
  const ingest = { directory, retryDelay: 10, ...options };
  const store = await openStore({
    ...{ databaseUrl: proxy.url, logLevel: 'silent', ingest },
    ...(cache && { cache }),
  });
  onTestFinished(async () => {
    await store.ingest.close({ timeout: 100 });
    await store.close();
  });
  return { store, beside, proxy, directory, url };
}
