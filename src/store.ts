import { AsyncLocalStorage } from 'node:async_hooks';
import type { Registry } from 'prom-client';
import { type ConfigOptions, readConfig } from './config.js';
import { Database, type MigrationPolicy } from './database/database.js';
import type { Health } from './database/health.js';
import type { Session } from './database/session.js';
import { type UnitOfWork, type UnitOptions, UnitsOfWork } from './database/unit-of-work.js';
import { readId } from './domain/identifier.js';
import type { JsonSchema } from './domain/json-schemas.js';
import { LEDGER_SCHEMAS } from './domain/ledger-schemas.js';
import { type PatternRulesInput, readPatternRules } from './domain/pattern-rules.js';
import { readOrThrow, requireObject } from './domain/problem.js';
import { readText } from './domain/text.js';
import { type InstantInput, readInstant } from './domain/time.js';
import { type Problem, WyckoffError } from './errors.js';
import { AsOfFeed } from './feed/as-of-feed.js';
import { MarketCache } from './feed/cache/market-cache.js';
import { type CacheOptions, readCacheSettings } from './feed/cache/settings.js';
import { Feed, type FeedSources } from './feed/feed.js';
import { LiveFeed } from './feed/live-feed.js';
import { Subscriptions } from './feed/subscribe/subscriptions.js';
import { Ingest } from './ingest/ingest.js';
import { type IngestOptions, readSettings } from './ingest/settings.js';
import { type CallObserver, observeBoth, observed, observedAll } from './observability/calls.js';
import type { HttpServer, HttpServerOptions } from './observability/http-server.js';
import type { Metrics } from './observability/metrics.js';
import { traceCall } from './observability/tracing.js';
import { type AuditContext, LONGEST_ACTOR } from './repositories/audit/append.js';
import { LedgerSession } from './repositories/ledger/ledger-session.js';
import type { PatternSettings } from './repositories/patterns.js';
import { createRepositories, type Repositories } from './repositories/repositories.js';
import type { GapReport } from './transfer/calendar/gap-report.js';
import type { GapsInput } from './transfer/calendar/gaps.js';
import { Files } from './transfer/files.js';

/** How a store is opened. What is left out comes from the environment, see README. */
export interface StoreOptions extends Omit<ConfigOptions, 'ingest'> {
  /** How {@link Store.ingest} works. Where it is given, the ingest is opened with the store, and what a process that died had left is written. */
  readonly ingest?: IngestOptions;
  /**
   * `require` (refuse a database that lacks migrations), `apply` (bring it up to date) or `ignore` (take it as it is, for
   * {@link Store.migrate}). Default: `apply` for the embedded server, whose data are the store's own; `require` for a configured database.
   */
  readonly migrations?: MigrationPolicy;
  /** Whom the audit trail names where a transaction names nobody else. Default: the application name (DB_APPLICATION_NAME). */
  readonly actor?: string;
  /** Rules that a pattern is held to, where they differ from the defaults. */
  readonly patternRules?: PatternRulesInput;
  /** Shapes of JSON documents beside the store's own: a new version of a pattern's metadata, the configuration of a backtest. */
  readonly jsonSchemas?: readonly JsonSchema[];
  /**
   * Hears what a pattern breaks of the rules that only warn, when it is written: inside a transaction that is before the commit, and again when
   * it is tried again. Default: the log.
   */
  readonly onWarning?: (problem: Problem) => void;
  /** What {@link LiveFeed.cache} holds. Where it is given, the cache is filled when the store is opened; otherwise its first read begins it. */
  readonly cache?: CacheOptions;
  /** Counts and times what the store does, for Prometheus ({@link Store.metrics}). Default: off. */
  readonly metrics?: boolean;
}

/** Who does it, in which story, and how. */
export interface TransactionOptions extends Pick<AuditContext, 'correlationId'>, UnitOptions {
  /** Default: the store's own actor. A transaction inside another one has that one's actor, story and `at`. */
  readonly actor?: string | undefined;
  /** The market's time of what is done, which the audit events keep: a backtest acts today on what happened years ago. */
  readonly at?: InstantInput | undefined;
}

/** The repositories, all on one database transaction. */
export interface Transaction extends Repositories {
  /** Reads of this transaction: all of one snapshot where its isolation is `repeatable read`. */
  readonly feed: Feed;
  /** Joins: what `use` does is part of this transaction, which fails as a whole if `use` throws. */
  transaction<T>(options: TransactionOptions, use: (tx: Transaction) => Promise<T>): Promise<T>;
}

