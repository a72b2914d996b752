import type { Session } from '../../../database/session.js';
import type { UnitOfWork, UnitsOfWork } from '../../../database/unit-of-work.js';
import type { Bar, BarInput } from '../../../domain/bar.js';
import type { Series } from '../../../domain/series.js';
import type { Timeframe } from '../../../domain/timeframe.js';
import { FilesError } from '../../../errors.js';
import { dualReads } from '../../../observability/dual-reads.js';
import type { Logger } from '../../../observability/logger.js';
import { BarRepository, type UpsertCounts, type WriteOptions } from '../../../repositories/bars/bar-repository.js';
import { type BarWindow, readWindow } from '../../../repositories/bars/bar-window.js';
import { type CutoverState, type Phase, readCutover, requireFolder, type Sides, sidesOf } from '../../cutover/phase.js';
import { type BarStore, databaseBars } from '../bar-store.js';
import { plainBars } from '../files/checked-bars.js';
import { allOf, type FileBars } from '../files/file-bars.js';
import type { FileWriter } from '../files/file-writer.js';
import { checkForBoth, makeSeries } from './both-sides.js';
import { type Answer, type ComparedRead, Comparison } from './comparison.js';
import { applyToFiles, type Deleted, dequeue, drainOutbox, enqueue, type Operation } from './outbox.js';

export interface DualParts {
  readonly files: FileBars;
  readonly session: Session;
  readonly units: UnitsOfWork;
  readonly actor: string;
  readonly log: Logger;
  readonly close: () => Promise<void>;
}

/** A write, for either side. */
interface Write<T> {
  /** In the transaction that holds the phase: what the files are to have, checked by their rules. Nothing is written yet. */
  readonly prepare: (unit: UnitOfWork, writer: FileWriter, sides: Sides) => Promise<Operation>;
  readonly toDatabase: (unit: UnitOfWork, operation?: Operation) => Promise<T>;
  /** What is noted beforehand where the files alone are written, for a cutover that was rolled back and may begin anew. */
  readonly noted?: Deleted;
  /** What the caller is told, where the files answered. */
  readonly told: (answer: UpsertCounts | number) => T;
}

type Outcome<T> =
  | { readonly moved: true }
  | {
      readonly moved: false;
      readonly answer: T;
      readonly pending?: { readonly id: string; readonly operation: Operation; readonly sides: Sides };
    };

/**
 * The bars in files and in the database, as the phase of the cutover has it. Every write asks for the phase in its own transaction and holds it there
 * (FOR SHARE) until it commits, so that no step comes between.
 *
 * Where both sides are written, the folder's lock is held for the whole write. The database goes first, and in the same transaction the write is noted in
 * `cutover_outbox`; then it is made in the files, and the note is removed. A process that dies in between leaves the note, and whoever writes next
 * makes it good before anything else. So a write is on both sides or on none, in one order.
 */
export class DualBars implements BarStore {
  readonly #parts: DualParts;
  readonly #files: FileBars;
  readonly #database: BarStore;
  readonly #comparison: Comparison;
  #closing: Promise<void> | undefined;

  constructor(parts: DualParts) {
    this.#parts = parts;
    this.#files = parts.files;
    this.#database = databaseBars(new BarRepository(parts.session, { actor: parts.actor }), async () => {});
    this.#comparison = new Comparison(parts.log);
  }

  range(input: Parameters<BarStore['range']>[0]): Promise<Bar[]> {
    return this.#read('range', input, (side) => side.range(input));
  }

  latest(input: Parameters<BarStore['latest']>[0]): Promise<Bar[]> {
    return this.#read('latest', input, (side) => side.latest(input));
  }

