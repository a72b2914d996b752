import { UnsupportedServerError } from '../../errors.js';
import type { Client } from '../session.js';

/** TimescaleDB, seen from one database. */
export type Extension =
  /** The server does not have it. */
  | { readonly state: 'absent' }
  /** The server has it, and it cannot be used as it is: `error` says which statement an administrator must run. */
  | { readonly state: 'unusable'; readonly error: UnsupportedServerError }
  | {
      readonly state: 'ready';
      /** Its version in this database; undefined where it is not in it yet. */
      readonly installed: string | undefined;
      /** The version that the server would install. */
      readonly available: string;
    };

/** Earlier ones silently stop an INSERT ... ON CONFLICT at the first conflict on a compressed chunk. */
export const OLDEST_EXTENSION = '2.18.1';

// The loader's own setting exists only where it is preloaded; pg_settings leaves out what this role may not read.
const QUERY = `
  SELECT default_version AS available, installed_version AS installed,
         current_setting('timescaledb.disable_load', true) IS NOT NULL AS preloaded,
         (SELECT nullif(setting, '') FROM pg_settings WHERE name = 'shared_preload_libraries') AS libraries
  FROM pg_available_extensions WHERE name = 'timescaledb'`;

interface Row {
  readonly available: string;
  readonly installed: string | null;
  readonly preloaded: boolean;
  readonly libraries: string | null;
}

export async function readExtension(client: Client): Promise<Extension> {
  const { rows } = await client.query<Row>(QUERY);
  return rows[0] ? judgeExtension(rows[0]) : { state: 'absent' };
}

export function judgeExtension({ available, installed, preloaded, libraries }: Row): Extension {
  if (!preloaded) {
    const all = [...(libraries ? [libraries] : []), 'timescaledb'].join(', ');
    return unusable(
      'TIMESCALE_NOT_PRELOADED',
      'TimescaleDB is installed on this server but not preloaded',
      `an administrator runs ALTER SYSTEM SET shared_preload_libraries = ${all}; and restarts the server`,
    );
  }
  const version = installed ?? available;
  if (!isOlder(version, OLDEST_EXTENSION)) return { state: 'ready', installed: installed ?? undefined, available };
  const hint = isOlder(available, OLDEST_EXTENSION)
    ? `an administrator installs TimescaleDB ${OLDEST_EXTENSION} or newer on the server and restarts it${installed ? `, and then ${UPDATE_EXTENSION}` : ''}`
    : `an administrator ${UPDATE_EXTENSION}`;
  return unusable(
    'TIMESCALE_TOO_OLD',
    `TimescaleDB ${version} is too old: the store needs ${OLDEST_EXTENSION} or newer`,
    hint,
  );
}

/** Any statement before it would load the old library. */
export const UPDATE_EXTENSION =
  'runs ALTER EXTENSION timescaledb UPDATE; in this database, as the first statement of a new session (psql -X)';

function unusable(code: string, message: string, hint: string): Extension {
  return { state: 'unusable', error: new UnsupportedServerError(code, message, { hint }) };
}

/** Compares `2.18.1` with `2.9.0-dev` by their numbers. */
export function isOlder(version: string, other: string): boolean {
  const [left, right] = [version, other].map((text) => text.split('-')[0]!.split('.').map(Number));
  for (let at = 0; at < 3; at += 1) {
    const difference = (left![at] ?? 0) - (right![at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