interface StoreParts {
  readonly actor: string;
  readonly settings: PatternSettings;
  readonly ingest?: IngestOptions | undefined;
  readonly cache?: CacheOptions | undefined;
  readonly metrics?: Metrics | undefined;
}

/** An open store, which {@link openStore} makes. Everything opened is closed by {@link close}. @hideconstructor */
export class Store implements Repositories {
  /** Bars, by symbol and timeframe. */
  readonly bars: Repositories['bars'];
  /** Single trades. */
  readonly trades: Repositories['trades'];
  /** Best bid and ask. */
  readonly quotes: Repositories['quotes'];
  /** Snapshots of order books. */
  readonly orderBooks: Repositories['orderBooks'];
  /** Values by name, of bars. */
  readonly indicators: Repositories['indicators'];
  /** Accumulations and distributions. */
  readonly tradingRanges: Repositories['tradingRanges'];
  /** What the detector saw. */
  readonly patterns: Repositories['patterns'];
  /** Trades that are proposed, approved and carried out. */
  readonly signals: Repositories['signals'];
  /** Positions of one idea. */
  readonly campaigns: Repositories['campaigns'];
  /** What runs found. */
  readonly backtests: Repositories['backtests'];
  /** Who did what to the ledger. */
  readonly audit: Repositories['audit'];
  /** What was known of a market at an instant, what happened from one to another, the latest, and what arrives. */
  readonly feed: LiveFeed;
  /** Metrics in the form of prom-client, where `openStore({ metrics: true })` asked for them. */
  readonly metrics: Registry | undefined;
  /** Takes live rows, and writes them in batches. It is made ready by the first row, unless `openStore` was given options for it. */
  readonly ingest: Ingest;
  /** Imports of files, their verification, the way back, exports. */
  readonly files: Files;
  readonly #observe: CallObserver;
  readonly #servers: HttpServer[] = [];
  #closed = false;
  readonly #subscriptions: Subscriptions;
  readonly #database: Database;
  readonly #units: UnitsOfWork;
  readonly #actor: string;
  readonly #settings: PatternSettings;
  /** What a transaction inside another one takes over. */
  readonly #around = new AsyncLocalStorage<{ readonly unit: UnitOfWork; readonly context: AuditContext }>();

