import type pg from 'pg';

/** All that says how the tables are stored, but for ids and the owner. */
export async function layoutOf(raw: pg.Client): Promise<unknown> {
  const answer = async (sql: string) => (await raw.query(sql)).rows;
  return {
    dimensions: await answer(
      "SELECT hypertable_name, column_name, time_interval::text, num_partitions FROM timescaledb_information.dimensions WHERE hypertable_schema = 'public' ORDER BY 1",
    ),
    compression: await answer(
      'SELECT hypertable_name, attname, segmentby_column_index, orderby_column_index, orderby_asc FROM timescaledb_information.compression_settings ORDER BY 1, 2',
    ),
    jobs: await answer(
      `SELECT proc_name, schedule_interval::text, hypertable_name, config ->> 'compress_after' AS after, scheduled
       FROM timescaledb_information.jobs WHERE job_id >= 1000 ORDER BY 1, 3`,
    ),
    aggregates: await answer(
      `SELECT view_name, view_definition, materialized_only, time_interval::text,
              obj_description(format('%I.%I', view_schema, view_name)::regclass) AS comment
       FROM timescaledb_information.continuous_aggregates JOIN timescaledb_information.dimensions
         ON dimensions.hypertable_schema = materialization_hypertable_schema AND dimensions.hypertable_name = materialization_hypertable_name
       ORDER BY 1`,
    ),
    indexes: await answer("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"),
    checks: await answer(
      `SELECT conrelid::regclass::text AS table, conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND contype = 'c' ORDER BY 1, 2`,
    ),
    triggers: await answer(
      `SELECT tgrelid::regclass::text AS table, tgname, pg_get_triggerdef(oid) FROM pg_trigger
       WHERE NOT tgisinternal AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) ORDER BY 1, 2`,
    ),
    identities: await answer(
      "SELECT relname, relreplident FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
    ),
    routines: await answer(
      `SELECT oid::regprocedure::text AS routine FROM pg_proc WHERE pronamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e') ORDER BY 1`,
    ),
  };
}
