import { counted } from '../../domain/counted.js';
import { adviseHypertable } from '../layouts/advice.js';
import { compressionOff, type HypertableState, readHypertableState } from '../layouts/hypertable-state.js';
import { DEFAULT_CHUNK_INTERVAL, HYPERTABLES, type HypertableDesign } from '../layouts/hypertables.js';
import { readLockTable } from '../layouts/locks.js';
import type { StorageStatus } from '../layouts/status.js';
import type { Client } from '../session.js';
import { quoted } from './compare-names.js';
import type { Difference, Findings } from './report.js';

const APPLY = 'wyckoff storage apply';

/** What TimescaleDB makes of the tables: chunks and their interval, compression and its policy. */
export async function checkHypertables(
  client: Client,
  { hypertables }: StorageStatus,
  chunkInterval: string | undefined,
): Promise<Findings> {
  const locks = await readLockTable(client);
  const interval = await readInterval(client, chunkInterval);
  const policies = await readPolicies(client);
  const differences: Difference[] = [];
  for (const design of HYPERTABLES) {
    const state = await readHypertableState(client, design);
    differences.push(...describeState(design, state));
    if (!state.hypertable) continue;
    if (state.chunkSeconds !== interval.seconds) differences.push(wrongInterval(design, state, interval));
    const policy = policies.find(({ table }) => table === design.table);
    if (policy && policy.after !== design.compressAfter) differences.push(wrongPolicy(design, policy));
  }
  const chunks = hypertables.reduce((sum, each) => sum + each.chunks, 0);
  const warnings = hypertables.flatMap((each) =>
    adviseHypertable(each, locks).map(({ what, command }) => ({
      ...{ object: each.table, expected: 'storage and settings that fit the data', found: what },
      meaning: 'it works, and will be slow, large or refused as the data grow',
      mend: command,
    })),
  );
  return {
    checked: `${counted(HYPERTABLES.length, 'hypertable')}, ${counted(chunks, 'chunk')} of ${interval.text}`,
    differences,
    warnings,
  };
}

function describeState(design: HypertableDesign, { hypertable, changed, missing }: HypertableState): Difference[] {
  const { table } = design;
  if (!hypertable) {
    return [
      {
        ...{ object: table, expected: `a hypertable in chunks by ${design.time}`, found: 'a plain table' },
        meaning: 'it is neither cut into chunks nor compressed',
        mend: APPLY,
      },
    ];
  }
  return [
    // The group of the indexes tells of the unique one.
    ...changed
      .filter(({ what }) => !what.includes(design.uniqueIndex.name))
      .map(({ what, statement }) => ({
        ...{ object: table, expected: describeDesign(design), found: what },
        meaning: '`wyckoff storage apply` goes no further until it is as it was designed',
        mend: `${statement};`,
      })),
    ...missing.map(({ what }) => ({
      ...{ object: table, expected: describeDesign(design), found: what },
      meaning:
        what === compressionOff(design).what
          ? 'chunks stay about five times as large as they need be'
          : 'chunks are not compressed as they grow old, and the disk fills',
      mend: APPLY,
    })),
  ];
}

function describeDesign({ time, segmentBy, orderBy, compressAfter }: HypertableDesign): string {
  return `chunks by ${time}, compressed after ${compressAfter} by segments of ${segmentBy} in the order of ${orderBy}`;
}

interface Interval {
  readonly text: string;
  readonly seconds: number;
  readonly database: string;
}

/** What is configured: here, or as a setting of the database. */
async function readInterval(client: Client, configured: string | undefined): Promise<Interval> {
  const { rows } = await client.query<Interval>(
    `SELECT wanted AS text, extract(epoch FROM wanted::interval)::float8 AS seconds, current_database() AS database
     FROM (SELECT coalesce($1, nullif(current_setting('wyckoff.chunk_interval', true), ''), $2)) AS setting (wanted)`,
    [configured ?? null, DEFAULT_CHUNK_INTERVAL],
  );
  return rows[0]!;
}

function wrongInterval({ table }: HypertableDesign, { chunkInterval }: HypertableState, wanted: Interval): Difference {
  return {
    object: table,
    expected: `chunks of ${wanted.text}`,
    found: `new chunks are of ${chunkInterval}`,
    meaning: `if that is meant, say so: ALTER DATABASE ${quoted(wanted.database)} SET wyckoff.chunk_interval = '${chunkInterval}';`,
    mend: `WYCKOFF_CHUNK_INTERVAL='${wanted.text}' ${APPLY}`,
  };
}

interface Policy {
  readonly id: number;
  readonly table: string;
  readonly after: string;
}

async function readPolicies(client: Client): Promise<Policy[]> {
  const { rows } = await client.query<Policy>(
    `SELECT job_id AS id, hypertable_name AS table, (config ->> 'compress_after')::interval::text AS after
     FROM timescaledb_information.jobs WHERE hypertable_schema = 'public' AND proc_name = 'policy_compression'`,
  );
  return rows;
}

function wrongPolicy({ table, compressAfter }: HypertableDesign, { id, after }: Policy): Difference {
  return {
    object: table,
    expected: `chunks are compressed after ${compressAfter}`,
    found: `after ${after}`,
    meaning: 'chunks stay large for longer, or are compressed while they are still written to',
    mend:
      `SELECT alter_job(${id}, config => jsonb_set(config, '{compress_after}', '"${compressAfter}"')) ` +
      `FROM timescaledb_information.jobs WHERE job_id = ${id};`,
  };
}
