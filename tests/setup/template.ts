import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { applyMigrations } from '../../src/database/migrate.js';

export const TEMPLATE = 'wyckoff_template';

declare module 'vitest' {
  export interface ProvidedContext {
    /** URL of the server's maintenance database; test databases are cloned from the template beside it. */
    serverUrl: string;
    layout: 'plain' | 'timescale';
  }
}

/** One template database is migrated for the run; each test file clones it. */
export async function provideTemplate(
  project: TestProject,
  serverUrl: string,
  layout: 'plain' | 'timescale',
): Promise<void> {
  const url = new URL(serverUrl);
  url.pathname = TEMPLATE;
  await applyMigrations({ connectionString: url.href });
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(`ALTER DATABASE ${TEMPLATE} IS_TEMPLATE true`);
  await client.end();
  project.provide('serverUrl', serverUrl);
  project.provide('layout', layout);
}