  constructor(database: Database, { actor, settings, ingest = {}, cache, metrics }: StoreParts) {
    this.#database = database;
    const { pool, log, config } = database;
    this.metrics = metrics?.registry;
    this.#observe = metrics ? observeBoth(traceCall, metrics.observeCall) : traceCall;
    metrics?.watchPool(() => pool.state);
    const live = readSettings(ingest, config);
    const taken = new Ingest({ pool, log, settings: live, observe: this.#observe });
    this.ingest = observed(taken, 'ingest', this.#observe);
    metrics?.watchIngest(taken, live);
    metrics?.watchDatabase(async (signal) => {
      const { readForMetrics } = await import('./database/reading.js');
      return readForMetrics(pool, signal);
    });
    this.#units = new UnitsOfWork(database.pool, database.log);
    this.#actor = actor;
    this.#settings = settings;
    const context = { actor };
    const ledger = LedgerSession.alone(this.#units, context);
    const repositories = this.#repositories(this.#units.outside, ledger, context);
    this.bars = repositories.bars;
    this.trades = repositories.trades;
    this.quotes = repositories.quotes;
    this.orderBooks = repositories.orderBooks;
    this.indicators = repositories.indicators;
    this.tradingRanges = repositories.tradingRanges;
    this.patterns = repositories.patterns;
    this.signals = repositories.signals;
    this.campaigns = repositories.campaigns;
    this.backtests = repositories.backtests;
    this.audit = repositories.audit;
    const { chunkInterval } = config;
    this.files = new Files({ session: this.#units.outside, actor, connections: pool.state.max, chunkInterval });
    this.#subscriptions = new Subscriptions({ pool, log });
    const { source, closed } = this.#subscriptions;
    const latest = new MarketCache({ source, closed, ingest: taken, options: cache });
    metrics?.watchCache(() => latest.stats);
    const sources = { ...this.#sources(this.#units.outside, repositories), cache: latest };
    this.feed = observed(new LiveFeed({ ...sources, subscriptions: this.#subscriptions }), 'feed', this.#observe);
  }

  /** How the database stores the bars: in a plain table, or in TimescaleDB's chunks. */
  get layout(): 'plain' | 'timescale' {
    return this.#database.layout.name;
  }

  /**
   * Runs `use` with all repositories on one database transaction: committed when it answers, rolled back when it throws. A serialization
   * failure, a deadlock and a lost connection are answered by running it again, a bounded number of times, so it must do nothing outside the
   * database that may not be done twice. A transaction inside a transaction joins it.
   *
   * @throws whatever `use` throws; InvalidInputError; TransactionConflictError, ConnectionError when the retries are used up; DatabaseError
   *   COMMIT_UNKNOWN where the server cannot tell any more whether a transaction whose answer was lost was committed
   * @example
   * import { newId } from 'wyckoff-store';
   *
   * await store.transaction({ actor: 'detector/1.4', correlationId: newId() }, async (tx) => {
   *   const tested = await tx.patterns.confirmTest(spring.id, '2024-02-05', { confirmedAt: '2024-02-06' });
   *   await tx.tradingRanges.updateLevels(range.id, { version: range.version, phase: 'D' });
   * });
   */
  async transaction<T>(options: TransactionOptions, use: (tx: Transaction) => Promise<T>): Promise<T> {
    const around = this.#around.getStore();
    const context = readContext(options, around && !around.unit.over ? around.context : { actor: this.#actor });
    const { isolation, retries } = options;
    return this.#units.run({ isolation, retries }, (unit) => this.#within(unit, context, use));
  }

  /**
   * Reads bars and frames as they could be read at an instant of market time, and counts what a run asks for that it could not have known.
   *
   * @throws InvalidInputError where `at` is not an instant
   * @example
   * const reader = store.asOf('2024-03-04T15:07:00Z');
   * const bars = await reader.latest({ symbol: 'AAPL', timeframe: '5m', limit: 50 });
   * reader.advanceTo('2024-03-04T15:10:00Z'); // the bar of 15:05 has closed
   * console.log(reader.violationCount);
   */
  asOf(at: InstantInput): AsOfFeed {
    return new AsOfFeed(this.bars, this.feed, at);
  }

  /**
   * The bars that a series lacks by a trading calendar, and those that it has beside it. Without a calendar the series' own bars tell which;
   * the report says so. Times are opening instants in UTC.
   *
   * @throws InvalidInputError SERIES_UNKNOWN, CALENDAR_NOT_GUESSED, CALENDAR_UNKNOWN, CALENDAR_FILE_UNREADABLE, CALENDAR_FILE_INVALID
   * @example
   * const { gaps } = await store.gaps({ symbol: 'AAPL', timeframe: '1d', calendar: 'nyse' });
   */
  async gaps(input: GapsInput): Promise<GapReport> {
    const [{ findGaps }, { storedOpenings }] = await Promise.all([
      import('./transfer/calendar/gaps.js'),
      import('./transfer/calendar/openings.js'),
    ]);
    return findGaps((key) => storedOpenings(this.#units.outside, key), input);
  }

  /**
   * One round trip: its latency in milliseconds, the server's version, the pool.
   *
   * @throws ConnectionError
   * @example
   * const { latency, serverVersion, pool } = await store.health();
   */
  health(): Promise<Health> {
    return this.#database.health();
  }

  /**
   * Applies the migrations that the database lacks, as `prisma migrate deploy` does; answers their names.
   *
   * @throws MigrationError
   * @example
   * const applied = await store.migrate();
   */
  migrate(): Promise<string[]> {
    return this.#database.migrate();
  }

  /**
   * Serves `/metrics` (where the store counts them), `/health/live` and `/health/ready` until the store closes: on 127.0.0.1:9464 unless told
   * otherwise. Answers with the URL.
   *
   * @throws ConfigError PORT_TAKEN, ADDRESS_NOT_AVAILABLE; WyckoffError STORE_CLOSED
   * @example
   * const url = await store.serve({ port: 0 }); // a free one
   */
  async serve(options: HttpServerOptions = {}): Promise<string> {
    const { startHttpServer } = await import('./observability/http-server.js');
    const { metrics } = this;
    const server = await startHttpServer(
      {
        metrics: metrics && (async () => ({ contentType: metrics.contentType, text: await metrics.metrics() })),
        ready: async () => ({ ...(await this.health()) }),
      },
      options,
    );
    // Closed meanwhile, by a signal most often: nobody would close this server, and the process would never end.
    if (this.#closed) {
      await server.close();
      throw new WyckoffError('STORE_CLOSED', 'the store is closed: it serves nothing', {
        hint: 'open the store again',
      });
    }
    this.#servers.push(server);
    return server.url;
  }

  /**
   * Closes the ingest (`ingest.close()` tells what became of its rows), every connection, and the embedded server where this was its last user.
   * May be called twice.
   *
   * @example
   * import { openStore } from 'wyckoff-store';
   *
   * const store = await openStore();
   * try {
   *   const series = await store.bars.series();
   * } finally {
   *   await store.close();
   * }
   */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#servers.map((server) => server.close()));
    await this.ingest.close();
    await this.#subscriptions.close();
    await this.#database.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #repositories(session: Session, ledger: LedgerSession, context: AuditContext): Repositories {
    const aggregates = () => this.#database.layout.aggregates;
    return observedAll(createRepositories(session, ledger, context, this.#settings, aggregates), this.#observe);
  }

  #sources(session: Session, { bars, orderBooks }: Repositories): FeedSources {
    return { session, aggregates: () => this.#database.layout.aggregates, bars, orderBooks };
  }

  #within<T>(unit: UnitOfWork, context: AuditContext, use: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#around.run({ unit, context }, () => use(this.#transaction(unit, context)));
  }

  #transaction(unit: UnitOfWork, context: AuditContext): Transaction {
    const ledger = LedgerSession.within(unit, context);
    const repositories = this.#repositories(unit, ledger, context);
    return {
      ...repositories,
      feed: observed(new Feed(this.#sources(unit, repositories)), 'feed', this.#observe),
      transaction: async (options, use) => {
        const inner = readContext(options, context);
        const { isolation, retries } = options;
        return unit.join({ isolation, retries }, () => this.#within(unit, inner, use));
      },
    };
  }
}

/**
 * Opens the store: at the database that the options or the environment name (WYCKOFF_DATABASE_URL, DATABASE_URL, or DB_HOST and the rest;
 * `.env.example` has them all), otherwise at the embedded PostgreSQL, which is started if need be.
 *
 * @throws ConfigError, InvalidInputError, ConnectionError, AuthenticationError, UnsupportedServerError, MigrationError, EmbeddedServerError
 * @example
 * import { openStore } from 'wyckoff-store';
 *
 * const store = await openStore({ actor: 'engine/1.0', patternRules: { volume: 'reject' }, metrics: true });
 * await store.close();
 */
export async function openStore(options: StoreOptions = {}): Promise<Store> {
  const { migrations, patternRules, jsonSchemas = [], onWarning, cache, ...rest } = options;
  const config = readConfig(rest);
  readCacheSettings(cache ?? {});
  readSettings(rest.ingest ?? {}, config); // what is wrong is told before anything is opened
  const rules = readOrThrow('pattern rules', (report) => readPatternRules(patternRules ?? {}, report));
  const { actor } = readContext({ actor: options.actor }, { actor: config.pool.applicationName });
  const database = await Database.open(config, migrations);
  const warn = onWarning ?? ((problem) => database.log.warn({ problem }, 'a pattern breaks a rule that only warns'));
  const settings = { rules, schemas: LEDGER_SCHEMAS.with(jsonSchemas), onWarning: warn };
  const metrics = options.metrics ? await createMetrics() : undefined;
  const store = new Store(database, { actor, settings, ingest: rest.ingest, cache, metrics });
  try {
    if (rest.ingest !== undefined) await store.ingest.open();
    if (cache !== undefined) await store.feed.cache.start();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** prom-client takes 40 ms to load; only who asks for metrics waits for it. */
async function createMetrics(): Promise<Metrics> {
  const { Metrics } = await import('./observability/metrics.js');
  return new Metrics();
}

/** What is given, and for the rest what was there before. */
function readContext(
  options: Pick<TransactionOptions, 'actor' | 'correlationId' | 'at'>,
  outer: AuditContext,
): AuditContext {
  requireObject(options, 'transaction');
  const { actor, correlationId, at } = options;
  return readOrThrow('transaction', (report) => {
    const who = actor === undefined ? outer.actor : readText(actor, LONGEST_ACTOR, 'actor', report);
    const story = correlationId === undefined ? outer.correlationId : readId(correlationId, 'correlationId', report);
    const when = at === undefined ? outer.at : readInstant(at, 'at', report);
    return who === undefined ? undefined : { actor: who, correlationId: story, at: when };
  });
}
