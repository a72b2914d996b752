import { Counter, Histogram, type Registry } from 'prom-client';
import { WyckoffError } from '../errors.js';
import { gaugeOf, gaugesOf } from './instruments.js';

type Kind = 'bar' | 'trade' | 'quote' | 'orderBook';

const KINDS: readonly Kind[] = ['bar', 'trade', 'quote', 'orderBook'];
const BREAKER_STATES = ['closed', 'half-open', 'open'];
/** From a batch that is full at once to a database that was away for minutes, in seconds. */
const WRITE_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10, 30, 60, 300];
const BATCH_ROWS = [1, 5, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/** An ingest, as far as it is watched. */
export interface WatchedIngest {
  readonly stats: {
    readonly queued: number;
    readonly breaker: string;
    readonly spool: { readonly rows: number; readonly blocked: string | undefined };
  };
  observe(observer: {
    accepted(event: { readonly kind: Kind; readonly rows: readonly object[] }): void;
    written(event: {
      readonly rows: number;
      readonly kinds: Readonly<Partial<Record<Kind, number>>>;
      readonly seconds: number;
      readonly waited: number | undefined;
    }): void;
    failed(event: { readonly error: unknown }): void;
    retried(): void;
    deadLetter(event: { readonly kind: Kind; readonly rows: number; readonly code: string }): void;
    dropped(event: { readonly kind: Kind; readonly rows: number }): void;
    damaged(event: { readonly bytes: number }): void;
  }): unknown;
}

export interface WriteLimits {
  /** Rows. */
  readonly queueSize: number;
  /** Bytes. */
  readonly spoolSize: number;
}

/** What becomes of live rows on their way to the database. */
export function watchWrites(registry: Registry, ingest: WatchedIngest, limits: WriteLimits): void {
  const registers = [registry];
  const byKind = (name: string, help: string) => {
    const counter = new Counter({ name, help, labelNames: ['kind'], registers });
    for (const kind of KINDS) counter.inc({ kind }, 0); // a counter that begins with its first row has no rate for it
    return counter;
  };
  const accepted = byKind('wyckoff_write_accepted_total', 'Rows that the ingest took, by kind.');
  const written = byKind('timescale_write_total', 'Rows that the ingest wrote to their tables, by kind.');
  const dropped = byKind('wyckoff_write_dropped_total', 'Rows that the ingest dropped for newer ones, by kind.');
  const errors = new Counter({
    name: 'timescale_write_errors_total',
    help: 'Attempts to write a batch that failed, by the code of the error.',
    labelNames: ['code'],
    registers,
  });
  const letters = new Counter({
    name: 'wyckoff_dead_letters_total',
    help: 'Rows that the database refused and that went to the dead letters, by kind and code.',
    labelNames: ['kind', 'code'],
    registers,
  });
  const retries = new Counter({
    name: 'wyckoff_write_retries_total',
    help: 'Batches that were tried again after a fault of the database.',
    registers,
  });
  const damaged = new Counter({
    name: 'wyckoff_spool_damaged_bytes_total',
    help: 'Bytes of spools in which nothing could be read.',
    registers,
  });
  const latency = new Histogram({
    name: 'timescale_write_latency_seconds',
    help: 'From add to commit, of the row of each batch that waited longest.',
    buckets: WRITE_SECONDS,
    registers,
  });
  const duration = new Histogram({
    name: 'wyckoff_write_batch_duration_seconds',
    help: 'How long the database took for a batch, with its retries.',
    buckets: WRITE_SECONDS,
    registers,
  });
  const size = new Histogram({
    name: 'timescale_write_batch_size',
    help: 'Rows of a batch that was written.',
    buckets: BATCH_ROWS,
    registers,
  });
  ingest.observe({
    accepted: ({ kind, rows }) => accepted.inc({ kind }, rows.length),
    written: ({ rows, kinds, seconds, waited }) => {
      for (const kind of KINDS) written.inc({ kind }, kinds[kind] ?? 0);
      if (rows > 0) size.observe(rows);
      duration.observe(seconds);
      if (waited !== undefined) latency.observe(waited);
    },
    failed: ({ error }) => errors.inc({ code: error instanceof WyckoffError ? error.code : 'UNEXPECTED' }),
    retried: () => retries.inc(),
    deadLetter: ({ kind, rows, code }) => letters.inc({ kind, code }, rows),
    dropped: ({ kind, rows }) => dropped.inc({ kind }, rows),
    damaged: ({ bytes }) => damaged.inc(bytes),
  });
  const gauge = (name: string, help: string, value: () => number) => gaugeOf({ registry, name, help }, value);
  gauge('timescale_write_queue_depth', 'Rows in memory that are not written yet.', () => ingest.stats.queued);
  gauge('wyckoff_write_queue_limit', 'As many rows as may wait in memory.', () => limits.queueSize);
  gauge('wyckoff_spool_rows', 'Rows in the spool that are not written yet.', () => ingest.stats.spool.rows);
  gauge('wyckoff_spool_limit_bytes', 'As many bytes as the spool of a process may have.', () => limits.spoolSize);
  gauge('wyckoff_spool_blocked', 'Whether the spool takes nothing, and callers wait (0 or 1).', () =>
    ingest.stats.spool.blocked === undefined ? 0 : 1,
  );
  const help = 'Whether the circuit breaker before the database is in this state (0 or 1).';
  gaugesOf({ registry, name: 'wyckoff_breaker_state', help, labelNames: ['state'] }, () =>
    BREAKER_STATES.map((state) => ({ labels: { state }, value: Number(ingest.stats.breaker === state) })),
  );
}
