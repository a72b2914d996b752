import pg from 'pg';
import type { UnsupportedServerError } from '../../errors.js';
import { readExtension } from '../layouts/extension.js';
import { detectLayout } from '../layouts/layout.js';
import type { ServerNotice, SingleConnection } from './connection.js';

/** Why migrations have to do without TimescaleDB, and what an administrator does about it. */
export type Obstacle = Pick<ServerNotice, 'message' | 'hint'>;

/**
 * Looks at TimescaleDB before a migration runs: one that fails in the middle has to be settled by hand. The migrations themselves see that it
 * is not installed, not preloaded, too old, or that this role may not create the extension. Of the rest they know nothing: its license, which
 * only the library tells, another schema than public, and whatever else may keep the extension from being made.
 *
 * @param another opens a session of its own to the same database
 * @returns why the migrations have to do without it in this session, where they would fail over it: it is hidden from them then
 * @throws UnsupportedServerError where the database has hypertables already, and they cannot be used
 */
export async function prepareForTimescale(
  connection: SingleConnection,
  another: () => SingleConnection,
): Promise<Obstacle | undefined> {
  return connection.withClient(async (client) => {
    const obstacle = await findObstacle(client, another);
    // Found before the catalog's own view, and gone with the session.
    if (obstacle) {
      await client.query(
        "CREATE OR REPLACE TEMPORARY VIEW pg_available_extensions AS SELECT * FROM pg_catalog.pg_available_extensions WHERE name <> 'timescaledb'",
      );
    }
    return obstacle;
  });
}

const SEEN_BY_MIGRATIONS = ['TIMESCALE_NOT_PRELOADED', 'TIMESCALE_TOO_OLD'];

async function findObstacle(client: pg.ClientBase, another: () => SingleConnection): Promise<Obstacle | undefined> {
  await detectLayout(client);
  const extension = await readExtension(client);
  if (extension.state === 'absent') return undefined;
  if (extension.state === 'unusable') return unlessSeen(extension.error);
  return extension.installed === undefined ? tryExtension(another()) : undefined;
}

function unlessSeen(error: UnsupportedServerError): Obstacle | undefined {
  return SEEN_BY_MIGRATIONS.includes(error.code) ? undefined : error;
}

const INSUFFICIENT_PRIVILEGE = '42501';
const ALREADY_THERE = ['42710', '23505'];

/** Makes the extension and undoes that, in a session of its own: a library that was loaded stays. It takes a tenth of a second. */
async function tryExtension(connection: SingleConnection): Promise<Obstacle | undefined> {
  try {
    await connection.open();
    return await connection.withClient(async (client) => {
      await client.query('BEGIN; SET LOCAL client_min_messages = error');
      await client.query('CREATE EXTENSION timescaledb');
      const extension = await readExtension(client);
      await client.query('ROLLBACK');
      return extension.state === 'unusable' ? unlessSeen(extension.error) : undefined;
    });
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    const { code = '', message, hint } = error;
    // The migrations tell of the first one; of the others, another session made it in this moment.
    if (code === INSUFFICIENT_PRIVILEGE || ALREADY_THERE.includes(code)) return undefined;
    return {
      message: `the extension timescaledb cannot be made here: ${message}`,
      hint: hint ?? 'an administrator runs CREATE EXTENSION timescaledb; in this database, which says what is wrong',
    };
  } finally {
    await connection.close();
  }
}