  async first(input: Parameters<BarStore['first']>[0]): Promise<Bar | undefined> {
    const bars = await this.#read('first', input, async (side) => {
      const bar = await side.first(input);
      return bar ? [bar] : [];
    });
    return bars[0];
  }

  asOf(input: Parameters<BarStore['asOf']>[0]): Promise<Bar[]> {
    return this.#read('asOf', input, (side) => side.asOf(input));
  }

  count(input: Parameters<BarStore['count']>[0]): Promise<number> {
    return this.#read('count', input, (side) => side.count(input), input.symbol !== undefined);
  }

  async *iterate(input: Parameters<BarStore['iterate']>[0]): AsyncGenerator<Bar, void, undefined> {
    const { side } = await this.#primary();
    yield* side.iterate(input);
  }

  async series(filter: { readonly symbol?: string; readonly timeframe?: Timeframe } = {}): Promise<Series[]> {
    const { side } = await this.#primary();
    return side.series(filter);
  }

  /**
   * Where both sides are written, its bars are on both when it answers.
   * @throws what the sides throw, and then it is on neither; FilesError FILES_BEHIND, where the files, which are read, could not be written after the
   *   database was: it is made good by the next write, or by this one done again
   */
  async upsert(bars: Iterable<BarInput> | AsyncIterable<BarInput>, options: WriteOptions = {}): Promise<UpsertCounts> {
    const rows = await allOf(bars, options.signal);
    if (rows.length === 0) return { inserted: 0, changed: 0, unchanged: 0 };
    const told = ({ inserted, changed }: UpsertCounts) => ({
      ...{ inserted, changed, unchanged: rows.length - inserted - changed },
    });
    return this.#write<UpsertCounts>({
      prepare: async (unit, writer, sides) => {
        const checked = await checkForBoth(unit, writer, sides, rows, options);
        const scales = [...checked.scales].map(([name, { volumeScale }]) => [name, volumeScale]);
        return { operation: 'upsert', bars: plainBars(checked), scales: Object.fromEntries(scales) };
      },
      toDatabase: async (unit, operation) => {
        const repository = new BarRepository(unit, { actor: this.#parts.actor });
        if (operation?.operation !== 'upsert') return repository.upsert(rows, options);
        await makeSeries(unit, operation.scales);
        return told(await repository.upsert(operation.bars as readonly BarInput[], { allowNonPositive: true }));
      },
      told: (answer) => told(answer as UpsertCounts),
    });
  }

  async delete(input: BarWindow): Promise<number> {
    const { key, from, to } = readWindow(input);
    const window = { ...key, from: from.toISOString(), to: to.toISOString() };
    return this.#write<number>({
      prepare: async () => ({ operation: 'delete', ...window }),
      noted: { operation: 'deleted', ...window },
      toDatabase: (unit) => new BarRepository(unit, { actor: this.#parts.actor }).delete(window),
      told: (answer) => answer as number,
    });
  }

  /** Waits until every read so far is compared. */
  settled(): Promise<void> {
    return this.#comparison.settled();
  }

  close(): Promise<void> {
    this.#closing ??= this.#comparison.close().then(() => this.#parts.close());
    return this.#closing;
  }

  async #primary(before?: Phase): Promise<{ side: BarStore; other: BarStore; sides: Sides }> {
    const { phase, id } = await this.#parts.session.withClient((client) => readCutover(client));
    const sides = sidesOf(phase);
    if (sides.database && sides.reads === 'files')
      try {
        await requireFolder(this.#files.folder, id);
      } catch (error) {
        if (phase === before) throw error;
        return this.#primary(phase); // a step may just have taken the mark away
      }
    const [files, database] = [this.#files, this.#database];
    return sides.reads === 'files' ? { side: files, other: database, sides } : { side: database, other: files, sides };
  }

  async #read<T extends Answer>(
    operation: string,
    input: unknown,
    read: (side: BarStore) => Promise<T>,
    comparable = true,
  ): Promise<T> {
    const { side, other, sides } = await this.#primary();
    const answer = await read(side);
    // A former value is the database's alone.
    const past = (input as { knownAt?: unknown }).knownAt !== undefined;
    if (sides.alike && comparable && !past)
      this.#comparison.offer({ operation, input, answer, read, primary: side, other, atRest: this.#atRest });
    return answer;
  }

  readonly #atRest: ComparedRead['atRest'] = (work) =>
    this.#files.exclusively(async (writer) => {
      if ((await this.#drain(writer)) !== undefined) return undefined; // filesBehind tells of it
      const { sides } = await this.#primary();
      return sides.alike ? work() : undefined;
    });

  async #write<T>(write: Write<T>): Promise<T> {
    for (;;) {
      const { sides } = await this.#primary();
      const outcome = await (sides.files
        ? this.#files.exclusively((writer) => this.#writeLocked(writer, write))
        : this.#inPhase<Outcome<T>>(async (unit, now) =>
            sidesOf(now.phase).files ? { moved: true } : { moved: false, answer: await write.toDatabase(unit) },
          ));
      if (!outcome.moved) return outcome.answer;
    }
  }

  /** Runs a transaction in which the phase stays what it is. */
  #inPhase<R>(use: (unit: UnitOfWork, state: CutoverState) => Promise<R>): Promise<R> {
    return this.#parts.units.run({}, async (unit) => {
      const state = await unit.withClient((client) => readCutover(client, 'share'));
      return use(unit, state);
    });
  }

  async #writeLocked<T>(writer: FileWriter, write: Write<T>): Promise<Outcome<T>> {
    const behind = await this.#drain(writer);
    const { noted } = write;
    if (noted) await this.#inPhase((unit, state) => noteDeleted(unit, state, noted));
    const outcome = await this.#inPhase<Outcome<T>>(async (unit, state) => {
      const sides = sidesOf(state.phase);
      if (!sides.files) return { moved: true };
      if (sides.database) await requireFolder(this.#files.folder, state.id);
      if (behind !== undefined && sides.reads === 'files') throw behind;
      const operation = await write.prepare(unit, writer, sides);
      if (!sides.database) return { moved: false, answer: write.told(await applyToFiles(writer, operation)) };
      const answer = await write.toDatabase(unit, operation);
      const id = await unit.withClient((client) => enqueue(client, operation));
      return { moved: false, answer, pending: { id, operation, sides } };
    });
    if (outcome.moved || !outcome.pending) return outcome;
    const { id, operation, sides } = outcome.pending;
    try {
      if (behind !== undefined) throw behind; // what came before it must come before it there
      const answer = write.told(await applyToFiles(writer, operation));
      await dequeue(this.#parts.session, id);
      return sides.reads === 'files' ? { moved: false, answer } : outcome;
    } catch (error) {
      dualReads.filesBehind += 1;
      this.#parts.log.warn({ err: error, operation: operation.operation }, 'a write waits to be made in the files');
      if (sides.reads === 'files') throw filesBehind(error);
      return outcome;
    }
  }

  /** Makes good what is pending; answers why that was not possible. */
  async #drain(writer: FileWriter): Promise<unknown> {
    try {
      await drainOutbox(this.#parts.session, writer);
      return undefined;
    } catch (error) {
      return error;
    }
  }
}

/** In a transaction before the files are written: the phase cannot change in between, since the folder's lock is held. */
async function noteDeleted(unit: UnitOfWork, { phase, startedAt }: CutoverState, noted: Deleted): Promise<void> {
  if (sidesOf(phase).database || startedAt === null) return;
  await unit.withClient((client) => enqueue(client, noted));
}

function filesBehind(cause: unknown): FilesError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `the database has the write, and the files, which are read, do not have it yet: ${reason}`;
  return new FilesError('FILES_BEHIND', message, {
    hint: 'mend the folder: the next write makes it good first; to do this one again is safe',
    cause,
  });
}
