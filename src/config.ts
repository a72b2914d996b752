import { z } from 'zod';
import { ConfigError } from './errors.js';

/**
 * Where the store finds its database and how it behaves, from the environment (`.env.example` lists every variable) and from the options of
 * `openStore`, which win.
 */
export interface Config {
  /** Undefined: the embedded server. Carries the password; never log it. */
  readonly databaseUrl: string | undefined;
  /** Where the embedded server keeps its data. */
  readonly dataDirectory: string;
  readonly pool: PoolConfig;
  /** TimescaleDB's chunk interval for a new database, e.g. `7 days`. */
  readonly chunkInterval: string | undefined;
  readonly logLevel: LogLevel;
  readonly ingest: IngestConfig;
  /** Where `openBarStore` keeps the bars: in the database, in files, or in both, as the cutover's phase says. */
  readonly backend: Backend;
  /** The folder of the files. */
  readonly barsDirectory: string;
}

/** How live rows are written. */
export interface IngestConfig {
  /** Most rows a transaction. */
  readonly batchSize: number;
  /** Milliseconds that a row waits for others to be written with. */
  readonly interval: number;
  /** Most rows that wait in memory. */
  readonly queueSize: number;
  /** How often a batch is tried again before the store takes the database for away. */
  readonly maxRetries: number;
  /** Milliseconds before the first of these tries; each next one waits about twice as long. */
  readonly retryDelay: number;
}

export interface PoolConfig {
  readonly maxConnections: number;
  readonly minConnections: number;
  /** Milliseconds that an unused connection stays open. */
  readonly idleTimeout: number;
  /** Milliseconds after which a connection is replaced; 0: never. */
  readonly maxLifetime: number;
  /** Milliseconds that a caller waits for a connection before it gets a PoolExhaustedError. */
  readonly connectionTimeout: number;
  /** Milliseconds a statement may run; 0: no limit. */
  readonly statementTimeout: number;
  readonly applicationName: string;
  readonly tls: TlsConfig | undefined;
}

