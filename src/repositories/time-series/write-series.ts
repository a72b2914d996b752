import { copyIn, copyStored } from '../../database/copy.js';
import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { ConflictError } from '../../errors.js';
import type { ArrivalRow } from '../tell-arrival.js';
import { arrivalOf, type CatalogEntry, updateBounds } from './catalog.js';
import { Judge, type Judgement } from './judge.js';
import { type AnyTable, type Entry, type GivenEntry, inSeries, seriesText } from './table.js';

/** From here on the join of a delete matters, and planning it anew does not. */
const MANY = 100;

type Table = Pick<AnyTable, 'relation' | 'subject' | 'seriesColumns' | 'identity' | 'facts' | 'values' | 'derived'>;

/** Writes rows of one locked series: blocks in time order, of which no two share an instant. */
export class SeriesWriter {
  readonly #client: Client;
  readonly #table: Table;
  readonly #entry: CatalogEntry;
  readonly #replace: boolean;
  #first: bigint | null;
  #last: bigint | null;
  #changed: { first: bigint; last: bigint } | undefined;

  constructor(client: Client, table: Table, entry: CatalogEntry, replace: boolean) {
    this.#client = client;
    this.#table = table;
    this.#entry = entry;
    this.#replace = replace;
    this.#first = entry.first;
    this.#last = entry.last;
  }

