import type { Config } from '../../config.js';
import { ConnectionError, DatabaseError } from '../../errors.js';
import type { Database } from '../database.js';
import { readStorageStatus } from '../layouts/read-status.js';
import type { Pool } from '../pool.js';
import type { Client } from '../session.js';
import { checkCatalog } from './check-catalog.js';
import { checkClock } from './check-clock.js';
import { checkDisk } from './check-disk.js';
import { checkGrants } from './check-grants.js';
import { checkHypertables } from './check-hypertables.js';
import { checkJobs } from './check-jobs.js';
import { describeMigrations, type Migrations, readMigrationState, schemaUnknown } from './check-migrations.js';
import { checkServer, readPlace } from './check-server.js';
import { checkSettings } from './check-settings.js';
import { compareConstraints } from './compare-constraints.js';
import { compareFunctions } from './compare-functions.js';
import { compareIndexes } from './compare-indexes.js';
import { compareTables } from './compare-tables.js';
import { compareTriggers } from './compare-triggers.js';
import { readFaults } from './faults.js';
import { readManifest } from './manifest.js';
import { readSchema } from './read-schema.js';
import { type DoctorReport, type Findings, GROUPS, type GroupName, toGroup } from './report.js';

export interface ExamineOptions {
  readonly config: Config;
  /** Hold all series of the catalogs against the rows, not some at random. */
  readonly full: boolean;
}

/** Milliseconds that a check waits for a table which somebody holds. */
const LOCK_TIMEOUT = 5_000;

/**
 * Compares a database with what this version expects of it, and changes nothing. What this user may not see is told as not checked.
 * @throws ConnectionError, AuthenticationError when the database cannot be reached
 */
export async function examine(database: Database, { config, full }: ExamineOptions): Promise<DoctorReport> {
  const { pool, embedded } = database;
  const place = await pool.withClient(readPlace);
  const found: Partial<Record<GroupName, Findings>> = {};
  found.server = await attempt(() => readOnly(pool, (client) => checkServer(client, place)));
  Object.assign(found, await examineSchema(pool));
  const unknown = found.tables?.checked === '' ? found.tables : undefined;
  const storage = await examineStorage(pool, place.extensionVersion, config.chunkInterval);
  Object.assign(found, unknown ? { hypertables: unknown, jobs: unknown } : storage.findings);
  const check = (use: (client: Client) => Promise<Findings>) => attempt(() => readOnly(pool, use));
  found.grants = unknown ?? (await check(checkGrants));
  found.catalog = unknown ?? (await check((client) => checkCatalog(client, full)));
  found.settings = await check((client) => checkSettings(client, config.pool));
  found.clock = await check(checkClock);
  found.disk = await check((client) => checkDisk(client, embedded ? config.dataDirectory : undefined));
  const groups = GROUPS.map((name) => toGroup(name, found[name]!));
  const passed = groups.every(({ status }) => status !== 'differs');
  return { passed, ...place, layout: storage.layout, embedded, groups };
}

async function examineSchema(pool: Pool): Promise<Partial<Record<GroupName, Findings>>> {
  const names = ['tables', 'constraints', 'indexes', 'functions', 'triggers'] as const;
  const all = (findings: Findings) => Object.fromEntries(names.map((name) => [name, findings]));
  let migrations: Migrations | undefined;
  const unread = await attempt(async () => {
    migrations = await pool.withClient(readMigrationState);
    return { checked: '' };
  });
  const reason = migrations && schemaUnknown(migrations);
  if (migrations && reason) return { migrations: describeMigrations(migrations, false), ...all(notChecked(reason)) };
  const schema = await compareSchema(pool);
  const right = schema.every(({ differences = [], notChecked = [] }) => differences.length + notChecked.length === 0);
  const told = migrations ? describeMigrations(migrations, right) : unread;
  // Nothing of a migration that failed is there: what it makes is not missing, it is yet to come.
  if (migrations && migrations.status.failed.length > 0 && !right)
    return { migrations: told, ...all(notChecked('the failed migration comes first')) };
  return { migrations: told, ...Object.fromEntries(names.map((name, at) => [name, schema[at]!])) };
}

async function compareSchema(pool: Pool): Promise<Findings[]> {
  let groups: Findings[] = [];
  const failed = await attempt(async () => {
    const expected = await readManifest();
    const [found, faults] = await readOnly(pool, async (client) => [
      await readSchema(client),
      await readFaults(client),
    ]);
    const tables = compareTables(expected, found);
    groups = [
      { ...tables, differences: [...(tables.differences ?? []), ...faults.tables] },
      compareConstraints(expected, found),
      compareIndexes(expected, found, faults.invalidIndexes),
      compareFunctions(expected, found),
      compareTriggers(expected, found, faults.silenced),
    ];
    return { checked: '' };
  });
  return groups.length > 0 ? groups : Array.from({ length: 5 }, () => failed);
}

async function examineStorage(pool: Pool, extensionVersion: string | null, chunkInterval: string | undefined) {
  if (extensionVersion === null) {
    const none = { checked: 'none: the layout is plain' };
    return { layout: 'plain' as const, findings: { hypertables: none, jobs: none } };
  }
  let layout: DoctorReport['layout'] = 'plain';
  let jobs: Findings = { checked: '' };
  const hypertables = await attempt(() =>
    readOnly(pool, async (client) => {
      const status = await readStorageStatus(client);
      layout = status.layout;
      jobs = await checkJobs(client, status);
      return checkHypertables(client, status, chunkInterval);
    }),
  );
  return { layout, findings: { hypertables, jobs: jobs.checked === '' ? hypertables : jobs } };
}

/** The server itself sees to it that nothing is changed. */
function readOnly<T>(pool: Pool, use: (client: Client) => Promise<T>): Promise<T> {
  return pool.transaction(async (client) => {
    await client.query(`SET TRANSACTION READ ONLY; SET LOCAL lock_timeout = ${LOCK_TIMEOUT}`);
    return use(client);
  });
}

/** What the server refuses to show is not checked; a server that is gone ends the examination. */
async function attempt(check: () => Promise<Findings>): Promise<Findings> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof DatabaseError) || error instanceof ConnectionError) throw error;
    return notChecked(error.message);
  }
}

function notChecked(reason: string): Findings {
  return { checked: '', notChecked: [reason] };
}
