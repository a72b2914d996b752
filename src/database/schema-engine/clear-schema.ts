import pg from 'pg';

/**
 * Removes what a role has in a schema, but for extensions and what belongs to them. Prisma's reset drops the schema; where the role may not
 * do that (the schema or TimescaleDB in it is an administrator's), its second way takes a continuous aggregate for a view, fails over it, and
 * leaves functions and jobs behind. And whoever drops hypertables together with all that is in them needs locks for every chunk there is.
 */
export async function clearSchema(client: pg.ClientBase, schema: string): Promise<void> {
  const { rows } = await client.query("SELECT FROM pg_extension WHERE extname = 'timescaledb'");
  if (rows.length > 0) await clearTimescale(client, schema);
  await client.query(`SET client_min_messages = warning; ${dropScript(schema)}; RESET client_min_messages`);
}

async function clearTimescale(client: pg.ClientBase, schema: string): Promise<void> {
  const { rows: home } = await client.query<{ name: string }>(
    "SELECT quote_ident(nspname) AS name FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'timescaledb'",
  );
  const functions = home[0]!.name;
  await client.query(
    `SELECT ${functions}.delete_job(job_id) FROM timescaledb_information.jobs WHERE proc_schema = $1 AND pg_has_role(owner, 'USAGE')`,
    [schema],
  );
  // Those that are made of others have been made later.
  const { rows: aggregates } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', view_schema, view_name) AS name FROM timescaledb_information.continuous_aggregates
     WHERE view_schema = $1 AND pg_has_role(view_owner, 'USAGE') 
     ORDER BY length(materialization_hypertable_name) DESC, materialization_hypertable_name DESC`,
    [schema],
  );
  for (const { name } of aggregates) {
    await dropChunks(client, functions, name);
    await client.query(`DROP MATERIALIZED VIEW ${name}`);
  }
  const { rows: hypertables } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', hypertable_schema, hypertable_name) AS name FROM timescaledb_information.hypertables
     WHERE hypertable_schema = $1 AND pg_has_role(owner, 'USAGE')`,
    [schema],
  );
  for (const { name } of hypertables) await dropChunks(client, functions, name);
}

/** Chunks that one transaction drops. */
const STRIDE = 100;

async function dropChunks(client: pg.ClientBase, functions: string, relation: string): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ chunk: string }>(
      `SELECT chunk::text FROM ${functions}.show_chunks($1::regclass) AS chunk LIMIT ${STRIDE}`,
      [relation],
    );
    if (rows.length === 0) return;
    await client.query(rows.map(({ chunk }) => `DROP TABLE ${chunk}`).join('; '));
  }
}

/** One block, so one transaction. A part of an extension cannot be dropped by itself, and what somebody else owns is left to the caller. */
function dropScript(schema: string): string {
  const name = pg.escapeLiteral(schema);
  const own = (catalog: string, oid: string, owner: string) =>
    `pg_has_role(${owner}, 'USAGE') AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = '${catalog}'::regclass AND objid = ${oid} AND deptype = 'e')`;
  return `DO $clear$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('DROP %s IF EXISTS %I.%I CASCADE',
                      CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
                      nspname, relname)
        FROM pg_class entry JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = ${name} AND relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND ${own('pg_class', 'entry.oid', 'relowner')}
        ORDER BY position(relkind::text IN 'vmrpfS')
    LOOP
        EXECUTE statement;
    END LOOP;
    FOR statement IN
        SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', entry.oid::regprocedure)
        FROM pg_proc entry JOIN pg_namespace ON pg_namespace.oid = pronamespace
        WHERE nspname = ${name} AND prokind <> 'a' AND ${own('pg_proc', 'entry.oid', 'proowner')}
    LOOP
        EXECUTE statement;
    END LOOP;
    FOR statement IN
        SELECT format('DROP TYPE IF EXISTS %I.%I CASCADE', nspname, typname)
        FROM pg_type entry JOIN pg_namespace ON pg_namespace.oid = typnamespace
        WHERE nspname = ${name} AND typtype IN ('e', 'd', 'c', 'r') AND typrelid = 0 AND ${own('pg_type', 'entry.oid', 'typowner')}
    LOOP
        EXECUTE statement;
    END LOOP;
END
$clear$`;
}
