import { Gauge, Histogram, Registry } from 'prom-client';
import type { CallObserver } from './calls.js';

/** Connections, as the pool counts them. */
export interface PoolCounts {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
  readonly max: number;
}

/** From a cached read to a large import, in seconds. */
const CALL_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** The metrics of one store, in a registry of their own, so that two stores in one process do not add theirs up. */
export class Metrics {
  readonly registry = new Registry();
  readonly #calls = new Histogram({
    name: 'wyckoff_query_duration_seconds',
    help: 'How long calls of the repositories took, by operation (e.g. bars.range) and outcome (ok, error).',
    labelNames: ['operation', 'outcome'],
    buckets: CALL_SECONDS,
    registers: [this.registry],
  });

  /** Times one call. */
  readonly observeCall: CallObserver = ({ operation }) => ({
    run: (use) => use(),
    end: ({ seconds, error }) =>
      this.#calls.observe({ operation, outcome: error === undefined ? 'ok' : 'error' }, seconds),
  });

  /** Has the registry ask `counts` whenever it is read. */
  watchPool(counts: () => PoolCounts): void {
    this.#gauge('wyckoff_pool_connections_used', 'Connections that are in use.', () => counts().total - counts().idle);
    this.#gauge('wyckoff_pool_connections_idle', 'Connections that are open and unused.', () => counts().idle);
    this.#gauge('wyckoff_pool_connections_max', 'As many connections as there may be.', () => counts().max);
    this.#gauge('wyckoff_pool_waiting', 'Callers that wait for a connection.', () => counts().waiting);
  }

  #gauge(name: string, help: string, value: () => number): void {
    const registers = [this.registry];
    new Gauge({
      name,
      help,
      registers,
      collect: function collect() {
        this.set(value());
      },
    });
  }
}
