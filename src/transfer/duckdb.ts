import { rm } from 'node:fs/promises';
import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';
import { MissingDependencyError, WyckoffError } from '../errors.js';
import { temporaryPath } from './temporary.js';

/** With Node beside it, an import of any size stays far below 500 MB; what does not fit goes to the temporary directory. */
const MEMORY_LIMIT = '128MB';
const THREADS = '2';
/** While tables wait to be read; measured, a resting engine takes 10 MB where it took 190. */
const RESTING_LIMIT = '4MB';
/** While a table is read that lies in the temporary directory: with 8 MB a result breaks off, with 16 it does not, and it is as quick as with 128. */
const STREAMING_LIMIT = '40MB';
/** Freed memory goes back to the system from here on, not from 128 MB. */
const FLUSH_THRESHOLD = '8MB';
/** Rows of a data chunk; value by value an append takes ten times as long. */
const CHUNK = 2_048;

type Cell = string | number | bigint | boolean | null;

/** The engine that reads, sorts and compares files: an in-memory DuckDB of bounded memory, for one piece of work. */
export class DuckDB {
  readonly #instance: DuckDBInstance;
  readonly #reading: DuckDBConnection;
  /** Rows are appended over a connection of their own: a statement on the reading one would end the result that is being read. */
  readonly #writing: DuckDBConnection;
  readonly #spill: string;

  private constructor(instance: DuckDBInstance, reading: DuckDBConnection, writing: DuckDBConnection, spill: string) {
    this.#instance = instance;
    this.#reading = reading;
    this.#writing = writing;
    this.#spill = spill;
  }

  /** @throws MissingDependencyError where the optional dependency is not installed */
  static async open(): Promise<DuckDB> {
    const { DuckDBInstance } = await loadEngine();
    const spill = await temporaryPath();
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: MEMORY_LIMIT,
      threads: THREADS,
      allocator_flush_threshold: FLUSH_THRESHOLD,
      temp_directory: spill,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    return new DuckDB(instance, await instance.connect(), await instance.connect(), spill);
  }

  async run(sql: string): Promise<void> {
    await attempt(() => this.#reading.run(sql));
  }

  /** All rows of a small result. `DOUBLE` comes as number, `BIGINT` as bigint. */
  async rows<Row extends Record<string, Cell>>(sql: string): Promise<Row[]> {
    const reader = await attempt(() => this.#reading.runAndReadAll(sql));
    return reader.getRowObjects() as Row[];
  }

  /** The one row of an aggregate. */
  async row<Row extends Record<string, Cell>>(sql: string): Promise<Row> {
    const [row] = await this.rows<Row>(sql);
    return row!;
  }

  /**
   * A result of `rows` rows, any number, a chunk of up to 2,048 of them at a time. Run no other statement before it has ended.
   * The engine's client tells a result that fails on the way as it tells the end of one: that is why they are counted.
   */
  async *stream(sql: string, rows: number): AsyncGenerator<DuckDBDataChunk, undefined> {
    const result = await attempt(() => this.#reading.stream(sql));
    let given = 0;
    for (;;) {
      const chunk = await attempt(() => result.fetchChunk());
      if (chunk === null || chunk.rowCount === 0) break;
      given += chunk.rowCount;
      yield chunk;
    }
    if (given !== rows) throw failed(`a result ended after ${given} of ${rows} rows`);
    return undefined;
  }

  /**
   * Calls `fill` with a function that appends one row to `table`, and makes the rows visible when it is done. The columns are BIGINT,
   * VARCHAR, or DECIMAL, which take value x 10^scale.
   */
  async append(
    table: string,
    fill: (push: (row: readonly (bigint | string | null)[]) => void) => void | Promise<void>,
  ): Promise<void> {
    const { DuckDBDataChunk, DuckDBDecimalType, DuckDBDecimalValue } = await loadEngine();
    const appender = await attempt(() => this.#writing.createAppender(table));
    const types = Array.from({ length: appender.columnCount }, (_, column) => appender.columnType(column));
    let columns: DuckDBValue[][] = types.map(() => []);
    const flush = () => {
      const chunk = DuckDBDataChunk.create(types, columns[0]!.length);
      chunk.setColumns(columns);
      appender.appendDataChunk(chunk);
      columns = types.map(() => []);
    };
    const push = (row: readonly (bigint | string | null)[]) => {
      types.forEach((type, column) => {
        const value = row[column] ?? null;
        const decimal = typeof value === 'bigint' && type instanceof DuckDBDecimalType;
        columns[column]!.push(decimal ? new DuckDBDecimalValue(value, type.width, type.scale) : value);
      });
      if (columns[0]!.length === CHUNK) flush();
    };
    try {
      await fill(push);
      if (columns[0]!.length > 0) flush();
    } finally {
      appender.closeSync();
    }
  }

  /** Gives nearly all memory back: the tables go to the temporary directory, and can be read again after {@link wake}. */
  async rest(): Promise<void> {
    // Where they cannot go there, they stay where they are.
    await this.run(`SET memory_limit = '${RESTING_LIMIT}'`).catch(() => {});
  }

  /** Takes as much memory as a table needs to be read row after row. */
  async wake(): Promise<void> {
    await this.run(`SET memory_limit = '${STREAMING_LIMIT}'`);
  }

  /** Ends a running statement, which then throws. */
  interrupt(): void {
    this.#reading.interrupt();
  }

  async close(): Promise<void> {
    this.#reading.closeSync();
    this.#writing.closeSync();
    this.#instance.closeSync();
    await rm(this.#spill, { recursive: true, force: true });
  }
}

async function loadEngine() {
  return import('@duckdb/node-api').catch((cause: unknown) => {
    throw new MissingDependencyError('@duckdb/node-api', 'reading files', cause);
  });
}

/** A text as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A path as an SQL literal. To DuckDB it is a pattern: `bars[1].csv` would read bars1.csv. */
export function pathLiteral(path: string): string {
  return literal(path.replace(/[[*?]/g, '[$&]'));
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw failed(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function failed(reason: string, cause?: unknown): WyckoffError {
  const hint = 'is there room in the temporary directory (TMPDIR)?';
  return new WyckoffError('DUCKDB_FAILED', `DuckDB could not work on the file: ${reason}`, { hint, cause });
}
