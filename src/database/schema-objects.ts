import { AGGREGATES } from './layouts/aggregates.js';
import type { Client } from './session.js';

/** Of pg_class, pg_proc or pg_type: what an extension brought is the extension's. */
const notOfAnExtension = (catalog: string, oid: string) =>
  `NOT EXISTS (SELECT FROM pg_depend WHERE classid = '${catalog}'::regclass AND objid = ${oid} AND deptype = 'e')`;

const IN_SCHEMA = "'public'::regnamespace";

/** Everything with rows or that looks so: tables, views, foreign tables. */
export async function readTableNames(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`
    SELECT relname AS name FROM pg_class
    WHERE relnamespace = ${IN_SCHEMA} AND relkind IN ('r', 'p', 'v', 'm', 'f') AND ${notOfAnExtension('pg_class', 'pg_class.oid')}
    ORDER BY relname`);
  return rows.map(({ name }) => name);
}

/** Tables first (a continuous aggregate is a view, and given away as what it was made as): their indexes, their rows' types and the sequences of their columns go with them. */
const OBJECTS = `
  SELECT 1 AS rank, CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN CASE WHEN relname = ANY ($2) THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END WHEN 'm' THEN 'MATERIALIZED VIEW'
                    WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
         oid::regclass::text AS name, relowner AS owner
  FROM pg_class
  WHERE relnamespace = ${IN_SCHEMA} AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${notOfAnExtension('pg_class', 'pg_class.oid')}
    AND NOT (relkind = 'S' AND EXISTS (
      SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype IN ('a', 'i')))
  UNION ALL
  SELECT 2, 'ROUTINE', oid::regprocedure::text, proowner FROM pg_proc
  WHERE pronamespace = ${IN_SCHEMA} AND ${notOfAnExtension('pg_proc', 'pg_proc.oid')}
  UNION ALL
  SELECT 3, 'TYPE', oid::regtype::text, typowner FROM pg_type
  WHERE typnamespace = ${IN_SCHEMA} AND ${notOfAnExtension('pg_type', 'pg_type.oid')}
    AND (typtype IN ('e', 'd', 'r') OR (typtype = 'c' AND (SELECT relkind FROM pg_class WHERE pg_class.oid = typrelid) = 'c'))`;

export interface Transfer {
  readonly transferred: readonly string[];
  /** Hypertables and continuous aggregates that this user cannot give away. */
  readonly kept: readonly string[];
  /** Whose the transferred ones were. */
  readonly owners: readonly string[];
}

/** Gives all that is in the schema to `role`. */
export async function takeOwnership(client: Client, role: string): Promise<Transfer> {
  const { rows } = await client.query<{ object: string; owner: string }>(
    `SELECT kind || ' ' || name AS object, pg_get_userbyid(owner) AS owner FROM (${OBJECTS}) AS objects
     WHERE pg_get_userbyid(owner) <> $1 ORDER BY rank, kind DESC, name`,
    [role, AGGREGATES.map(({ view }) => view)],
  );
  const [transferred, kept, owners] = [[] as string[], [] as string[], new Set<string>()];
  for (const { object, owner } of rows) {
    if (await give(client, object, role)) {
      transferred.push(object);
      owners.add(owner);
    } else kept.push(object);
  }
  return { transferred, kept, owners: [...owners] };
}

/** A hypertable's chunks lie in a schema of the extension, where only a superuser lets another role own something. */
async function give(client: Client, object: string, role: string): Promise<boolean> {
  await client.query('SAVEPOINT give');
  try {
    await client.query(`ALTER ${object} OWNER TO ${role}`);
    return true;
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('schema _timescaledb_internal'))) throw error;
    await client.query('ROLLBACK TO SAVEPOINT give');
    return false;
  }
}
