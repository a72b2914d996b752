import { LATEST_INSTANT } from '../../domain/time.js';
import { instant } from '../instant.js';
import type { Client } from '../session.js';
import { statement } from '../statement.js';
import { inWindow, type WindowQuery, type WindowReader } from '../window-query.js';

/**
 * Earlier versions do not tell plans that are kept that a compressed chunk got rows beside its compressed ones
 * (https://github.com/timescale/timescaledb/pull/8336): those rows would be missing.
 */
export const OLDEST_FOR_WINDOW_PLANS = '2.21.1';

/**
 * Reads nothing. TimescaleDB has PostgreSQL forget what it knows of this empty table whenever a chunk changes its state, and with it the plans of
 * statements that name it. Without it, a plan would go on reading the rows of a chunk that was compressed while
 * timescaledb.compress_truncate_behaviour has them deleted: they would be missing.
 */
const DEPENDS_ON_CHUNKS = 'WITH chunks AS (SELECT FROM _timescaledb_cache.cache_inval_hypertable)';

const DAY = 86_400_000;
/** What touches fewer chunks is planned quickly enough each time. */
const SHORTEST_WINDOW = 20 * DAY;
const FEWEST_CHUNKS = 20;
/** Of all plans of one connection: its server process keeps 8 to 16 KB for each, twice that where it is compressed. They go with the connection. */
const MOST_CHUNKS = 2_000;
/** A plan is made when its window is asked for the third time: then it is likely to be asked again. */
const ASKED_BEFORE = 2;
const MOST_COUNTED = 100;
/** How often a window that has too few or too many chunks is asked for until these are counted again. */
const RECOUNT = 1_000;

/**
 * Keeps the plans of windows that are asked for again and again on one connection: a year of one symbol after another.
 *
 * TimescaleDB plans each chunk that the bounds touch, for every statement: a year of daily chunks takes 11 of 13 ms, and 43 of 48 where they are
 * compressed. A plan that is kept would cover all chunks there are, unless its text names bounds. So the text names those of the whole months
 * around the window, and few texts serve many windows; the exact bounds are parameters. Then a year takes 4 ms, compressed 7. The server
 * makes the plan anew when a chunk comes, goes, is compressed or written to for the first time since; that takes as long as planning
 * once.
 */
export class WindowPlans implements WindowReader {
  readonly #client: Client;
  /** The texts that have a plan. */
  readonly #kept = new Set<string>();
  #chunks = 0;
  /** How often the windows that have no plan were asked for. */
  readonly #asked = new Map<string, number>();

  constructor(client: Client) {
    this.#client = client;
  }

  async read(query: WindowQuery): Promise<unknown[][] | undefined> {
    const [from, to] = [Number(query.from), Number(query.to)];
    if (to - from < SHORTEST_WINDOW) return undefined;
    const months: Months = { from: instant(monthOf(from)), to: instant(monthEnd(to)) };
    const inMonths = `${inWindow(query)} AND timestamp >= '${months.from}' AND timestamp < '${months.to}'`;
    const text = `${DEPENDS_ON_CHUNKS} ${query.text(inMonths)}`;
    if (!this.#kept.has(text) && !(await this.#keep(text, months))) return undefined;
    return this.#execute(text, [...query.values, instant(from), instant(to)]);
  }

  async #keep(text: string, months: Months): Promise<boolean> {
    const asked = this.#asked.get(text) ?? 0;
    this.#asked.delete(text);
    if (asked < ASKED_BEFORE) {
      this.#count(text, asked + 1);
      return false;
    }
    const { rows } = await this.#client.query<{ chunks: number }>(
      "SELECT count(*)::int AS chunks FROM show_chunks('public.ohlcv_bars', newer_than => $1::timestamptz, older_than => $2::timestamptz)",
      [months.from, months.to],
    );
    const { chunks } = rows[0]!;
    if (chunks < FEWEST_CHUNKS || this.#chunks + chunks > MOST_CHUNKS) {
      this.#count(text, ASKED_BEFORE - RECOUNT);
      return false;
    }
    this.#kept.add(text);
    this.#chunks += chunks;
    return true;
  }

  #count(text: string, asked: number): void {
    this.#asked.set(text, asked);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > MOST_COUNTED) this.#asked.delete(oldest!);
  }

  /**
   * The settings count for the planning, which may be due in any execution. The statement is one of the protocol, not of SQL: EXECUTE takes its
   * snapshot before it waits for the locks of the chunks, and would miss the rows of one that was decompressed meanwhile.
   */
  async #execute(text: string, values: readonly (string | number)[]): Promise<unknown[][]> {
    await this.#client.query('SET plan_cache_mode = force_generic_plan; SET timescaledb.enable_chunk_append = off');
    let failed = true;
    try {
      const { rows } = await this.#client.query<unknown[]>({ ...statement(text, values), rowMode: 'array' });
      failed = false;
      return rows;
    } finally {
      const usual = this.#client.query(
        'SET plan_cache_mode = force_custom_plan; RESET timescaledb.enable_chunk_append',
      );
      // A transaction that has failed refuses it, and takes the settings back when it is rolled back.
      await (failed ? usual.catch(() => {}) : usual);
    }
  }
}

interface Months {
  readonly from: string;
  readonly to: string;
}

/** The beginning of an instant's month, in UTC. */
function monthOf(at: number, later = 0): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later, 1);
}

/** The end of the month that the window ends in. PostgreSQL does not read the year 10000 as it is written. */
function monthEnd(to: number): number {
  return Math.min(monthOf(to - 1, 1), LATEST_INSTANT);
}
