import { copyIn, copyOut } from '../../database/copy.js';
import type { Client } from '../../database/session.js';
import { BarBlock, NO_PRICE } from '../../domain/bar-block.js';
import type { SeriesKey } from '../../domain/series.js';
import { InvalidInputError, type Problem } from '../../errors.js';
import { type BarBatch, type BatchOptions, byRow, duplicateProblem } from './bar-batch.js';
import { seriesName, volumeScales } from './catalog.js';

interface StagedSeries extends SeriesKey {
  readonly number: number;
  readonly volumeScale: number;
}

const BLOCK = 50_000;

/** A stream of bars on its way: in a temporary table of the transaction until all its series are known, then given back in time order. */
export class StagedBars {
  /** How many bars the caller has given so far. */
  rows = 0;
  readonly #client: Client;
  readonly #series = new Map<string, StagedSeries>();
  readonly #problems: Problem[] = [];

  private constructor(client: Client) {
    this.#client = client;
  }

  static async create(client: Client): Promise<StagedBars> {
    // A transaction may write two streams.
    await client.query(`
      DROP TABLE IF EXISTS pg_temp.staged_bars;
      CREATE TEMPORARY TABLE staged_bars (
        series int, timestamp timestamptz, open numeric, high numeric, low numeric, close numeric, volume bigint, vwap numeric, source text,
        row bigint
      ) ON COMMIT DROP`);
    return new StagedBars(client);
  }

  get series(): StagedSeries[] {
    return [...this.#series.values()];
  }

  async add(batch: BarBatch, options: BatchOptions): Promise<void> {
    const fresh = [...batch.series.values()].filter((series) => !this.#series.has(seriesName(series)));
    const stored = fresh.length > 0 ? await volumeScales(this.#client, fresh) : new Map<string, number>();
    for (const key of fresh) {
      const { symbol, timeframe } = key;
      const volumeScale = stored.get(seriesName(key)) ?? options.volumeScale ?? 0;
      this.#series.set(seriesName(key), { symbol, timeframe, number: this.#series.size, volumeScale });
    }
    batch.readValues(this.#series, options.allowNonPositive);
    for (const problem of batch.problems) this.#problems.push(problem);
    this.rows += batch.size;
    if (this.#problems.length > 0) return; // nothing will be written: go on only to find what else is wrong
    for (const [name, { block }] of batch.series) await this.#copy(this.#series.get(name)!.number, block);
  }

  /**
   * Ends the staging.
   *
   * @throws InvalidInputError with every bad bar, or every bar that was there before with other values
   */
  async finish(): Promise<void> {
    if (this.#problems.length > 0) throw new InvalidInputError(byRow(this.#problems), 'bars');
    await this.#client.query('CREATE INDEX ON staged_bars (series, timestamp)');
    await this.#client.query('ANALYZE staged_bars');
    const { rows } = await this.#client.query<{ timestamp: Date; first: string; later: string }>(`
      SELECT later.timestamp, first.row AS first, later.row AS later
      FROM (SELECT series, timestamp, min(row) AS row FROM staged_bars GROUP BY series, timestamp HAVING count(*) > 1) twice
      JOIN staged_bars first USING (series, timestamp, row)
      JOIN staged_bars later ON later.series = twice.series AND later.timestamp = twice.timestamp AND later.row > twice.row
      WHERE (first.open, first.high, first.low, first.close, first.volume, first.vwap, first.source)
            IS DISTINCT FROM (later.open, later.high, later.low, later.close, later.volume, later.vwap, later.source)
      ORDER BY later.row`);
    const problems = rows.map((row) => duplicateProblem(row.timestamp, Number(row.first), Number(row.later)));
    if (problems.length > 0) throw new InvalidInputError(problems, 'bars');
  }

  /** The staged bars of one series, oldest first, each instant once. */
  async *blocks(series: StagedSeries): AsyncGenerator<BarBlock> {
    let after = '-infinity';
    for (;;) {
      const block = new BarBlock(BLOCK);
      await copyOut(
        this.#client,
        `SELECT DISTINCT ON (timestamp) timestamp, open, high, low, close, volume, vwap, source, row FROM staged_bars
         WHERE series = ${series.number} AND timestamp > '${after}' ORDER BY timestamp LIMIT ${BLOCK}`,
        (row) => {
          const timestamp = row.instant();
          const [open, high, low, close] = [row.scaled(8, 0n), row.scaled(8, 0n), row.scaled(8, 0n), row.scaled(8, 0n)];
          const volume = row.int8();
          const vwap = row.scaled(8, NO_PRICE);
          const source = row.text();
          block.push(
            { timestamp, open, high, low, close, volume, vwap: vwap === NO_PRICE ? null : vwap, source },
            Number(row.int8()),
          );
        },
      );
      if (block.length === 0) return;
      yield block;
      after = new Date(block.timestamp[block.length - 1]!).toISOString();
    }
  }

  async #copy(number: number, block: BarBlock): Promise<void> {
    await copyIn(this.#client, 'staged_bars', block.length, (row, index) => {
      row.beginRow(10);
      row.int4(number);
      row.instant(block.timestamp[index]!);
      row.scaled(block.open[index]!, 8);
      row.scaled(block.high[index]!, 8);
      row.scaled(block.low[index]!, 8);
      row.scaled(block.close[index]!, 8);
      row.int8(block.volume[index]!);
      row.scaled(block.vwapAt(index), 8);
      row.text(block.source[index]!);
      row.int8(BigInt(block.origin[index]!));
    });
  }
}
