import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { inspect, parseEnv } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ConfigOptions, ENVIRONMENT_VARIABLES, type EnvironmentVariable, readConfig } from '../../src/config.js';
import { ConfigError } from '../../src/errors.js';

/** The parts of a URL count only beside a host, and the authority's file only with TLS. */
const BASE = { DB_HOST: 'db.example.org', DB_SSL_MODE: 'verify-full' };

/** For each variable a value that is right and not its default. */
const OTHER_VALUES: Record<EnvironmentVariable, string> = {
  WYCKOFF_DATABASE_URL: 'postgresql://other:hunter2@elsewhere:6543/bars',
  DATABASE_URL: 'postgres://another:hunter2@elsewhere/bars',
  DB_HOST: 'fe80::1',
  DB_PORT: '6543',
  DB_NAME: 'bars',
  DB_USER: 'detector',
  DB_PASSWORD: 'hunter2',
  DB_SSL_MODE: 'verify-ca',
  DB_SSL_CA: '/etc/ssl/authority.pem',
  DB_MAX_CONNECTIONS: '7',
  DB_MIN_CONNECTIONS: '2',
  DB_IDLE_TIMEOUT: '1',
  DB_MAX_LIFETIME: '0',
  DB_CONNECTION_TIMEOUT: '1',
  DB_STATEMENT_TIMEOUT: '1',
  DB_APPLICATION_NAME: 'detector',
  WYCKOFF_DATA_DIR: '/var/lib/wyckoff',
  WYCKOFF_CHUNK_INTERVAL: '7 days',
  WYCKOFF_LOG_LEVEL: 'info',
  WYCKOFF_BACKEND: 'files',
  WYCKOFF_BARS_DIR: '/srv/bars',
  BARS_DB_WRITE_BATCH_SIZE: '500',
  BARS_DB_WRITE_INTERVAL: '0',
  BARS_DB_WRITE_QUEUE_SIZE: '20000',
  BARS_DB_MAX_RETRIES: '0',
  BARS_DB_RETRY_DELAY: '1',
};
const WITHOUT_DEFAULT: readonly EnvironmentVariable[] = [
  'WYCKOFF_DATABASE_URL',
  'DATABASE_URL',
  'DB_HOST',
  'DB_PASSWORD',
  'DB_SSL_MODE',
  'DB_SSL_CA',
  'WYCKOFF_CHUNK_INTERVAL',
];

const textOf = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

