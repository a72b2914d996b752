/** The first words with the embedded server: who it is, and whether our database is in it. */
import pg from 'pg';
import { EmbeddedServerError } from '../../errors.js';
import { SUPERUSER } from './cluster.js';
import { type Home, readPassword } from './home.js';
import { HOST } from './postmaster.js';

export const DATABASE = 'wyckoff';
/** Every cluster has it. We ask here whether ours is there: to ask ours itself would put a FATAL into every new server's log. */
const MAINTENANCE_DATABASE = 'postgres';

export async function urlOf(home: Home, port: number, database = DATABASE): Promise<string> {
  const password = encodeURIComponent(await readPassword(home));
  return `postgresql://${SUPERUSER}:${password}@${HOST}:${port}/${database}`;
}

/** The server's version, e.g. `18.4`. @throws EmbeddedServerError `EMBEDDED_NO_ANSWER` */
export function serverVersion(home: Home, port: number): Promise<string> {
  return talk(home, port, versionOf);
}

/** Makes our database where it is missing, which a crash in the first start can cause as well; answers the server's version. */
export function ensureDatabase(home: Home, port: number): Promise<string> {
  return talk(home, port, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
    return versionOf(client);
  });
}

async function versionOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  return rows[0]?.server_version ?? '';
}

async function talk<T>(home: Home, port: number, words: (client: pg.Client) => Promise<T>): Promise<T> {
  const connectionString = await urlOf(home, port, MAINTENANCE_DATABASE);
  const client = new pg.Client({ connectionString, ssl: false, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {}); // a connection lost between two queries; the next query tells
  try {
    await client.connect();
    return await words(client);
  } catch (cause) {
    throw new EmbeddedServerError(
      'EMBEDDED_NO_ANSWER',
      `the embedded server does not let us in: ${(cause as Error).message}`,
      { hint: `its log is ${home.logFile}; the password it was made with is in ${home.passwordFile}`, cause },
    );
  } finally {
    await client.end().catch(() => {});
  }
}
