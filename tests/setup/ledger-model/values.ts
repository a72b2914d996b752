/** Readers of single values as domain.md's table of types has them; each answers undefined for what is refused. */

const MINUTE = 60_000;
export const DURATIONS: Readonly<Record<string, number>> = {
  '1m': MINUTE,
  '5m': 5 * MINUTE,
  '15m': 15 * MINUTE,
  '1h': 60 * MINUTE,
  '1d': 1_440 * MINUTE,
};

export function readInstantText(value: unknown): string | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : printInstant(time);
}

/** ISO 8601 with `Z`, without milliseconds where they are zero. */
export function printInstant(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}

/** The instant at which a bar has closed. */
export function closeOfBar(bar: string, timeframe: string): number {
  return Date.parse(bar) + DURATIONS[timeframe]!;
}

/** An hourly bar opens on a quarter of an hour, the others on a multiple of themselves. */
export function isBarInstant(instant: string, timeframe: string): boolean {
  return Date.parse(instant) % (timeframe === '1h' ? 15 * MINUTE : DURATIONS[timeframe]!) === 0;
}

export function readSeries(
  input: Readonly<Record<string, unknown>>,
): { symbol: string; timeframe: string } | undefined {
  const symbol = String(input.symbol).trim().toUpperCase();
  const timeframe = String(input.timeframe);
  const sound = /^[A-Z0-9^$][A-Z0-9._:/^=&$-]{0,19}$/.test(symbol) && timeframe in DURATIONS;
  return sound ? { symbol, timeframe } : undefined;
}

export function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

export const LARGEST_INT = 2_147_483_647;

export function isPhase(value: unknown): value is string {
  return typeof value === 'string' && /^[A-E]$/.test(value);
}

export function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}

/** A reason: some text, not blank. */
export function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= longest;
}
