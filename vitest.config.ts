import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { timescaleBinaries } from './tests/setup/timescale-binaries.js';

const given = process.env.WYCKOFF_TEST_TIMESCALE_URL;
const timescale = given || timescaleBinaries();
if (!timescale) {
  process.stderr.write(
    'TimescaleDB is not installed beside a PostgreSQL here, and WYCKOFF_TEST_TIMESCALE_URL names no server: its tests are left out\n',
  );
  if (process.env.npm_lifecycle_event === 'test:timescale') process.exit(1); // nothing else was asked for
}
if (given)
  process.stderr.write("The tests of roles are left out on TimescaleDB: the roles are the given server's own\n");

/** What runs against a database runs twice, with the same expectations: on the embedded server and, where it is installed, on TimescaleDB. */
const database = { include: ['tests/integration/**/*.test.ts'], testTimeout: 240_000, hookTimeout: 240_000 };

export default defineConfig({
  test: {
    // Tests wait for their database more than they compute.
    maxWorkers: availableParallelism() + 1,
    projects: [
      { test: { name: 'unit', include: ['tests/unit/**/*.test.ts'], testTimeout: 120_000 } },
      { test: { name: 'plain', ...database, globalSetup: 'tests/setup/plain-server.ts' } },
      ...(timescale
        ? [
            {
              test: {
                name: 'timescale',
                ...database,
                include: [...database.include, 'tests/timescale/**/*.test.ts'],
                exclude: [
                  'tests/integration/embedded*',
                  'tests/integration/database-commands*',
                  'tests/integration/schema-engine*',
                  'tests/integration/api-examples*',
                  'tests/integration/csv*',
                  'tests/integration/transfer-*',
                  ...(given ? ['tests/integration/roles*'] : []),
                ],
                globalSetup: 'tests/setup/timescale-server.ts',
              },
            },
          ]
        : []),
      {
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          exclude: timescale ? [] : ['tests/e2e/deployment*', 'tests/e2e/docker-database*'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
