import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { applyMigrations } from '../../src/database/migrate.js';
import { clusterFolder } from './cluster-folder.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** URL of a database of the server that tests connect to when they make their own beside it. */
    serverUrl: string;
    /** Name of the database that theirs are cloned from. */
    template: string;
    layout: 'plain' | 'timescale';
    /** How they are cloned: file by file in memory, two thirds of the work there; on a disk that would be slower. */
    strategy: 'file_copy' | 'wal_log';
    /** Whether somebody named the server: it runs jobs by itself, then. */
    givenServer: boolean;
  }
}

/** One template database is migrated for the run; each test file clones it. Answers how to remove it. */
export async function provideTemplate(
  project: TestProject,
  serverUrl: string,
  layout: 'plain' | 'timescale',
): Promise<() => Promise<void>> {
  const template = `wyckoff_template_${randomUUID().slice(0, 8)}`;
  const url = new URL(serverUrl);
  url.pathname = template;
  await applyMigrations({ connectionString: url.href });
  // Who is connected to it keeps it from being cloned, and TimescaleDB's workers connect to every database that lets them.
  await administer(
    serverUrl,
    `ALTER DATABASE ${template} ALLOW_CONNECTIONS false`,
    `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '${template}'`,
  );
  project.provide('serverUrl', serverUrl);
  project.provide('template', template);
  project.provide('layout', layout);
  const given = layout === 'timescale' && Boolean(process.env.WYCKOFF_TEST_TIMESCALE_URL);
  project.provide('givenServer', given);
  project.provide('strategy', !given && clusterFolder() !== tmpdir() ? 'file_copy' : 'wal_log');
  return () => administer(serverUrl, `DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
}

/** Keeps TimescaleDB from running jobs in a database by itself: tests run the policies that they test. */
export function stopWorkers(url: string): Promise<void> {
  return administer(url, 'SELECT _timescaledb_functions.stop_background_workers()');
}

/** Runs statements on the server, one after the other, each a transaction. */
export async function administer(serverUrl: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
