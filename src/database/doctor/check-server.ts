import { OLDEST_EXTENSION, readExtension } from '../layouts/extension.js';
import type { Client } from '../session.js';
import type { Difference, Findings } from './report.js';

/** Where the examination takes place. */
export interface Place {
  readonly serverVersion: string;
  /** TimescaleDB's in this database. */
  readonly extensionVersion: string | null;
  readonly database: string;
  readonly user: string;
}

export async function readPlace(client: Client): Promise<Place> {
  const { rows } = await client.query<Place>(
    `SELECT current_setting('server_version') AS "serverVersion", current_database() AS database, current_user AS user,
            (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS "extensionVersion"`,
  );
  return rows[0]!;
}

/** Versions, and whether TimescaleDB can be used. That PostgreSQL is new enough was seen when the database was opened. */
export async function checkServer(client: Client, place: Place): Promise<Findings> {
  const { serverVersion, extensionVersion } = place;
  const server = `PostgreSQL ${serverVersion}`;
  const extension = await readExtension(client);
  if (extension.state === 'absent') return { checked: `${server}; TimescaleDB is not on it` };
  if (extension.state === 'unusable') {
    const found: Difference = {
      object: 'timescaledb',
      expected: `TimescaleDB ${OLDEST_EXTENSION} or newer, preloaded`,
      found: extension.error.message,
      meaning:
        extensionVersion === null
          ? 'the tables stay plain; the store needs no more'
          : 'hypertables of this database cannot be read or written',
      mend: statementOf(extension.error.hint ?? ''),
    };
    return { checked: server, [extensionVersion === null ? 'warnings' : 'differences']: [found] };
  }
  const { installed, available } = extension;
  if (installed === undefined) {
    return {
      checked: server,
      warnings: [
        {
          ...{
            object: 'timescaledb',
            expected: `TimescaleDB ${available} in this database`,
            found: 'it is on the server alone',
          },
          meaning: 'the tables are plain: nothing is compressed',
          mend: 'wyckoff storage apply',
        },
      ],
    };
  }
  return {
    checked: `${server}, TimescaleDB ${installed}, preloaded`,
    differences: [
      ...(await readRestoring(client)),
      ...(installed === available ? [] : [olderThanLibrary(installed, available)]),
    ],
  };
}

/** Of a hint that says what an administrator runs, the statement, and the rest as a comment. */
export function statementOf(hint: string): string {
  const [, statement, rest] = /\bruns ([A-Z].*?;)(.*)$/.exec(hint) ?? [];
  return statement ? `${statement} --${rest!.replace(' restarts ', ' restart ')}` : hint;
}

function olderThanLibrary(installed: string, available: string): Difference {
  return {
    object: 'timescaledb',
    expected: `version ${available}, the one that the server has`,
    found: `version ${installed} in this database`,
    meaning: 'it works only as long as the server keeps the old library as well',
    mend: 'ALTER EXTENSION timescaledb UPDATE; -- as the first statement of a new session (psql -X)',
  };
}

/** As `timescaledb_pre_restore()` leaves a database: without jobs, and with hypertables that a restore may fill behind their back. */
async function readRestoring(client: Client): Promise<Difference[]> {
  const { rows } = await client.query<{ restoring: boolean }>(
    "SELECT coalesce(current_setting('timescaledb.restoring', true), 'off') = 'on' AS restoring",
  );
  if (!rows[0]!.restoring) return [];
  return [
    {
      ...{ object: 'timescaledb.restoring', expected: 'off', found: 'on, since a backup was restored' },
      meaning: 'no job runs, and rows may be written past the chunks',
      mend: 'SELECT timescaledb_post_restore();',
    },
  ];
}