export interface TlsConfig {
  /** Whether the server's certificate must be signed by a known authority. */
  readonly verify: boolean;
  /** Whether the certificate must also carry the host's name. */
  readonly verifyHost: boolean;
  /** Path of a PEM file with the authority's certificate. */
  readonly caFile: string | undefined;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
/** What is logged: this, and what weighs more. */
export type LogLevel = (typeof LOG_LEVELS)[number];

export const BACKENDS = ['postgres', 'files', 'dual'] as const;
export type Backend = (typeof BACKENDS)[number];

const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
/** TLS where the server offers it, which protects from nobody; taken in a URL, where it is often left from other programs, as no TLS. */
const OPTIONAL_SSL_MODES = ['prefer', 'allow'];

const milliseconds = z.coerce.number().int().min(0).max(86_400_000);
const text = z.string().min(1);

const environmentSchema = z.object({
  WYCKOFF_DATABASE_URL: databaseUrl().optional(),
  DATABASE_URL: databaseUrl().optional(),
  DB_HOST: text.refine(isHost, 'a host name or address, without a port (that is DB_PORT)').optional(),
  DB_PORT: z.coerce.number().int().min(1).max(65_535).default(5432),
  DB_NAME: text
    .refine(
      (name) => name !== '.' && name !== '..',
      "a name that a URL can carry: '.' and '..' stand for directories there",
    )
    .default('wyckoff'),
  DB_USER: text.default('wyckoff'),
  DB_PASSWORD: z.string().optional(),
  DB_SSL_MODE: z.enum(SSL_MODES).optional(),
  DB_SSL_CA: text.optional(),
  DB_MAX_CONNECTIONS: z.coerce.number().int().min(1).max(1000).default(20),
  DB_MIN_CONNECTIONS: z.coerce.number().int().min(0).max(1000).default(0),
  DB_IDLE_TIMEOUT: milliseconds.default(30_000),
  DB_MAX_LIFETIME: milliseconds.default(1_800_000),
  DB_CONNECTION_TIMEOUT: milliseconds.min(1).default(10_000),
  DB_STATEMENT_TIMEOUT: milliseconds.default(0),
  DB_APPLICATION_NAME: text.max(63).default('wyckoff-store'),
  WYCKOFF_DATA_DIR: text.default('.wyckoff'),
  WYCKOFF_CHUNK_INTERVAL: z
    .string()
    .regex(/^[1-9]\d* (hour|day|week)s?$/, "an interval such as '1 day' or '7 days'")
    .optional(),
  WYCKOFF_LOG_LEVEL: z.enum(LOG_LEVELS).default('warn'),
  WYCKOFF_BACKEND: z.enum(BACKENDS).default('postgres'),
  WYCKOFF_BARS_DIR: text.default('bars'),
  BARS_DB_WRITE_BATCH_SIZE: z.coerce.number().int().min(1).max(20_000).default(1000),
  BARS_DB_WRITE_INTERVAL: milliseconds.default(1000),
  BARS_DB_WRITE_QUEUE_SIZE: z.coerce.number().int().min(1).max(10_000_000).default(10_000),
  BARS_DB_MAX_RETRIES: z.coerce.number().int().min(0).max(100).default(3),
  BARS_DB_RETRY_DELAY: milliseconds.default(100),
});

export type EnvironmentVariable = keyof z.infer<typeof environmentSchema>;
export const ENVIRONMENT_VARIABLES = Object.keys(environmentSchema.shape) as EnvironmentVariable[];

/** Variables whose value must never be shown. */
const SECRET = new Set<string>(['WYCKOFF_DATABASE_URL', 'DATABASE_URL', 'DB_PASSWORD']);

/** What a caller may set in code. */
export interface ConfigOptions {
  /** `postgresql://user:password@host:5432/database`. Default: WYCKOFF_DATABASE_URL and the rest, else the embedded server. */
  readonly databaseUrl?: string;
  /** Where the embedded server keeps its data, and the ingest its spool. Default: WYCKOFF_DATA_DIR, else `.wyckoff`. */
  readonly dataDirectory?: string;
  /** Most connections at a time. Default 20. */
  readonly maxConnections?: number;
  /** Milliseconds that a caller waits for a connection. Default 10,000. */
  readonly connectionTimeout?: number;
  /** Milliseconds that a statement may run; 0, the default: no limit. */
  readonly statementTimeout?: number;
  /** Our name in the server's lists. Default `wyckoff-store`. */
  readonly applicationName?: string;
  /** Default `warn`; the log goes to standard error. */
  readonly logLevel?: LogLevel;
  readonly backend?: Backend;
  readonly barsDirectory?: string;
  /** How live rows are written. */
  readonly ingest?: Partial<IngestConfig> | undefined;
}

const OPTION_VARIABLES: Record<Exclude<keyof ConfigOptions, 'ingest'>, EnvironmentVariable> = {
  databaseUrl: 'WYCKOFF_DATABASE_URL',
  dataDirectory: 'WYCKOFF_DATA_DIR',
  maxConnections: 'DB_MAX_CONNECTIONS',
  connectionTimeout: 'DB_CONNECTION_TIMEOUT',
  statementTimeout: 'DB_STATEMENT_TIMEOUT',
  applicationName: 'DB_APPLICATION_NAME',
  logLevel: 'WYCKOFF_LOG_LEVEL',
  backend: 'WYCKOFF_BACKEND',
  barsDirectory: 'WYCKOFF_BARS_DIR',
};

const INGEST_VARIABLES: Record<keyof IngestConfig, EnvironmentVariable> = {
  batchSize: 'BARS_DB_WRITE_BATCH_SIZE',
  interval: 'BARS_DB_WRITE_INTERVAL',
  queueSize: 'BARS_DB_WRITE_QUEUE_SIZE',
  maxRetries: 'BARS_DB_MAX_RETRIES',
  retryDelay: 'BARS_DB_RETRY_DELAY',
};

/** @throws ConfigError naming every variable or option that is wrong */
export function readConfig(options: ConfigOptions = {}, environment: NodeJS.ProcessEnv = process.env): Config {
  const input: Record<string, unknown> = {};
  for (const name of ENVIRONMENT_VARIABLES) if (environment[name]) input[name] = environment[name];
  const given: Readonly<Record<string, unknown>> = { ...options, ...options.ingest };
  for (const [option, name] of Object.entries({ ...OPTION_VARIABLES, ...INGEST_VARIABLES })) {
    if (given[option] !== undefined) input[name] = given[option];
  }
  const parsed = environmentSchema.safeParse(input);
  if (!parsed.success) throw describeIssues(parsed.error, input);
  const values = parsed.data;
  if (values.DB_MIN_CONNECTIONS > values.DB_MAX_CONNECTIONS) {
    throw new ConfigError('CONFIG_INVALID', 'DB_MIN_CONNECTIONS is above DB_MAX_CONNECTIONS');
  }
  const url = values.WYCKOFF_DATABASE_URL ?? values.DATABASE_URL ?? urlFromParts(values);
  const sslMode = values.DB_SSL_MODE ?? (url ? sslModeOf(url) : undefined);
  return {
    databaseUrl: url,
    dataDirectory: values.WYCKOFF_DATA_DIR,
    chunkInterval: values.WYCKOFF_CHUNK_INTERVAL,
    logLevel: values.WYCKOFF_LOG_LEVEL,
    backend: values.WYCKOFF_BACKEND,
    barsDirectory: values.WYCKOFF_BARS_DIR,
    pool: {
      maxConnections: values.DB_MAX_CONNECTIONS,
      minConnections: values.DB_MIN_CONNECTIONS,
      idleTimeout: values.DB_IDLE_TIMEOUT,
      maxLifetime: values.DB_MAX_LIFETIME,
      connectionTimeout: values.DB_CONNECTION_TIMEOUT,
      statementTimeout: values.DB_STATEMENT_TIMEOUT,
      applicationName: values.DB_APPLICATION_NAME,
      tls: tlsOf(sslMode, values.DB_SSL_CA),
    },
    ingest: {
      batchSize: values.BARS_DB_WRITE_BATCH_SIZE,
      interval: values.BARS_DB_WRITE_INTERVAL,
      queueSize: values.BARS_DB_WRITE_QUEUE_SIZE,
      maxRetries: values.BARS_DB_MAX_RETRIES,
      retryDelay: values.BARS_DB_RETRY_DELAY,
    },
  };
}

/** The variable that names the database; undefined: none does, and the embedded server serves. */
export function databaseVariable(environment: NodeJS.ProcessEnv = process.env): EnvironmentVariable | undefined {
  return (['WYCKOFF_DATABASE_URL', 'DATABASE_URL', 'DB_HOST'] as const).find((name) => environment[name]);
}

function databaseUrl() {
  const shape =
    'a URL such as postgresql://user:password@host:5432/database (special characters in the password percent-encoded)';
  return z
    .string()
    .refine(isDatabaseUrl, { error: shape, abort: true })
    .refine(hasKnownSslMode, `its sslmode is one of ${SSL_MODES.join(', ')}`);
}

function isDatabaseUrl(value: string): boolean {
  try {
    const { protocol, username, password, pathname } = new URL(value);
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return ['postgresql:', 'postgres:'].includes(protocol);
  } catch {
    return false;
  }
}

function hasKnownSslMode(url: string): boolean {
  const mode = new URL(url).searchParams.get('sslmode');
  return mode === null || [...SSL_MODES, ...OPTIONAL_SSL_MODES].includes(mode);
}

/** Part of a URL: what would end the host or not parse is refused here, where no password stands beside it. */
function isHost(value: string): boolean {
  return /^[^/?#@%]+$/.test(value) && URL.canParse(`postgresql://${bracketed(value)}:5432/`);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function urlFromParts(values: z.infer<typeof environmentSchema>): string | undefined {
  if (values.DB_HOST === undefined) return undefined;
  const password = values.DB_PASSWORD === undefined ? '' : `:${encodeURIComponent(values.DB_PASSWORD)}`;
  const user = encodeURIComponent(values.DB_USER);
  return `postgresql://${user}${password}@${bracketed(values.DB_HOST)}:${values.DB_PORT}/${encodeURIComponent(values.DB_NAME)}`;
}

function sslModeOf(url: string): (typeof SSL_MODES)[number] | undefined {
  const mode = new URL(url).searchParams.get('sslmode');
  return SSL_MODES.find((candidate) => candidate === mode);
}

function tlsOf(mode: (typeof SSL_MODES)[number] | undefined, caFile: string | undefined): TlsConfig | undefined {
  if (mode === undefined || mode === 'disable') return undefined;
  return { verify: mode !== 'require', verifyHost: mode === 'verify-full', caFile };
}

function describeIssues(error: z.ZodError, input: Record<string, unknown>): ConfigError {
  const lines = error.issues.map((issue) => {
    const name = String(issue.path[0] ?? '');
    const shown = SECRET.has(name) ? '' : ` (it is ${JSON.stringify(input[name])})`;
    return `${name}: ${issue.message}${shown}`;
  });
  return new ConfigError('CONFIG_INVALID', lines.join('; '), {
    hint: '.env.example lists every variable with its default',
  });
}
