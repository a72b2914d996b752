import { ConnectionError, DatabaseError, StatementTimeoutError } from '../../errors.js';
import type { Pool } from '../pool.js';
import type { Client } from '../session.js';
import { toDatabaseError } from '../sqlstate.js';
import { readMissingAggregates } from './aggregates.js';
import { readExtension } from './extension.js';
import {
  compressionOff,
  type Deviation,
  type HypertableState,
  policyMissing,
  readHypertableState,
  readMissingJobs,
} from './hypertable-state.js';
import { DEFAULT_CHUNK_INTERVAL, HYPERTABLES, type HypertableDesign } from './hypertables.js';
import { type MovedRows, type MoveProgress, makeHypertable } from './move-rows.js';

export interface ApplyOptions {
  /** E.g. `7 days`. Default: the setting wyckoff.chunk_interval; without one, a new hypertable gets chunks of a day. */
  readonly chunkInterval?: string | undefined;
  /** Milliseconds that it waits for those who use a table. */
  readonly lockTimeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: MoveProgress) => void) | undefined;
}

export interface ApplyReport {
  readonly layout: 'plain' | 'timescale';
  readonly extensionVersion: string | null;
  /** What was changed, as sentences; empty where all was so already. */
  readonly changes: readonly string[];
  readonly moved: readonly MovedRows[];
  /** Other sessions of the database that were open while tables became hypertables, and plan for plain ones until they are replaced. */
  readonly earlierSessions: number;
}

const LOCK_TIMEOUT = 30_000;

/**
 * Brings a database to its layout, in one transaction: killed in the middle, it leaves what was there. Whoever writes to a table that is
 * turned into a hypertable waits until it is done; readers do, too.
 * @throws UnsupportedServerError TIMESCALE_NOT_PRELOADED, TIMESCALE_TOO_OLD
 * @throws DatabaseError TIMESCALE_NOT_ALLOWED, STORAGE_NOT_OWNER, STORAGE_OWNER_CANNOT_LOG_IN, STORAGE_CHANGED_BY_HAND, STORAGE_LOCKS_TOO_FEW,
 *   STORAGE_BUSY, CHUNK_INTERVAL_INVALID
 */
export async function applyStorage(pool: Pool, options: ApplyOptions = {}): Promise<ApplyReport> {
  const { lockTimeout = LOCK_TIMEOUT, signal = new AbortController().signal, onProgress = () => {} } = options;
  const report = await pool.transaction(async (client) => {
    await client.query(`SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ${lockTimeout}`);
    const extension = await readExtension(client);
    if (extension.state === 'unusable') throw extension.error;
    if (extension.state === 'absent')
      return { layout: 'plain', extensionVersion: null, changes: [], moved: [] } as const;
    const changes: string[] = [];
    const moved: MovedRows[] = [];
    if (extension.installed === undefined) {
      await createExtension(client);
      changes.push(`made the extension timescaledb ${extension.available}`);
    }
    const wanted = await readConfiguredInterval(client, options.chunkInterval);
    for (const design of HYPERTABLES) {
      await requireOwner(client, design);
      let state = await readHypertableState(client, design);
      requireUnchanged(state);
      if (!state.hypertable) {
        await lock(client, design);
        state = await readHypertableState(client, design); // somebody else may have done it while this waited
      }
      if (!state.hypertable) {
        const chunkInterval = wanted ?? DEFAULT_CHUNK_INTERVAL;
        const move = await makeHypertable(client, design, { chunkInterval, signal, onProgress });
        moved.push(move);
        changes.push(`made ${design.table} a hypertable with chunks of ${chunkInterval}`);
        state = { ...state, missing: [compressionOff(design), policyMissing(design)] };
      } else if (wanted !== undefined) changes.push(...(await setChunkInterval(client, design, state, wanted)));
      changes.push(...(await mend(client, state.missing)));
    }
    changes.push(...(await mend(client, await readMissingAggregates(client))));
    changes.push(...(await mend(client, await readMissingJobs(client))));
    return {
      layout: 'timescale',
      extensionVersion: extension.installed ?? extension.available,
      changes,
      moved,
    } as const;
  });
  if (report.moved.length === 0) return { ...report, earlierSessions: 0 };
  return pool.withClient(async (client) => {
    for (const { table } of report.moved) await client.query(`ANALYZE public.${table}`);
    return { ...report, earlierSessions: await countOtherSessions(client) };
  });
}

