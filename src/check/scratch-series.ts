import { instant } from '../database/instant.js';
import type { Client, Session } from '../database/session.js';
import type { BarInput } from '../domain/bar.js';
import { ConflictError } from '../errors.js';

const SYMBOL = 'WYCKOFF.CHECK';
const TIMEFRAME = '1m';
const SOURCE = 'wyckoff check lookups';
const MINUTE = 60_000;
/** Of the advisory lock: two checks at once would remove each other's bars. */
const LOCK = 'wyckoff check lookups';

/**
 * A series of its own to try writes on, which leaves nothing behind: neither bars nor catalog row nor revisions (and live writes make no
 * audit event). What a check that was killed left is removed before the next one begins.
 *
 * `day` is where its bars lie: where the store has bars already, so that no chunk is made for them.
 * @throws ConflictError SCRATCH_SERIES_TAKEN when somebody keeps bars under its name
 */
export async function withScratchSeries<T>(
  session: Session,
  day: Date,
  use: (bar: (minute: number) => BarInput) => Promise<T>,
): Promise<T> {
  return session.withClient(async (holder) => {
    await holder.query('SELECT pg_advisory_lock(hashtext($1))', [LOCK]);
    try {
      await session.transaction(remove);
      try {
        return await use((minute) => scratchBar(day.getTime() + minute * MINUTE));
      } finally {
        await session.transaction(remove);
      }
    } finally {
      await holder.query('SELECT pg_advisory_unlock(hashtext($1))', [LOCK]);
    }
  });
}

function scratchBar(time: number): BarInput {
  return {
    symbol: SYMBOL,
    timeframe: TIMEFRAME,
    timestamp: new Date(time),
    ...{ open: '100.25', high: '101.5', low: '99.75', close: '101', volume: 1000 },
    source: SOURCE,
  };
}

/** Plain SQL, since the repository's delete keeps revisions and an audit event, as it must. */
async function remove(client: Client): Promise<void> {
  const key = [SYMBOL, TIMEFRAME];
  const { rows } = await client.query<{ first: Date | null; last: Date | null }>(
    `SELECT first_timestamp AS first, last_timestamp AS last FROM bar_series WHERE symbol = $1 AND timeframe = $2 FOR UPDATE`,
    key,
  );
  const [entry] = rows;
  if (!entry) return;
  if (entry.first && entry.last) {
    const bounds = [...key, instant(entry.first), instant(entry.last)];
    const where = 'symbol = $1 AND timeframe = $2 AND timestamp BETWEEN $3 AND $4';
    const foreign = await client.query(`SELECT FROM ohlcv_bars WHERE ${where} AND source IS DISTINCT FROM $5 LIMIT 1`, [
      ...bounds,
      SOURCE,
    ]);
    if (foreign.rowCount !== 0) {
      throw new ConflictError(
        'SCRATCH_SERIES_TAKEN',
        `${SYMBOL} ${TIMEFRAME} holds bars that are not the check's own`,
        {
          hint: 'the check writes to that series and removes it; keep those bars under another symbol',
        },
      );
    }
    await client.query(`DELETE FROM ohlcv_bars WHERE ${where}`, bounds);
  }
  await client.query('DELETE FROM ohlcv_bar_revisions WHERE symbol = $1 AND timeframe = $2', key);
  await client.query('DELETE FROM bar_series WHERE symbol = $1 AND timeframe = $2', key);
}
