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

// The loader's own setting exists only where it is preloaded. The license is known once the library is loaded, or where the server's
// configuration sets it.
const SETTINGS = `current_setting('timescaledb.disable_load', true) IS NOT NULL AS preloaded,
         nullif(current_setting('timescaledb.license', true), '') AS license`;

/** The extension in this database, if it is there. */
export const INSTALLED = `
  SELECT extversion AS installed, extnamespace::regnamespace::text AS schema, ${SETTINGS}
  FROM pg_extension WHERE extname = 'timescaledb'`;

// pg_settings leaves out what this role may not read.
const QUERY = `
  SELECT (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb') AS available,
         extension.extversion AS installed, extension.extnamespace::regnamespace::text AS schema, ${SETTINGS},
         (SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries') AS libraries
  FROM (SELECT) AS one LEFT JOIN pg_extension extension ON extname = 'timescaledb'`;

export interface InstalledExtension {
  readonly installed: string;
  /** That it is in. */
  readonly schema: string;
  readonly preloaded: boolean;
  readonly license: string | null;
}

interface Row {
  /** Null: the server has no TimescaleDB, whatever the database says. */
  readonly available: string | null;
  readonly installed: string | null;
  readonly schema: string | null;
  readonly preloaded: boolean;
  readonly license: string | null;
  /** What is preloaded; null: this role may not read it. */
  readonly libraries: string | null;
}

/** Whether {@link judgeExtension} would find nothing against it. */
export function mayBeUsed({ installed, schema, preloaded, license }: InstalledExtension): boolean {
  return (
    judgeExtension({ available: installed, installed, schema, preloaded, license, libraries: null }).state === 'ready'
  );
}

export async function readExtension(client: Client): Promise<Extension> {
  const { rows } = await client.query<Row>(QUERY);
  return judgeExtension(rows[0]!);
}

export function judgeExtension({ available, installed, schema, preloaded, license, libraries }: Row): Extension {
  if (available === null) {
    if (installed === null) return { state: 'absent' };
    return unusable(
      'TIMESCALE_MISSING',
      `this database has the extension timescaledb ${installed}, and the server has no TimescaleDB`,
      `an administrator installs TimescaleDB ${installed} on the server, adds timescaledb to shared_preload_libraries, and restarts it`,
    );
  }
  if (!preloaded) {
    const others = libraries ?? '(what SHOW shared_preload_libraries says to an administrator)';
    const all = [...(others ? [others] : []), 'timescaledb'].join(', ');
    return unusable(
      'TIMESCALE_NOT_PRELOADED',
      'TimescaleDB is installed on this server but not preloaded',
      `an administrator runs ALTER SYSTEM SET shared_preload_libraries = ${all}; and restarts the server`,
    );
  }
  const version = installed ?? available;
  if (isOlder(version, OLDEST_EXTENSION)) {
    const hint = isOlder(available, OLDEST_EXTENSION)
      ? `an administrator installs TimescaleDB ${OLDEST_EXTENSION} or newer on the server and restarts it${installed ? `, and then ${UPDATE_EXTENSION}` : ''}`
      : `an administrator ${UPDATE_EXTENSION}`;
    return unusable(
      'TIMESCALE_TOO_OLD',
      `TimescaleDB ${version} is too old: the store needs ${OLDEST_EXTENSION} or newer`,
      hint,
    );
  }
  if (license === 'apache') {
    return unusable(
      'TIMESCALE_LICENSE',
      'TimescaleDB runs under its Apache license here, which has no compression, no compression policies and no continuous aggregates',
      "an administrator runs ALTER SYSTEM SET timescaledb.license = 'timescale'; and SELECT pg_reload_conf(); where the server has TimescaleDB's " +
        'own packages, and installs those first where it has others',
    );
  }
  if (schema !== null && schema !== 'public') {
    return unusable(
      'TIMESCALE_OTHER_SCHEMA',
      `the extension timescaledb is in the schema ${schema} of this database, and the store looks for it in public`,
      'an administrator runs DROP EXTENSION timescaledb; CREATE EXTENSION timescaledb SCHEMA public; in this database, where nothing is stored in hypertables yet',
    );
  }
  return { state: 'ready', installed: installed ?? undefined, available };
}

/** Any statement before it would load the old library. */
const UPDATE_EXTENSION =
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
