import type { Client } from '../pool.js';

/** How the database stores the bars. One object answers every question that depends on it. */
export interface Layout {
  readonly name: 'plain' | 'timescale';
  /** The extension's version, where there is one. */
  readonly extensionVersion: string | undefined;
  /**
   * Whether a read of bars between two bounds should be a named statement, planned once for all bounds, or planned anew each time for the
   * bounds at hand.
   */
  readonly preparesReads: boolean;
}

/** Looks at the database once, when the store opens. */
export async function detectLayout(client: Client): Promise<Layout> {
  const { rows } = await client.query<{ version: string | null }>(
    "SELECT (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS version",
  );
  const version = rows[0]?.version ?? undefined;
  if (version === undefined) return { name: 'plain', extensionVersion: undefined, preparesReads: true };
  const { rowCount } = await client.query(
    "SELECT FROM timescaledb_information.hypertables WHERE hypertable_schema = 'public' AND hypertable_name = 'ohlcv_bars'",
  );
  return rowCount === 1
    ? { name: 'timescale', extensionVersion: version, preparesReads: true }
    : { name: 'plain', extensionVersion: version, preparesReads: true };
}
