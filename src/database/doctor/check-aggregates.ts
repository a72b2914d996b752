import { counted } from '../../domain/counted.js';
import { AGGREGATES, type AggregateDesign, readMissingAggregates } from '../layouts/aggregates.js';
import type { Client } from '../session.js';
import type { Difference, Findings } from './report.js';

const APPLY = 'wyckoff storage apply';
/** The job refreshes them every hour. */
const LONGEST_LAG = '1 day';

/** The continuous aggregates: that they are there, as they were made, and refreshed. */
export async function checkAggregates(client: Client): Promise<Findings> {
  const missing = (await readMissingAggregates(client)).map(({ what }) => ({
    object: AGGREGATES.find(({ view }) => what.endsWith(` ${view} is missing`))?.view ?? what,
    ...{ expected: 'a continuous aggregate', found: 'no such continuous aggregate' },
    meaning: '`bars.resample` makes its bars of the 1m bars at every read',
    mend: APPLY,
  }));
  const found = await readAggregateStates(client);
  const lag = await readLag(client);
  const waiting = lag.days === 0 ? 'no day waits' : `${counted(lag.days, 'day')} of a symbol, since ${lag.since},`;
  return {
    checked: `${counted(found.length, 'continuous aggregate')}; ${waiting}${lag.days === 0 ? '' : ' wait'} to be refreshed`,
    differences: [...missing, ...found.flatMap(describe), ...(lag.late && found.length > 0 ? [late(lag)] : [])],
  };
}

interface AggregateState {
  readonly design: AggregateDesign;
  readonly materializedOnly: boolean;
  /** What TimescaleDB keeps its bars in. */
  readonly relation: string;
  readonly chunks: { readonly interval: string; readonly right: boolean };
  readonly width: string | null;
  readonly rightWidth: boolean;
  readonly source: string | null;
  readonly columns: string;
}

interface Row extends Omit<AggregateState, 'design' | 'chunks'> {
  readonly view: string;
  readonly interval: string;
  readonly rightInterval: boolean;
}

const STATES = `
  SELECT view, materialized_only AS "materializedOnly", format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) AS relation,
         time_interval::text AS interval, time_interval = wanted_interval::interval AS "rightInterval",
         bucket AS width, coalesce(bucket::interval = wanted_width::interval, false) AS "rightWidth",
         substring(view_definition FROM '\\sFROM ([^\\s;]+)') AS source,
         (SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = format('public.%I', view)::regclass AND attnum > 0) AS columns
  FROM unnest($1::text[], $2::text[], $3::text[]) AS designs (view, wanted_interval, wanted_width)
  JOIN timescaledb_information.continuous_aggregates aggregate ON view_schema = 'public' AND view_name = view
  JOIN timescaledb_information.dimensions dimension ON dimension.hypertable_schema = materialization_hypertable_schema
    AND dimension.hypertable_name = materialization_hypertable_name AND dimension_number = 1,
  LATERAL substring(view_definition FROM 'time_bucket\\(''([^'']+)''::interval') AS bucket`;

async function readAggregateStates(client: Client): Promise<AggregateState[]> {
  const { rows } = await client.query<Row>(STATES, [
    AGGREGATES.map(({ view }) => view),
    AGGREGATES.map(({ chunkInterval }) => chunkInterval),
    AGGREGATES.map(({ width }) => width),
  ]);
  return AGGREGATES.flatMap((design) => {
    const row = rows.find(({ view }) => view === design.view);
    return row ? [{ ...row, design, chunks: { interval: row.interval, right: row.rightInterval } }] : [];
  });
}

/** What readers of an aggregate rely on. */
const COLUMNS = 'symbol, bucket, open, high, low, close, volume, vwap_volume, without_vwap, bars, vwap';

function describe(state: AggregateState): Difference[] {
  const { design, materializedOnly, relation, chunks, width, rightWidth, source, columns } = state;
  const { view, chunkInterval } = design;
  const differences: Difference[] = [];
  if (!rightWidth || source?.replace(/^public\./, '') !== design.source || columns !== COLUMNS) {
    differences.push({
      object: view,
      expected: `buckets of ${design.width} made of ${design.source}: ${COLUMNS}`,
      found: `buckets of ${width ?? 'something else'} made of ${source ?? 'something else'}: ${columns}`,
      meaning: '`bars.resample` reads wrong bars from it',
      mend: `DROP MATERIALIZED VIEW public.${view} CASCADE; -- and then: ${APPLY}`,
    });
  }
  if (materializedOnly) {
    differences.push({
      ...{ object: view, expected: 'materialized_only = false', found: 'materialized_only = true' },
      meaning: 'bars since the last refresh are not in it',
      mend: `ALTER MATERIALIZED VIEW public.${view} SET (timescaledb.materialized_only = false);`,
    });
  }
  if (!chunks.right) {
    differences.push({
      ...{ object: view, expected: `chunks of ${chunkInterval}`, found: `new chunks are of ${chunks.interval}` },
      meaning: 'a read of a year plans more chunks, or larger ones',
      mend: `SELECT set_chunk_time_interval('${relation}', INTERVAL '${chunkInterval}');`,
    });
  }
  return differences;
}

interface Lag {
  readonly days: number;
  readonly since: string | null;
  readonly late: boolean;
}

/** Today is never refreshed: it is not over. */
async function readLag(client: Client): Promise<Lag> {
  const { rows } = await client.query<Lag>(
    `SELECT count(*)::int AS days, to_char(min(changed_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since,
            coalesce(min(changed_at) < now() - $1::interval, false) AS late
     FROM public.bar_aggregate_changes WHERE day < (now() AT TIME ZONE 'UTC')::date`,
    [LONGEST_LAG],
  );
  return rows[0]!;
}

function late({ days, since }: Lag): Difference {
  return {
    object: 'bar_aggregate_changes',
    expected: `what changed is refreshed within ${LONGEST_LAG}`,
    found: `${counted(days, 'day')} of a symbol, since ${since}, wait to be refreshed`,
    meaning: 'their coarser bars are right, and made of the 1m bars at every read, which is slower',
    mend: 'wyckoff storage refresh',
  };
}
