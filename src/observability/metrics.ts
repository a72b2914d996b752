import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import { InvalidInputError } from '../errors.js';
import type { CallObserver } from './calls.js';
import { type DatabaseReading, watchDatabase } from './database-metrics.js';
import { watchDualReads } from './dual-reads.js';
import { counterOf, gaugeOf } from './instruments.js';
import { watchDisk } from './spool-metrics.js';
import { type WatchedIngest, type WriteLimits, watchWrites } from './write-metrics.js';

/** Connections, as the pool counts them. */
export interface PoolCounts {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
  readonly max: number;
}

/** Since the cache was made. */
export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
}

/** From a cached read to a large import, in seconds. */
const CALL_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** The metrics of one store, in a registry of their own, so that two stores in one process do not add theirs up. */
export class Metrics {
  readonly registry = new Registry();
  readonly #calls = new Histogram({
    name: 'wyckoff_query_duration_seconds',
    help: 'How long calls of the repositories and of the ingest took, by operation (e.g. bars.range) and outcome (ok, error).',
    labelNames: ['operation', 'outcome'],
    buckets: CALL_SECONDS,
    registers: [this.registry],
  });
  readonly #refused = new Counter({
    name: 'wyckoff_validation_failures_total',
    help: 'Values of callers that were refused, by operation and code; a row may have several.',
    labelNames: ['operation', 'code'],
    registers: [this.registry],
  });
  #cache: () => CacheCounts = () => ({ hits: 0, misses: 0 });

  constructor() {
    for (const metric of processMetrics().getMetricsAsArray()) this.registry.registerMetric(metric as never);
    const { registry } = this;
    counterOf({ registry, name: 'wyckoff_cache_hits_total', help: 'Reads that the cache answered.' }, () => [
      { labels: {}, value: this.#cache().hits },
    ]);
    const help = 'Reads that the cache could not answer, and the database did.';
    counterOf({ registry, name: 'wyckoff_cache_misses_total', help }, () => [
      { labels: {}, value: this.#cache().misses },
    ]);
    watchDualReads(registry);
  }

  /** Times one call, and counts what was wrong with what it was given. */
  readonly observeCall: CallObserver = ({ operation }) => ({
    run: (use) => use(),
    end: ({ seconds, error }) => {
      this.#calls.observe({ operation, outcome: error === undefined ? 'ok' : 'error' }, seconds);
      // What the ingest cannot write was taken: it is a dead letter, and counted there, once and not with each attempt.
      if (error instanceof InvalidInputError && operation !== 'ingest.write')
        for (const { code } of error.problems) this.#refused.inc({ operation, code });
    },
  });

  /** Has the registry ask `counts` whenever it is read, as all of the following do. */
  watchPool(counts: () => PoolCounts): void {
    const gauge = (name: string, help: string, value: () => number) =>
      gaugeOf({ registry: this.registry, name, help }, value);
    gauge('wyckoff_pool_connections_used', 'Connections that are in use.', () => counts().total - counts().idle);
    gauge('wyckoff_pool_connections_idle', 'Connections that are open and unused.', () => counts().idle);
    gauge('wyckoff_pool_connections_max', 'As many connections as there may be.', () => counts().max);
    gauge('wyckoff_pool_waiting', 'Callers that wait for a connection.', () => counts().waiting);
  }

  /** Of a cache; without one there are neither hits nor misses. */
  watchCache(counts: () => CacheCounts): void {
    this.#cache = counts;
  }

  /** What the ingest does, and what lies in its `directory` on the disk. */
  watchIngest(ingest: WatchedIngest, limits: WriteLimits & { readonly directory: string }): void {
    watchWrites(this.registry, ingest, limits);
    watchDisk(this.registry, limits.directory);
  }

  /** `read` may take long or fail: no scrape does. */
  watchDatabase(read: (signal: AbortSignal) => Promise<DatabaseReading>): void {
    watchDatabase(this.registry, read);
  }
}

let ofProcess: Registry | undefined;

/** Of the process itself: memory, CPU, event loop, garbage collection. Once, however many stores there are: their observers never stop. */
function processMetrics(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}
