import type { Config } from '../../config.js';
import type { Database } from '../database.js';
import { readStorageStatus } from '../layouts/read-status.js';
import type { Pool } from '../pool.js';
import { attempt, check, readOnly } from './attempt.js';
import { checkAggregates } from './check-aggregates.js';
import { checkCatalog } from './check-catalog.js';
import { checkClock } from './check-clock.js';
import { checkDisk } from './check-disk.js';
import { checkGrants } from './check-grants.js';
import { checkHypertables } from './check-hypertables.js';
import { checkJobs } from './check-jobs.js';
import { checkServer, readPlace } from './check-server.js';
import { checkSettings } from './check-settings.js';
import { examineSchema } from './examine-schema.js';
import { type DoctorReport, type Findings, GROUPS, type GroupName, toGroup } from './report.js';

export interface ExamineOptions {
  readonly config: Config;
  /** Hold all series of the catalogs against the rows, not some at random. */
  readonly full: boolean;
}

/**
 * Compares a database with what this version expects of it, and changes nothing. What this user may not see is told as not checked.
 * @throws ConnectionError, AuthenticationError when the database cannot be reached
 */
export async function examine(database: Database, { config, full }: ExamineOptions): Promise<DoctorReport> {
  const { pool, embedded } = database;
  const place = await pool.withClient(readPlace);
  const server = await check(pool, (client) => checkServer(client, place));
  const { findings: schema, unknown } = await examineSchema(pool);
  const { layout, ...storage } = await examineStorage(pool, place.extensionVersion, config.chunkInterval, unknown);
  const found: Readonly<Record<GroupName, Findings>> = {
    ...{ server, ...schema, ...storage },
    grants: unknown ?? (await check(pool, checkGrants)),
    catalog: unknown ?? (await check(pool, (client) => checkCatalog(client, full))),
    settings: await check(pool, (client) => checkSettings(client, config.pool)),
    clock: await check(pool, checkClock),
    disk: await check(pool, (client) => checkDisk(client, embedded ? config.dataDirectory : undefined)),
  };
  const groups = GROUPS.map((name) => toGroup(name, found[name]));
  const passed = groups.every(({ status }) => status !== 'differs');
  return { passed, ...place, layout, embedded, groups };
}

async function examineStorage(
  pool: Pool,
  extensionVersion: string | null,
  chunkInterval: string | undefined,
  unknown: Findings | undefined,
) {
  const all = (findings: Findings) => ({ hypertables: findings, aggregates: findings, jobs: findings });
  if (extensionVersion === null)
    return { layout: 'plain' as const, ...all(unknown ?? { checked: 'none: the layout is plain' }) };
  if (unknown) return { layout: 'timescale' as const, ...all(unknown) };
  const read = await attempt(() => readOnly(pool, readStorageStatus));
  if ('unseen' in read) return { layout: 'timescale' as const, ...all(read.unseen) };
  return {
    layout: read.value.layout,
    hypertables: await check(pool, (client) => checkHypertables(client, read.value, chunkInterval)),
    aggregates: await check(pool, checkAggregates),
    jobs: await check(pool, (client) => checkJobs(client, read.value)),
  };
}
