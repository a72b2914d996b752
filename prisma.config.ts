import { existsSync } from 'node:fs';
import { join } from 'node:path';
// Types only: a deploy pipeline loads this file with its own Prisma CLI, beside which nothing else need be installed.
import type { PrismaConfig } from 'prisma/config';

const environmentFile = join(process.cwd(), '.env');
if (existsSync(environmentFile)) process.loadEnvFile(environmentFile);

const url = databaseUrl(process.env);

export default {
  schema: 'prisma',
  migrations: { path: 'prisma/migrations', seed: 'tsx src/cli/main.ts seed' },
  // Without a URL `validate` and `generate` work, and the other commands say that it is missing.
  ...(url === undefined ? {} : { datasource: { url } }),
} satisfies PrismaConfig;

/** The same rules as in src/config.ts, which an installed package has only in its compiled form. */
function databaseUrl(environment: NodeJS.ProcessEnv): string | undefined {
  const given = environment.WYCKOFF_DATABASE_URL || environment.DATABASE_URL;
  if (given || !environment.DB_HOST) return given || undefined;
  const host = environment.DB_HOST.includes(':') ? `[${environment.DB_HOST}]` : environment.DB_HOST;
  const name = encodeURIComponent(environment.DB_NAME || 'wyckoff');
  const url = new URL(`postgresql://${host}:${environment.DB_PORT || '5432'}/${name}`);
  url.username = encodeURIComponent(environment.DB_USER || 'wyckoff');
  url.password = encodeURIComponent(environment.DB_PASSWORD ?? '');
  if (environment.DB_SSL_MODE) url.searchParams.set('sslmode', environment.DB_SSL_MODE);
  if (environment.DB_SSL_CA) url.searchParams.set('sslrootcert', environment.DB_SSL_CA);
  return url.href;
}
