import type { Timeframe } from '../../domain/timeframe.js';
import type { Client } from '../session.js';
import { readWindowsWith } from '../window-query.js';
import { readAggregates } from './aggregates.js';
import { INSTALLED, type InstalledExtension, isOlder, mayBeUsed, readExtension } from './extension.js';
import { HYPERTABLES, type HypertableDesign } from './hypertables.js';
import { OLDEST_FOR_WINDOW_PLANS, WindowPlans } from './window-plans.js';

/** How the database stores the bars. One object answers every question that depends on it. */
export interface Layout {
  readonly name: 'plain' | 'timescale';
  /** TimescaleDB's version, where the extension is in the database. */
  readonly extensionVersion: string | undefined;
  /** Makes a connection ready, before anything else is done with it. */
  readonly setUpSession: (client: Client) => Promise<void>;
  /** What is cut into chunks and can be compressed. */
  readonly hypertables: readonly HypertableDesign[];
  /** The relations that have bars made of the 1m bars, by their timeframe. */
  readonly aggregates: ReadonlyMap<Timeframe, string>;
}

/**
 * Looks at the database once, when the store opens or has migrated it.
 * @throws UnsupportedServerError TIMESCALE_NOT_PRELOADED, TIMESCALE_MISSING where the extension is in the database and the server was started
 *   without it; TIMESCALE_TOO_OLD, TIMESCALE_LICENSE, TIMESCALE_OTHER_SCHEMA where hypertables are stored in a way that cannot be used
 */
export async function detectLayout(client: Client): Promise<Layout> {
  const { rows } = await client.query<InstalledExtension>(INSTALLED);
  const [installed] = rows;
  const extensionVersion = installed?.installed;
  const plain = {
    name: 'plain',
    extensionVersion,
    setUpSession: async () => {},
    hypertables: [],
    aggregates: new Map(),
  } as const;
  if (!installed) return plain;
  // All about it takes some milliseconds, of every connection.
  const extension = mayBeUsed(installed) ? undefined : await readExtension(client);
  const unusable = extension?.state === 'unusable' ? extension.error : undefined;
  // Without the library every statement that changes a schema fails, also one for a plain table.
  if (unusable && !installed.preloaded) throw unusable;
  const { rows: found } = await client.query<{ name: string }>(
    "SELECT hypertable_name AS name FROM timescaledb_information.hypertables WHERE hypertable_schema = 'public'",
  );
  const hypertables = HYPERTABLES.filter(({ table }) => found.some(({ name }) => name === table));
  if (unusable && hypertables.length > 0) throw unusable;
  if (!hypertables.some(({ table }) => table === 'ohlcv_bars')) return { ...plain, hypertables };
  const aggregates = await readAggregates(client);
  const setUpSession = async (session: Client) => {
    await session.query(SESSION_SETUP.join('; '));
    if (!isOlder(extensionVersion!, OLDEST_FOR_WINDOW_PLANS)) readWindowsWith(session, new WindowPlans(session));
  };
  return { name: 'timescale', extensionVersion, setUpSession, hypertables, aggregates };
}

const SESSION_SETUP = [
  // A generic plan covers every chunk there is: with ten years of daily chunks it takes 1.7 s to make, on each connection, and 130 ms to run
  // for one year. What WindowPlans keeps is the exception.
  'SET plan_cache_mode = force_custom_plan',
  // TimescaleDB leaves chunks out by its own catalog. PostgreSQL then holds every CHECK of every chunk that is left against the query, which
  // can leave out nothing more and was half of the planning: a year of daily chunks 31 ms with it, 14 without; the latest 50 bars 9 and 4.
  'SET constraint_exclusion = off',
  // Of thousands of chunks an estimate is high enough for PostgreSQL to compile the plan, which takes longer than all of them together: a check of
  // 3,653 chunks 358 s with it, 9 without.
  'SET jit = off',
  // A write into compressed chunks decompresses what it may meet, and fails at 100,000 rows, however right it is.
  'SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0',
];
