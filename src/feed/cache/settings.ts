import { z } from 'zod';
import { RATIO_WINDOW } from '../../domain/bar-ratios.js';
import { type Timeframe, timeframeDuration } from '../../domain/timeframe.js';
import { ConfigError } from '../../errors.js';

/** How much of the latest the cache holds. */
export interface CacheOptions {
  /** Bars that closed, and books that were taken, within so many minutes are held. Default 5. */
  readonly minutes?: number;
  /** The newest bars of each series that are held however old they are. Default 100. */
  readonly bars?: number;
  /** Most rows (bars and books) in memory. Default 500,000. */
  readonly rows?: number;
  /** Most bytes in memory, as they are estimated. Default 256 MiB. */
  readonly bytes?: number;
}

export type CacheSettings = Required<CacheOptions>;

const whole = (least: number, most: number, fallback: number) =>
  z.number().int().min(least).max(most).default(fallback);

const schema = z.object({
  minutes: whole(1, 1_440, 5),
  bars: whole(1, 10_000, 100),
  rows: whole(1, 1_000_000_000, 500_000),
  bytes: whole(1_024, 2 ** 40, 256 * 2 ** 20),
});

/** The bars of a series that are read to begin with: what is held, and the 20 in front that ratios are made of. */
export function barsToHold({ minutes, bars }: CacheSettings, timeframe: Timeframe): number {
  return Math.max(bars, Math.ceil((minutes * 60_000) / timeframeDuration(timeframe))) + RATIO_WINDOW;
}

/** @throws ConfigError */
export function readCacheSettings(options: CacheOptions): CacheSettings {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path, message }) => `cache.${path.join('.')}: ${message}`);
  throw new ConfigError('CONFIG_INVALID', lines.join('; '));
}
