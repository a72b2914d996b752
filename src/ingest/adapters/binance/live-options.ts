import { type Report, readOrThrow, requireObject } from '../../../domain/problem.js';
import { type BinanceOptions, type MarketOptions, readDuration, readMarketOptions } from './options.js';
import type { PauseOptions } from './pauses.js';
import { type SnapshotSource, snapshotsAt } from './snapshot-source.js';

export interface BinanceLiveOptions extends BinanceOptions {
  /**
   * A combined stream, by which alone partial depth of futures can be told from diff depth:
   * `wss://fstream.binance.com/stream?streams=btcusdt@trade/btcusdt@bookTicker/btcusdt@depth@100ms`.
   */
  readonly url: string;
  /**
   * Where snapshots of the books come from, for diff depth: the address of the REST interface without the symbol, such as
   * `https://fapi.binance.com/fapi/v1/depth?limit=1000`, or a function that answers the same.
   */
  readonly snapshot?: string | SnapshotSource;
  /** Milliseconds without a sign of life after which a connection is taken for dead; a ping asks before. Default 30,000. */
  readonly silence?: number;
  /** Milliseconds between two connections, or two snapshots of a book: exponential with jitter. Default 500 to 30,000. */
  readonly reconnect?: Partial<PauseOptions>;
}

export interface LiveSettings {
  readonly url: string;
  readonly snapshot: SnapshotSource | undefined;
  readonly silence: number;
  readonly reconnect: PauseOptions;
  readonly market: MarketOptions;
}

/** @throws InvalidInputError */
export function readLiveOptions(options: BinanceLiveOptions): LiveSettings {
  requireObject(options, 'options');
  const market = readMarketOptions(options);
  return readOrThrow('options', (report) => {
    const url = readUrl(options.url, 'url', ['ws:', 'wss:'], report);
    const { snapshot, reconnect: { initialDelay = 500, maxDelay = 30_000 } = {} } = options;
    const address =
      typeof snapshot === 'string' ? readUrl(snapshot, 'snapshot', ['http:', 'https:'], report) : undefined;
    const silence = readDuration(options.silence ?? 30_000, 'silence', 10, report);
    const least = readDuration(initialDelay, 'reconnect.initialDelay', 1, report);
    const most = readDuration(maxDelay, 'reconnect.maxDelay', least ?? 1, report);
    if (url === undefined || silence === undefined || least === undefined || most === undefined) return undefined;
    const source = typeof snapshot === 'function' ? snapshot : address === undefined ? undefined : snapshotsAt(address);
    return { url, snapshot: source, silence, reconnect: { initialDelay: least, maxDelay: most }, market };
  });
}

function readUrl(value: string, path: string, protocols: readonly string[], report: Report): string | undefined {
  if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value;
  report({ code: 'URL_INVALID', path, value, rule: `an address that begins with ${protocols.join('// or ')}//` });
  return undefined;
}
