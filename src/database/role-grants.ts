import { AGGREGATES } from './layouts/aggregates.js';

/**
 * Who may do what. Roles are groups that nobody logs in as: a user is made a member (`GRANT wyckoff_app TO trader`).
 *
 *   wyckoff_owner     owns everything in the schema and may create in it; for migrations
 *   wyckoff_app       what the store does, and no more; for the programs that use it
 *   wyckoff_readonly  reads everything and writes nothing; for people and dashboards
 */
export const ROLES = ['wyckoff_owner', 'wyckoff_app', 'wyckoff_readonly'] as const;
export type Role = (typeof ROLES)[number];

export const OWNER: Role = 'wyckoff_owner';

/** The roles that own nothing: they have what is granted to them here. */
export const GRANTED_ROLES = ['wyckoff_app', 'wyckoff_readonly'] as const satisfies readonly Role[];
export type GrantedRole = (typeof GRANTED_ROLES)[number];

export const TABLE_PRIVILEGES = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;
export type TablePrivilege = (typeof TABLE_PRIVILEGES)[number];

const S = ['SELECT'] as const;
const SI = ['SELECT', 'INSERT'] as const;
const SIU = ['SELECT', 'INSERT', 'UPDATE'] as const;
const SIUD = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;

/** Every table of the store. A migration that makes a table adds its line here; a test compares the two. */
export const TABLE_GRANTS: Readonly<Record<string, Readonly<Record<GrantedRole, readonly TablePrivilege[]>>>> = {
  ohlcv_bars: { wyckoff_app: SIUD, wyckoff_readonly: S },
  bar_series: { wyckoff_app: SIU, wyckoff_readonly: S },
  ohlcv_bar_revisions: { wyckoff_app: SI, wyckoff_readonly: S },
  bar_aggregate_changes: { wyckoff_app: SIU, wyckoff_readonly: S },
  retention_policies: { wyckoff_app: S, wyckoff_readonly: S }, // to remove bars is an administrator's
  trades: { wyckoff_app: SIUD, wyckoff_readonly: S },
  quotes: { wyckoff_app: SIUD, wyckoff_readonly: S },
  order_book_snapshots: { wyckoff_app: SIUD, wyckoff_readonly: S },
  indicators: { wyckoff_app: SIUD, wyckoff_readonly: S },
  time_series: { wyckoff_app: SIU, wyckoff_readonly: S },
  ingest_positions: { wyckoff_app: SIUD, wyckoff_readonly: S },
  arrivals: { wyckoff_app: SI, wyckoff_readonly: S }, // its trigger prunes it, as its owner
  cutovers: { wyckoff_app: SIU, wyckoff_readonly: S }, // FOR SHARE needs UPDATE
  cutover_progress: { wyckoff_app: SIUD, wyckoff_readonly: S },
  cutover_outbox: { wyckoff_app: SIUD, wyckoff_readonly: S },
  import_runs: { wyckoff_app: SIU, wyckoff_readonly: S },
  import_files: { wyckoff_app: SIU, wyckoff_readonly: S },
  import_series: { wyckoff_app: SIU, wyckoff_readonly: S },
  trading_ranges: { wyckoff_app: SIU, wyckoff_readonly: S },
  patterns: { wyckoff_app: SIU, wyckoff_readonly: S },
  signals: { wyckoff_app: SIU, wyckoff_readonly: S },
  campaigns: { wyckoff_app: SIU, wyckoff_readonly: S },
  backtest_results: { wyckoff_app: SI, wyckoff_readonly: S },
  audit_trail: { wyckoff_app: SI, wyckoff_readonly: S },
  audit_chains: { wyckoff_app: S, wyckoff_readonly: S }, // its triggers write it, as its owner
  _prisma_migrations: { wyckoff_app: S, wyckoff_readonly: S }, // opening the store looks whether the database is up to date
};

/** Continuous aggregates, where the layout has them. Rights on one are rights on the table in which TimescaleDB keeps it. */
export const AGGREGATE_GRANTS: typeof TABLE_GRANTS = Object.fromEntries(
  AGGREGATES.map(({ view }) => [view, { wyckoff_app: S, wyckoff_readonly: S }]),
);

/** The store stages streams of bars in temporary tables. */
export const DATABASE_GRANTS: Readonly<Record<Role, readonly ('CONNECT' | 'TEMPORARY')[]>> = {
  wyckoff_owner: ['CONNECT', 'TEMPORARY'],
  wyckoff_app: ['CONNECT', 'TEMPORARY'],
  wyckoff_readonly: ['CONNECT'],
};

export const SCHEMA_GRANTS: Readonly<Record<Role, readonly ('USAGE' | 'CREATE')[]>> = {
  wyckoff_owner: ['USAGE', 'CREATE'],
  wyckoff_app: ['USAGE'],
  wyckoff_readonly: ['USAGE'],
};

/**
 * What PUBLIC, that is every user of the server, loses, beside all rights on tables and routines. It keeps CONNECT, since who may log in is
 * the administrator's matter, and USAGE of the schema: without a right on a table neither shows a row, and other tools (backups, exporters,
 * extensions in that schema) rely on them.
 */
export const PUBLIC_LOSES = {
  /** Temporary tables fill the disk, which a role that only reads must not be able to do. */
  database: ['TEMPORARY'],
  /** PostgreSQL 15 grants it no more; a database that came from an older one may still have it. */
  schema: ['CREATE'],
} as const;