/** Everybody may see that much of another one's session. Workers of the server have no user, or say what they are. */
async function countOtherSessions(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL AND application_name NOT LIKE '%TimescaleDB%'`,
  );
  return rows[0]!.count;
}

async function mend(client: Client, deviations: readonly Deviation[]): Promise<string[]> {
  // It warns of VARCHAR columns, which are meant: a symbol has 20 characters, whoever writes it.
  await client.query('SET LOCAL client_min_messages = error');
  for (const { statement } of deviations) await client.query(statement);
  return deviations.map(({ what }) => `mended: ${what}`);
}

async function createExtension(client: Client): Promise<void> {
  try {
    await client.query('CREATE EXTENSION IF NOT EXISTS timescaledb');
  } catch (error) {
    const typed = toDatabaseError(error);
    if (!(typed instanceof DatabaseError) || typed instanceof ConnectionError) throw error;
    if (typed.code === 'PERMISSION_DENIED') {
      throw new DatabaseError('TIMESCALE_NOT_ALLOWED', 'this role may not create the extension timescaledb', {
        hint: 'an administrator runs CREATE EXTENSION timescaledb; in this database, and "wyckoff storage apply" does the rest',
        cause: typed,
      });
    }
    throw new DatabaseError(
      'TIMESCALE_NOT_ALLOWED',
      `the extension timescaledb cannot be made here: ${typed.message}`,
      {
        hint:
          typed.hint ??
          'an administrator runs CREATE EXTENSION timescaledb; in this database, which says what is wrong',
        cause: typed,
      },
    );
  }
  const extension = await readExtension(client); // its library is loaded only now, and tells of its license
  if (extension.state === 'unusable') throw extension.error;
}

/** The interval that is asked for, as the server writes it; undefined: none is. */
export async function readConfiguredInterval(client: Client, given: string | undefined): Promise<string | undefined> {
  await client.query('SAVEPOINT chunk_interval');
  try {
    const { rows } = await client.query<{ wanted: string | null; positive: boolean | null }>(
      `SELECT wanted::text, wanted > INTERVAL '0' AS positive
       FROM (SELECT coalesce($1, nullif(current_setting('wyckoff.chunk_interval', true), ''))::interval) AS setting (wanted)`,
      [given ?? null],
    );
    const { wanted, positive } = rows[0]!;
    if (positive !== false) return wanted ?? undefined;
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT chunk_interval');
    if (!String((error as { code?: string }).code).startsWith('22')) throw error;
  }
  throw new DatabaseError('CHUNK_INTERVAL_INVALID', 'the chunk interval is not an interval', {
    hint: "set WYCKOFF_CHUNK_INTERVAL, or the setting wyckoff.chunk_interval of the database, to one such as '7 days'",
  });
}

/** For chunks that are made from now on. */
async function setChunkInterval(
  client: Client,
  { table }: HypertableDesign,
  { chunkInterval, chunkSeconds }: HypertableState,
  wanted: string,
): Promise<string[]> {
  const { rows } = await client.query<{ same: boolean }>('SELECT extract(epoch FROM $1::interval) = $2 AS same', [
    wanted,
    chunkSeconds,
  ]);
  if (rows[0]!.same) return [];
  await client.query('SELECT set_chunk_time_interval($1::regclass, $2::interval)', [`public.${table}`, wanted]);
  return [`new chunks of ${table} are of ${wanted} now; those that are there stay of ${chunkInterval}`];
}

export function requireUnchanged({ changed }: HypertableState): void {
  if (changed.length === 0) return;
  throw new DatabaseError('STORAGE_CHANGED_BY_HAND', changed.map(({ what }) => what).join('; '), {
    hint: `the owner of the table runs ${changed.map(({ statement }) => `${statement};`).join(' ')} and "wyckoff storage apply" goes on`,
  });
}

export async function requireOwner(client: Client, { table }: HypertableDesign): Promise<void> {
  const { rows } = await client.query<{ owner: string; user: string; owns: boolean; login: boolean }>(
    `SELECT quote_ident(rolname) AS owner, quote_ident(current_user) AS user, pg_has_role(relowner, 'USAGE') AS owns, rolcanlogin AS login
     FROM pg_class JOIN pg_roles ON pg_roles.oid = relowner WHERE pg_class.oid = to_regclass($1)`,
    [`public.${table}`],
  );
  const [found] = rows;
  if (!found) {
    throw new DatabaseError('TABLE_MISSING', `the database lacks ${table}`, { hint: 'run `wyckoff migrate`' });
  }
  if (!found.owns) {
    throw new DatabaseError(
      'STORAGE_NOT_OWNER',
      `${table} belongs to ${found.owner}, and only its owner can change how it is stored`,
      {
        hint: `run it as ${found.owner}, or let an administrator run GRANT ${found.owner} TO ${found.user};`,
      },
    );
  }
  if (!found.login) {
    throw new DatabaseError(
      'STORAGE_OWNER_CANNOT_LOG_IN',
      `${found.owner}, which owns ${table}, may not log in, and TimescaleDB runs jobs as the owner`,
      {
        hint: `an administrator runs ALTER ROLE ${found.owner} LOGIN CONNECTION LIMIT 0; which keeps everybody else out`,
      },
    );
  }
}

/** Everybody who uses the table is waited for, and everybody who comes later waits. */
async function lock(client: Client, { table }: HypertableDesign): Promise<void> {
  try {
    await client.query(`LOCK TABLE public.${table} IN ACCESS EXCLUSIVE MODE`);
  } catch (error) {
    const typed = toDatabaseError(error);
    if (!(typed instanceof StatementTimeoutError) || typed.code !== 'LOCK_TIMEOUT') throw error;
    throw new StatementTimeoutError(
      'STORAGE_BUSY',
      `other sessions use ${table} and did not let go: nothing was changed`,
      {
        hint: 'stop what writes to it (SELECT pid, query FROM pg_stat_activity shows it) and try again',
        cause: typed,
      },
    );
  }
}
