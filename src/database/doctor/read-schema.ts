import type { Client } from '../session.js';
import { canonical } from './canonical.js';
import type { Column, Routine, Schema, Table } from './schema.js';

/** What an extension brought is the extension's. */
const notOfAnExtension = (catalog: string, oid: string) =>
  `NOT EXISTS (SELECT FROM pg_depend WHERE classid = '${catalog}'::regclass AND objid = ${oid} AND deptype = 'e')`;

/** Prisma makes `_prisma_migrations` itself. Chunks lie in a schema of the extension. */
export const OUR_TABLES = `
  SELECT oid, relname AS name, relreplident, relpersistence, relrowsecurity FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> '_prisma_migrations'
    AND ${notOfAnExtension('pg_class', 'pg_class.oid')}`;

const COLUMNS = `
  SELECT ours.name AS table, attname AS name, format_type(atttypid, atttypmod) AS type, NOT attnotnull AS nullable,
         pg_get_expr(adbin, adrelid) AS default
  FROM (${OUR_TABLES}) AS ours JOIN pg_attribute ON attrelid = ours.oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attnum > 0 AND NOT attisdropped
  ORDER BY ours.name, attnum`;

/** Since PostgreSQL 18 a NOT NULL is a constraint of its own: the columns tell of it on every version. */
const CONSTRAINTS = `
  SELECT ours.name AS table, conname AS name, pg_get_constraintdef(pg_constraint.oid) AS definition
  FROM (${OUR_TABLES}) AS ours JOIN pg_constraint ON conrelid = ours.oid WHERE contype NOT IN ('n', 't') ORDER BY 1, 2`;

const INDEXES = `
  SELECT ours.name AS table, relname AS name, pg_get_indexdef(indexrelid) AS definition
  FROM (${OUR_TABLES}) AS ours JOIN pg_index ON indrelid = ours.oid JOIN pg_class ON pg_class.oid = indexrelid
  WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x')) ORDER BY 1, 2`;

const TRIGGERS = `
  SELECT ours.name AS table, tgname AS name, pg_get_triggerdef(pg_trigger.oid) AS definition
  FROM (${OUR_TABLES}) AS ours JOIN pg_trigger ON tgrelid = ours.oid
  WHERE NOT tgisinternal AND ${notOfAnExtension('pg_proc', 'tgfoid')} ORDER BY 1, 2`;

const IDENTITIES = `
  SELECT ours.name AS table, '' AS name,
         CASE relreplident WHEN 'd' THEN 'DEFAULT' WHEN 'f' THEN 'FULL' WHEN 'i' THEN coalesce((
           SELECT 'USING INDEX ' || quote_ident(relname) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
           WHERE indrelid = ours.oid AND indisreplident), 'NOTHING') ELSE 'NOTHING' END AS definition
  FROM (${OUR_TABLES}) AS ours ORDER BY 1`;

const ROUTINES = `
  SELECT replace(oid::regprocedure::text, 'public.', '') AS name, CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS kind,
         pg_get_functiondef(oid) AS definition, prosrc AS body
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p') AND ${notOfAnExtension('pg_proc', 'pg_proc.oid')}
  ORDER BY 1`;

/** How the server writes a definition depends on these; with them all names come with their schema. */
export const PLAIN_WRITING =
  "SET LOCAL search_path = pg_catalog; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; " +
  'SET LOCAL quote_all_identifiers = off';

/** Reads the tables and functions of the schema public, in the caller's transaction. Every role may. */
export async function readSchema(client: Client): Promise<Schema> {
  await client.query(PLAIN_WRITING);
  const { rows: columns } = await client.query<Column & { table: string; name: string }>(COLUMNS);
  const { rows: routines } = await client.query<{
    name: string;
    kind: Routine['kind'];
    definition: string;
    body: string;
  }>(ROUTINES);
  const [constraints, indexes, triggers, identities] = [
    await readDefinitions(client, CONSTRAINTS),
    await readDefinitions(client, INDEXES),
    await readDefinitions(client, TRIGGERS),
    await readDefinitions(client, IDENTITIES),
  ];
  const tables = [...identities].map(([name, identity]): [string, Table] => [
    name,
    {
      columns: Object.fromEntries(
        columns
          .filter(({ table }) => table === name)
          .map(({ name, type, nullable, default: expression }) => [name, { type, nullable, default: expression }]),
      ),
      constraints: constraints.get(name) ?? {},
      indexes: indexes.get(name) ?? {},
      triggers: triggers.get(name) ?? {},
      replicaIdentity: identity['']!,
    },
  ]);
  return { tables: Object.fromEntries(tables), functions: Object.fromEntries(routines.map(toRoutine)) };
}

/** By table and name. */
async function readDefinitions(client: Client, query: string): Promise<Map<string, Record<string, string>>> {
  const { rows } = await client.query<{ table: string; name: string; definition: string }>(query);
  const found = new Map<string, Record<string, string>>();
  for (const { table, name, definition } of rows)
    found.set(table, { ...found.get(table), [name]: canonical(definition) });
  return found;
}

function toRoutine({
  name,
  kind,
  definition,
  body,
}: {
  name: string;
  kind: Routine['kind'];
  definition: string;
  body: string;
}): [string, Routine] {
  const head = definition.slice(0, definition.indexOf('\nAS ')).replace(/\s*\n\s*/g, ' ');
  return [name, { kind, head, body: body.split('\n') }];
}
