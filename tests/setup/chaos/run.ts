import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';

const PRODUCER = fileURLToPath(new URL('./producer.ts', import.meta.url));
const SERIES = 12;
const START = Date.UTC(2024, 0, 2);

export interface ChaosCounts {
  readonly added: number;
  readonly acknowledged: number;
  readonly unwritten: number;
  readonly bars: number;
  readonly revisions: number;
  readonly trades: number;
}

/** Producers one after the other, and what they said: what was added, and what was acknowledged as safe. */
export class ChaosRun {
  /** Trades that were acknowledged. */
  readonly #trades = new Set<string>();
  /** By bar, the last time it was added, and the last that was acknowledged. */
  readonly #added = new Map<number, number>();
  readonly #acknowledged = new Map<number, number>();
  /** Every time at which a bar was added. */
  readonly #times = new Set<string>();
  /** Those of which the caller was told that they are not written. */
  readonly #unwritten = new Set<string>();
  #acks = 0;
  #round = 0;

  constructor(
    readonly url: string,
    readonly directory: string,
  ) {}

  /** Starts a producer; resolves when it has opened its store. */
  async produce(durability: 'spool' | 'database' = 'spool'): Promise<Producer> {
    this.#round += 1;
    const args = ['--import', 'tsx', PRODUCER, this.url, this.directory, String(this.#round), durability];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout);
    const opened = once(lines, 'line');
    const producer = new Producer(child);
    lines.on('line', (line) => this.#hear(line, producer));
    await Promise.race([opened, once(child, 'exit')]);
    return producer;
  }

  /** Waits until so many more rows are acknowledged. */
  async progress(rows: number): Promise<void> {
    const wanted = this.#acks + rows;
    while (this.#acks < wanted) await sleep(5);
  }

  /** Holds the table against what the producers said. */
  async check(client: pg.Client): Promise<{ readonly problems: string[]; readonly counts: ChaosCounts }> {
    const problems: string[] = [];
    const { rows } = await client.query<{ bar: number; close: string; history: string[] | null }>(
      `SELECT (substr(symbol, 2)::int + extract(epoch FROM timestamp - $1::timestamptz) / 60 * $2)::int AS bar, close::bigint AS close,
              (SELECT array_agg(close::bigint::text ORDER BY known_from) FROM ohlcv_bar_revisions r
               WHERE r.symbol = b.symbol AND r.timeframe = b.timeframe AND r.timestamp = b.timestamp) AS history
       FROM ohlcv_bars b`,
      [new Date(START).toISOString(), SERIES],
    );
    const stored = new Map(rows.map(({ bar, close }) => [bar, Number(close)]));
    for (const [bar, time] of this.#acknowledged) {
      const found = stored.get(bar);
      if (found === undefined || found < time)
        problems.push(`bar ${bar}: ${time} was acknowledged, ${found} is stored`);
    }
    for (const { bar, close, history } of rows) {
      const times = [...(history ?? []), close].map(Number);
      for (const time of times) {
        const name = `${bar}:${time}`;
        if (!this.#times.has(name)) problems.push(`bar ${bar}: nobody added ${time}`);
        if (this.#unwritten.has(name))
          problems.push(`bar ${bar}: ${time} is there, and its caller was told that it is not`);
      }
      for (const [index, time] of times.entries())
        if (index > 0 && time <= times[index - 1]!)
          problems.push(`bar ${bar}: ${time} was written after ${times[index - 1]}`);
    }
    const trades = await client.query<{ id: string }>('SELECT trade_id AS id FROM trades');
    const ids = new Set(trades.rows.map(({ id }) => `T:${id}`));
    if (ids.size < trades.rows.length) problems.push(`${trades.rows.length - ids.size} trades are there twice`);
    for (const name of this.#trades)
      if (!ids.has(name)) problems.push(`trade ${name} was acknowledged, and is not there`);
    for (const name of ids) {
      if (!this.#times.has(name)) problems.push(`nobody added trade ${name}`);
      if (this.#unwritten.has(name)) problems.push(`trade ${name} is there, and its caller was told that it is not`);
    }
    const revisions = rows.reduce((sum, { history }) => sum + (history?.length ?? 0), 0);
    return {
      problems,
      counts: {
        added: this.#times.size,
        acknowledged: this.#acks,
        unwritten: this.#unwritten.size,
        bars: rows.length,
        revisions,
        trades: ids.size,
      },
    };
  }

  #hear(line: string, producer: Producer): void {
    const [what, ...bars] = line.split(' ');
    if (what === 'closed') producer.report = JSON.parse(bars.join(' '));
    if (what === 'not') for (const name of bars) this.#unwritten.add(name);
    if (what !== 'add' && what !== 'ack') return;
    for (const name of bars) {
      if (what === 'add') this.#times.add(name);
      else this.#acks += 1;
      if (what === 'ack' && name.startsWith('T:')) this.#trades.add(name);
    }
    const newest = what === 'add' ? this.#added : this.#acknowledged;
    for (const name of bars.filter((one) => !one.startsWith('T:'))) {
      const [bar = 0, time = 0] = name.split(':').map(Number);
      newest.set(bar, Math.max(time, newest.get(bar) ?? 0));
    }
  }
}

export class Producer {
  /** What it said of itself when it was closed. */
  report: Record<string, number> | undefined;

  constructor(readonly child: ChildProcess) {}

  async kill(): Promise<void> {
    const exit = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await exit;
  }

  /** Stops it for so many milliseconds, without ending it. */
  async freeze(milliseconds: number): Promise<void> {
    this.child.kill('SIGSTOP');
    await sleep(milliseconds);
    this.child.kill('SIGCONT');
  }

  /** SIGTERM; answers the exit status. */
  async stop(): Promise<number | null> {
    const exit = once(this.child, 'close');
    this.child.kill('SIGTERM');
    return (await exit)[0];
  }
}
