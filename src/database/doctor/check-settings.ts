import type { PoolConfig } from '../../config.js';
import { counted } from '../../domain/counted.js';
import { readLockTable } from '../layouts/locks.js';
import type { Client } from '../session.js';
import { quoted } from './compare-names.js';
import type { Difference, Findings } from './report.js';

/** Of settings that protect what was written, what is lost where they are off. */
const PROTECTION: Readonly<Record<string, string>> = {
  fsync: 'a crash of the machine may destroy the whole database',
  full_page_writes: 'a crash of the machine may leave pages that are half written',
  synchronous_commit: 'a crash of the server may lose the last writes that were confirmed',
};

interface Setting {
  readonly name: string;
  readonly setting: string;
  readonly source: string;
}

/** What the server is set to, as this user's sessions have it. */
export async function checkSettings(client: Client, { maxConnections }: PoolConfig): Promise<Findings> {
  const { rows } = await client.query<Setting>(
    'SELECT name, setting, source FROM pg_settings WHERE name = ANY ($1) ORDER BY name',
    [[...Object.keys(PROTECTION), 'session_replication_role']],
  );
  const { rows: scopes } = await client.query<{ database: string; user: string }>(
    'SELECT current_database() AS database, current_user AS user',
  );
  const reset = (setting: Setting, right: string) => resetStatement(setting, right, scopes[0]!);
  const off = rows.filter(({ name, setting }) => name in PROTECTION && setting === 'off');
  const silent = rows.filter(({ name, setting }) => name === 'session_replication_role' && setting !== 'origin');
  const room = await readRoom(client);
  const locks = await readLockTable(client);
  return {
    checked:
      `a pool of ${maxConnections} for ${counted(room, 'connection')}, ${locks.capacity.toLocaleString('en-US')} locks, ` +
      'fsync, full_page_writes, synchronous_commit',
    differences: [
      ...silent.map((setting) => ({
        ...{ object: setting.name, expected: 'origin', found: setting.setting },
        meaning: 'no trigger fires and no foreign key is held: the audit trail can be changed unseen',
        mend: reset(setting, 'origin'),
      })),
      ...(maxConnections > room ? [poolTooLarge(maxConnections, room)] : []),
    ],
    warnings: off.map((setting) => ({
      ...{ object: setting.name, expected: 'on', found: 'off', meaning: PROTECTION[setting.name]! },
      mend: reset(setting, 'on'),
    })),
  };
}

/** Connections that this user may have at most. What is reserved is for superusers, and since PostgreSQL 16 for others, too. */
async function readRoom(client: Client): Promise<number> {
  const { rows } = await client.query<{ room: number }>(`
    SELECT least(current_setting('max_connections')::int
                   - CASE WHEN rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int
                          + coalesce(current_setting('reserved_connections', true), '0')::int END,
                 CASE WHEN rolconnlimit >= 0 AND NOT rolsuper THEN rolconnlimit END,
                 CASE WHEN datconnlimit >= 0 AND NOT rolsuper THEN datconnlimit END) AS room
    FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()`);
  return rows[0]!.room;
}

function poolTooLarge(maxConnections: number, room: number): Difference {
  return {
    object: 'DB_MAX_CONNECTIONS',
    expected: `${room} at most, which is what the server lets this user have`,
    found: `${maxConnections}`,
    meaning: 'under load, callers are refused with TOO_MANY_CONNECTIONS',
    mend: `DB_MAX_CONNECTIONS=${room}   # in the environment or in .env, for all programs of this user together`,
  };
}

/** Undoes a setting where it was made. */
function resetStatement(
  { name, source }: Setting,
  right: string,
  { database, user }: { readonly database: string; readonly user: string },
): string {
  const [role, inDatabase] = [`ALTER ROLE ${quoted(user)}`, `IN DATABASE ${quoted(database)}`];
  switch (source) {
    case 'database':
      return `ALTER DATABASE ${quoted(database)} RESET ${name};`;
    case 'user':
      return `${role} RESET ${name};`;
    case 'database user':
      return `${role} ${inDatabase} RESET ${name};`;
    case 'global':
      return `ALTER ROLE ALL RESET ${name};`;
    case 'command line':
      return `-- start the server without -c ${name}`;
    default:
      return `ALTER SYSTEM SET ${name} = '${right}'; SELECT pg_reload_conf();`;
  }
}