function configError(environment: NodeJS.ProcessEnv, options: ConfigOptions = {}): ConfigError {
  try {
    readConfig(options, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('the variables', () => {
  it.each(ENVIRONMENT_VARIABLES)('%s counts', (name) => {
    expect(readConfig({}, { ...BASE, [name]: OTHER_VALUES[name] })).not.toEqual(readConfig({}, BASE));
    expect(readConfig({}, { ...BASE, [name]: '' })).toEqual(readConfig({}, { ...BASE, [name]: undefined }));
  });

  it('lead to the embedded server where none is set', () => {
    expect(readConfig({}, {})).toMatchObject({ databaseUrl: undefined, dataDirectory: '.wyckoff' });
  });

  it('take WYCKOFF_DATABASE_URL before DATABASE_URL before DB_HOST, and an option before all', () => {
    const { DATABASE_URL, WYCKOFF_DATABASE_URL } = OTHER_VALUES;
    const environment = { ...BASE, DATABASE_URL };
    expect(readConfig({}, environment).databaseUrl).toBe(DATABASE_URL);
    expect(readConfig({}, { ...environment, WYCKOFF_DATABASE_URL }).databaseUrl).toBe(WYCKOFF_DATABASE_URL);
    const databaseUrl = 'postgresql://option@here/bars';
    expect(readConfig({ databaseUrl }, { ...environment, WYCKOFF_DATABASE_URL }).databaseUrl).toBe(databaseUrl);
  });
});

describe.each([
  // A default that is not code says what happens without one.
  ['README.md', /^\| `(\w+)` \| (?:`([^`]*)`|[^|`]*) \| [^|]+ \|$/gm],
  ['.env.example', /(?<=^# .+\n)#(\w+)=(.*)$/gm],
])('%s', (document, entry) => {
  const entries = [...textOf(document).matchAll(entry)].map(([, name = '', value]) => ({ name, default: value || '' }));

  it('lists every variable once, in their order', () => {
    expect(entries.map(({ name }) => name)).toEqual(ENVIRONMENT_VARIABLES);
  });

  it('names the default of each that has one', () => {
    expect(entries.filter((one) => one.default === '').map(({ name }) => name)).toEqual(WITHOUT_DEFAULT);
    const named = entries.filter((one) => one.default !== '');
    for (const one of named) {
      expect(readConfig({}, { ...BASE, [one.name]: one.default }), one.name).toEqual(readConfig({}, BASE));
    }
  });
});

it('.env.example changes nothing, neither as it is nor with every line in force', () => {
  const example = textOf('.env.example');
  expect(parseEnv(example)).toEqual({});
  const inForce = parseEnv(example.replaceAll(/^#(?=\w)/gm, ''));
  expect(Object.keys(inForce).sort()).toEqual([...ENVIRONMENT_VARIABLES].sort());
  expect(readConfig({}, inForce)).toEqual(readConfig({}, {}));
});

describe('what is wrong', () => {
  const WRONG: [EnvironmentVariable, string][] = [
    ['WYCKOFF_DATABASE_URL', 'mysql://u:hunter2@host/bars'],
    ['WYCKOFF_DATABASE_URL', 'u:hunter2@host/bars'],
    ['WYCKOFF_DATABASE_URL', 'postgresql://u:hunter2@host/bars?sslmode=full'],
    ['DATABASE_URL', 'postgresql://u:hunter2@ho st/bars'],
    ['DATABASE_URL', 'postgresql://u:hunter2%@host/bars'],
    ['DB_HOST', 'two words'],
    ['DB_HOST', 'host:5432'],
    ['DB_HOST', 'user@host'],
    ['DB_HOST', 'host/bars'],
    ['DB_HOST', 'host%'],
    ['DB_NAME', '.'],
    ['DB_NAME', '..'],
    ['DB_PORT', '0'],
    ['DB_PORT', '65536'],
    ['DB_PORT', 'five'],
    ['DB_SSL_MODE', 'prefer'],
    ['DB_MAX_CONNECTIONS', '0'],
    ['DB_MAX_CONNECTIONS', '2.5'],
    ['DB_MIN_CONNECTIONS', '-1'],
    ['DB_MIN_CONNECTIONS', '21'],
    ['DB_IDLE_TIMEOUT', '-1'],
    ['DB_MAX_LIFETIME', 'never'],
    ['DB_CONNECTION_TIMEOUT', '0'],
    ['DB_STATEMENT_TIMEOUT', '86400001'],
    ['DB_APPLICATION_NAME', 'a'.repeat(64)],
    ['WYCKOFF_CHUNK_INTERVAL', '0 days'],
    ['WYCKOFF_CHUNK_INTERVAL', "1 day'; DROP TABLE ohlcv_bars; --"],
    ['WYCKOFF_LOG_LEVEL', 'verbose'],
    ['BARS_DB_WRITE_BATCH_SIZE', '0'],
    ['BARS_DB_WRITE_INTERVAL', '-1'],
    ['BARS_DB_WRITE_QUEUE_SIZE', 'many'],
    ['BARS_DB_MAX_RETRIES', '101'],
    ['BARS_DB_RETRY_DELAY', '0.5'],
  ];

  it.each(WRONG)('names %s for %s', (name, value) => {
    const error = configError({ DB_PASSWORD: 'hunter2', ...BASE, [name]: value });
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(new RegExp(`^${name}\\b`));
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain('hunter2');
  });

  it('is all told at once', () => {
    const { message, hint } = configError({ DB_PORT: 'five', DB_SSL_MODE: 'on', WYCKOFF_LOG_LEVEL: 'loud' });
    expect(message.split('; ').map((line) => line.split(':')[0])).toEqual([
      'DB_PORT',
      'DB_SSL_MODE',
      'WYCKOFF_LOG_LEVEL',
    ]);
    expect(hint).toContain('.env.example');
  });

  it('is told of an option as well, without the password', () => {
    const error = configError({}, { databaseUrl: 'mysql://u:hunter2@host/bars' });
    expect(error.message).toContain('WYCKOFF_DATABASE_URL');
    expect(inspect(error, { showHidden: true })).not.toContain('hunter2');
  });
});

describe('prisma.config.ts', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  /** Loads it anew under this environment alone; in a directory without a `.env`. */
  async function prismaUrl(environment: Partial<Record<EnvironmentVariable, string>>): Promise<string | undefined> {
    vi.spyOn(process, 'cwd').mockReturnValue(tmpdir());
    for (const name of ENVIRONMENT_VARIABLES) vi.stubEnv(name, environment[name]);
    vi.resetModules();
    const { default: config } = await import('../../prisma.config.js');
    return config.datasource?.url;
  }

  /** What both must agree on, decoded. */
  function partsOf(url: string | undefined) {
    if (url === undefined) return undefined;
    const { username, password, hostname, port, pathname } = new URL(url);
    return [username, password, hostname, port, pathname].map(decodeURIComponent);
  }

  it.each([
    {},
    { DB_NAME: 'bars' },
    { WYCKOFF_DATABASE_URL: OTHER_VALUES.WYCKOFF_DATABASE_URL, DATABASE_URL: OTHER_VALUES.DATABASE_URL, ...BASE },
    { DATABASE_URL: OTHER_VALUES.DATABASE_URL, ...BASE },
    { WYCKOFF_DATABASE_URL: '', DATABASE_URL: '', DB_HOST: 'db' },
    { DB_HOST: '::1', DB_PORT: '6543' },
  ])('reads the URL that the store reads: %o', async (environment) => {
    expect(partsOf(await prismaUrl(environment))).toEqual(partsOf(readConfig({}, environment).databaseUrl));
  });

  it('puts the parts together as the store does, whatever characters they have', async () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => !text.includes('\0'));
    const name = part.filter((text) => text !== '.' && text !== '..');
    const parts = fc.record(
      { DB_NAME: name, DB_USER: part, DB_PASSWORD: part, DB_PORT: fc.integer({ min: 1, max: 65_535 }).map(String) },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(parts, async (given) => {
        const environment = { DB_HOST: 'db.example.org', ...given };
        const expected = [
          given.DB_USER ?? 'wyckoff',
          given.DB_PASSWORD ?? '',
          'db.example.org',
          given.DB_PORT ?? '5432',
          `/${given.DB_NAME ?? 'wyckoff'}`,
        ];
        expect(partsOf(readConfig({}, environment).databaseUrl)).toEqual(expected);
        expect(partsOf(await prismaUrl(environment))).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  it('hands TLS on', async () => {
    const url = await prismaUrl({ ...BASE, DB_SSL_CA: '/etc/ssl/authority.pem' });
    expect(Object.fromEntries(new URL(url ?? '').searchParams)).toEqual({
      sslmode: 'verify-full',
      sslrootcert: '/etc/ssl/authority.pem',
    });
    expect(readConfig({}, { DATABASE_URL: url, DB_SSL_CA: '/etc/ssl/authority.pem' }).pool.tls).toEqual({
      verify: true,
      verifyHost: true,
      caFile: '/etc/ssl/authority.pem',
    });
  });
});
