import { MigrationError, UnsupportedServerError } from '../errors.js';
import type { Pool, PoolState } from './pool.js';
import type { Client } from './session.js';

/** What one round trip to the database said. */
export interface Health {
  /** Milliseconds for one round trip, connection included. */
  readonly latency: number;
  /** As the server says it, e.g. `18.1`. */
  readonly serverVersion: string;
  /** How busy the connections were. */
  readonly pool: PoolState;
}

/** PostgreSQL counts 15.4 as 150004. */
const OLDEST_SERVER = 150_000;

/** One round trip to the database. @throws DatabaseError when it cannot be made */
export async function checkHealth(pool: Pool): Promise<Health> {
  const start = performance.now();
  const serverVersion = await pool.withClient(async (client) => {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]!.server_version;
  });
  return { latency: performance.now() - start, serverVersion, pool: pool.state };
}

/** @throws UnsupportedServerError when the server is not PostgreSQL 15 or newer */
export async function requireSupportedServer(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: string; number: number | null }>(
    "SELECT version(), current_setting('server_version_num', true)::int AS number",
  );
  const { version, number } = rows[0]!;
  // CockroachDB, YugabyteDB, Redshift and others speak the protocol and say in version() what they are.
  if (!/^PostgreSQL /.test(version) || /-YB-|Redshift|CockroachDB/.test(version)) {
    throw new UnsupportedServerError('NOT_POSTGRESQL', `the server is not PostgreSQL: ${version}`, {
      hint: 'PostgreSQL 15 or newer is needed',
    });
  }
  if (number === null || number < OLDEST_SERVER) {
    throw new UnsupportedServerError('SERVER_TOO_OLD', `the server is too old: ${version}`, {
      hint: 'PostgreSQL 15 or newer is needed',
    });
  }
}

/** Compares the migrations that the database has with those of this package. @throws MigrationError */
export function requireMigrations(status: {
  readonly pending: readonly string[];
  readonly failed: readonly string[];
  readonly unknown: readonly string[];
}): void {
  if (status.failed.length > 0) {
    throw new MigrationError('MIGRATION_FAILED', `migration ${status.failed.join(', ')} has failed in this database`, {
      hint: '`wyckoff migrate` tells why, and the way out',
    });
  }
  if (status.unknown.length > 0) {
    throw new MigrationError(
      'DATABASE_NEWER',
      `the database has migrations that this version does not know: ${status.unknown.join(', ')}`,
      {
        hint: 'update wyckoff-store to the version that migrated the database',
      },
    );
  }
  if (status.pending.length > 0) {
    throw new MigrationError('DATABASE_OLDER', `the database lacks migrations: ${status.pending.join(', ')}`, {
      hint: 'run `wyckoff migrate`',
    });
  }
}
