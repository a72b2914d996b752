/** The public API of wyckoff-store. What needs no database is also in `wyckoff-store/domain`. */

export type { ConfigOptions, LogLevel } from './config.js';
export type { MigrationPolicy } from './database/database.js';
export type { Health } from './database/health.js';
export type { PoolState } from './database/pool.js';
export type { Bar, BarInput } from './domain/bar.js';
export type { BarColumns, DecimalColumn } from './domain/bar-columns.js';
export { Decimal, type DecimalInput } from './domain/decimal.js';
export type { Series, SeriesInput, SeriesKey } from './domain/series.js';
export type { MarketSymbol } from './domain/symbol.js';
export { formatInstant, type InstantInput } from './domain/time.js';
export { closeOf, TIMEFRAMES, type Timeframe } from './domain/timeframe.js';
export {
  AuthenticationError,
  ConfigError,
  ConflictError,
  ConnectionError,
  ConstraintError,
  DatabaseError,
  describeProblem,
  EmbeddedServerError,
  InvalidInputError,
  MigrationError,
  MissingDependencyError,
  PoolExhaustedError,
  type Problem,
  StatementTimeoutError,
  TransactionConflictError,
  UnsupportedServerError,
  WyckoffError,
} from './errors.js';
export type { BarRepository, UpsertCounts, WriteOptions } from './repositories/bars/bar-repository.js';
export type { BarWindow, KnownAt } from './repositories/bars/bar-window.js';
export type { BarRevision } from './repositories/bars/revisions.js';
export { openStore, Store, type StoreOptions } from './store.js';
export type { FileImport, ImportOptions, ImportProgress } from './transfer/importer.js';