  /** Nothing is written once something is wrong: then the rest is only judged. */
  async write(given: readonly GivenEntry[], sound: boolean): Promise<Judgement> {
    const stored = await this.#stored(given);
    const judgement = this.#judge(given, stored);
    const { inserted, changed, contradictions, conflicts } = judgement;
    if (!sound || contradictions.length > 0 || conflicts.length > 0) return judgement;
    if (inserted.length + changed.length === 0) return judgement;
    if (changed.length > 0) await this.#delete(changed);
    await this.#copy([...inserted, ...changed]);
    const [first, last] = [given[0]!.timestamp, given.at(-1)!.timestamp];
    this.#changed = { first: this.#changed?.first ?? first, last };
    if (this.#first === null || first < this.#first) this.#first = first;
    if (this.#last === null || last > this.#last) this.#last = last;
    return judgement;
  }

  /**
   * The catalog is touched by every write: a transaction that reads an older snapshot then fails, to be tried again, at the lock. What
   * subscribers are told is left to the caller where it gives `told`.
   */
  async finish(told?: ArrivalRow[]): Promise<void> {
    if (!this.#changed) return;
    const arrival = arrivalOf(this.#table.relation, this.#entry, { ...this.#changed, deleted: false });
    if (arrival) told?.push(arrival);
    const bounds = { first: this.#first!, last: this.#last! };
    await updateBounds(this.#client, this.#entry, bounds, told ? undefined : arrival);
  }

  #judge(given: readonly GivenEntry[], stored: ReadonlyMap<bigint, Entry[]>): Judgement {
    const judgement: Judgement = { inserted: [], changed: [], contradictions: [], conflicts: [], unchanged: 0 };
    const judge = new Judge(this.#table, this.#replace, judgement);
    for (let start = 0, end = 0; start < given.length; start = end) {
      const { timestamp } = given[start]!;
      while (end < given.length && given[end]!.timestamp === timestamp) end += 1;
      judge.instant(given.slice(start, end), stored.get(timestamp) ?? []);
    }
    return judgement;
  }

  /** What is stored at the instants of the block, by instant. Live rows and first imports lie outside the series' bounds: nothing is asked. */
  async #stored(given: readonly GivenEntry[]): Promise<Map<bigint, Entry[]>> {
    const stored = new Map<bigint, Entry[]>();
    const { first, last, ...series } = this.#entry;
    if (first === null || last === null) return stored;
    const inside = given.filter(({ timestamp }) => timestamp >= first && timestamp <= last);
    if (inside.length === 0) return stored;
    const { relation, seriesColumns, identity, values } = this.#table;
    const columns = identity ? [identity.column, ...values] : values;
    const instants = new Set(inside.map(({ timestamp }) => instant(timestamp)));
    const conditions = seriesColumns.map((name) => `${name} = ${this.#client.escapeLiteral(series[name])}`);
    await copyStored(
      this.#client,
      `SELECT timestamp, ${columns.map(({ name }) => name).join(', ')} FROM ${relation}
       WHERE ${conditions.join(' AND ')} AND timestamp >= '${instant(inside[0]!.timestamp)}'
         AND timestamp <= '${instant(inside.at(-1)!.timestamp)}' AND timestamp = ANY ('{${[...instants].join(',')}}'::timestamptz[])`,
      (row) => {
        const timestamp = row.microseconds();
        const id = identity ? identity.column.read(row) : null;
        const entry = { timestamp, id, values: values.map((column) => column.read(row)) };
        const others = stored.get(timestamp);
        if (others) others.push(entry);
        else stored.set(timestamp, [entry]);
      },
    );
    return stored;
  }

  /** A row that changes is written anew: its values may be arrays, which no array of parameters holds. */
  async #delete(changed: readonly Entry[]): Promise<void> {
    const { relation, identity } = this.#table;
    const [where, values] = inSeries(this.#table, this.#entry);
    const next = values.length + 1;
    const many = changed.length >= MANY;
    // As for bars: a planner that knows nothing of the series yet compares each with every row.
    if (many) await this.#client.query('SET LOCAL enable_nestloop = off');
    const instants = changed.map(({ timestamp }) => instant(timestamp));
    const { rowCount } = await this.#client.query({
      text: `DELETE FROM ${relation} USING unnest($${next}::timestamptz[], $${next + 1}::${identity?.column.type ?? 'text'}[]) AS gone (at, id)
             WHERE ${where} AND timestamp >= $${next + 2} AND timestamp <= $${next + 3} AND timestamp = gone.at
               ${identity ? `AND ${identity.column.name} = gone.id` : ''}`,
      values: [...values, instants, changed.map(({ id }) => id?.toString() ?? null), ...extremes(changed)],
    });
    if (many) await this.#client.query('SET LOCAL enable_nestloop = DEFAULT');
    if (rowCount === changed.length) return;
    const message = `${rowCount} of ${changed.length} ${this.#table.subject} of ${seriesText(this.#entry)} were replaced: someone else wrote them meanwhile`;
    const hint = 'write them only through the store, which locks the series';
    throw new ConflictError('WRITE_INTERFERED', message, { hint });
  }

  async #copy(entries: readonly Entry[]): Promise<void> {
    const { relation, seriesColumns, identity, values, derived } = this.#table;
    const own = identity ? [identity.column, ...values] : values;
    const columns = [...own, ...(derived?.columns ?? [])];
    const target = `${relation} (${[...seriesColumns, 'timestamp', ...columns.map(({ name }) => name)].join(', ')})`;
    const series = seriesColumns.map((name) => this.#entry[name]);
    const fields = series.length + 1 + columns.length;
    await copyIn(this.#client, target, entries.length, (row, index) => {
      // Newest first, in the order of the index, whose pages fill up so.
      const entry = entries[entries.length - 1 - index]!;
      row.beginRow(fields);
      for (const part of series) row.text(part);
      row.microseconds(entry.timestamp);
      identity?.column.write(row, entry.id);
      for (const [at, column] of values.entries()) column.write(row, entry.values[at]!);
      if (!derived) return;
      const cells = derived.of(entry.values);
      for (const [at, column] of derived.columns.entries()) column.write(row, cells[at]!);
    });
  }
}

function extremes(entries: readonly Entry[]): [string, string] {
  let [first, last] = [entries[0]!.timestamp, entries[0]!.timestamp];
  for (const { timestamp } of entries) {
    if (timestamp < first) first = timestamp;
    if (timestamp > last) last = timestamp;
  }
  return [instant(first), instant(last)];
}
