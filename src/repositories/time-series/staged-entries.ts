import { copyIn, copyOut } from '../../database/copy.js';
import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import type { Cell, Column } from './column.js';
import type { EntryBatch } from './entry-batch.js';
import { type AnyTable, type GivenEntry, type SeriesName, seriesText } from './table.js';

interface StagedSeries {
  readonly series: SeriesName;
  readonly number: bigint;
}

/** A stream of rows on its way: in a temporary table of the transaction until all its series are known, then given back in time order. */
export class StagedEntries {
  readonly #client: Client;
  readonly #table: string;
  readonly #columns: readonly Column[];
  readonly #identity: Column | undefined;
  readonly #series = new Map<string, StagedSeries>();

  private constructor(
    client: Client,
    { relation, identity, values }: Pick<AnyTable, 'relation' | 'identity' | 'values'>,
  ) {
    this.#client = client;
    this.#table = `pg_temp.staged_${relation}`;
    this.#identity = identity?.column;
    this.#columns = values;
  }

  static async create(
    client: Client,
    table: Pick<AnyTable, 'relation' | 'identity' | 'values'>,
  ): Promise<StagedEntries> {
    const staged = new StagedEntries(client, table);
    const columns = staged.#own().map(({ name, type }) => `, ${name} ${type}`);
    // A transaction may write two streams.
    await client.query(`
      DROP TABLE IF EXISTS ${staged.#table};
      CREATE TEMPORARY TABLE staged_${table.relation} (series bigint, timestamp timestamptz, row bigint${columns.join('')}) ON COMMIT DROP`);
    return staged;
  }

  get series(): StagedSeries[] {
    return [...this.#series.values()];
  }

  async add(batch: EntryBatch): Promise<void> {
    const columns = this.#own();
    for (const [name, { series, entries }] of batch.series) {
      const staged = this.#series.get(name) ?? { series, number: BigInt(this.#series.size) };
      this.#series.set(seriesText(series), staged);
      await copyIn(this.#client, this.#table, entries.length, (row, index) => {
        const entry = entries[index]!;
        const cells: readonly Cell[] = this.#identity ? [entry.id, ...entry.values] : entry.values;
        row.beginRow(3 + columns.length);
        row.int8(staged.number);
        row.microseconds(entry.timestamp);
        row.int8(BigInt(entry.row));
        for (const [at, column] of columns.entries()) column.write(row, cells[at]!);
      });
    }
  }

  async finish(): Promise<void> {
    await this.#client.query(`CREATE INDEX ON ${this.#table} (series, timestamp); ANALYZE ${this.#table}`);
  }

  /** The rows of one series in the order of time, then of position; an instant is never cut in two. */
  async *blocks({ number }: StagedSeries, size: number): AsyncGenerator<GivenEntry[]> {
    const names = this.#own().map(({ name }) => `, ${name}`);
    let after = '-infinity';
    for (;;) {
      const block: GivenEntry[] = [];
      await copyOut(
        this.#client,
        `SELECT timestamp, row${names.join('')} FROM (
           SELECT * FROM ${this.#table} WHERE series = ${number} AND timestamp > '${after}'
           ORDER BY timestamp FETCH FIRST ${size} ROWS WITH TIES) AS block ORDER BY timestamp, row`,
        (reader) => {
          const timestamp = reader.microseconds();
          const row = Number(reader.int8());
          const id = this.#identity ? this.#identity.read(reader) : null;
          block.push({ timestamp, id, values: this.#columns.map((column) => column.read(reader)), row });
        },
      );
      if (block.length > 0) yield block;
      if (block.length < size) return;
      after = instant(block.at(-1)!.timestamp);
    }
  }

  #own(): readonly Column[] {
    return this.#identity ? [this.#identity, ...this.#columns] : this.#columns;
  }
}
