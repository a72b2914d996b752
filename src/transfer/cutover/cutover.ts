import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { Database } from '../../database/database.js';
import { UnitsOfWork } from '../../database/unit-of-work.js';
import { counted } from '../../domain/counted.js';
import type { Series } from '../../domain/series.js';
import { CutoverError } from '../../errors.js';
import { BarRepository } from '../../repositories/bars/bar-repository.js';
import { seriesName } from '../../repositories/bars/catalog.js';
import { type BarStore, databaseBars } from '../backends/bar-store.js';
import { drainOutbox, pendingWrites } from '../backends/dual/outbox.js';
import { FileBars } from '../backends/files/file-bars.js';
import { moveFiles, requireRoom } from './archive.js';
import { changePhase, type Move, NOBODY_WRITES, STOPPED_AT } from './change-phase.js';
import { copyBack } from './copy-back.js';
import { type CopyParts, copyStep, deleteNoted } from './copy-in.js';
import { type CutoverState, markedByOther, type Phase, readCutover, requireFolder } from './phase.js';
import { NEXT, refused, type Step } from './refused.js';
import { type CutoverVerification, verifySides } from './verify-sides.js';

export interface CutoverOptions {
  readonly directory: string;
  readonly actor: string;
}

export interface CutoverPlan {
  readonly state: CutoverState;
  /** What may be done next. */
  readonly next: string;
  /** Of the files. */
  readonly series: readonly Series[];
  readonly bars: number;
  /** Series that the database has beside those of the files. */
  readonly others: readonly string[];
  /** Writes that wait to be made in the files. */
  readonly pending: number;
  /** False where a cutover is under way, and not of this folder. */
  readonly ours: boolean;
}

export interface StepOptions {
  readonly signal?: AbortSignal | undefined;
  /** What is being done, as a sentence. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/**
 * Walks the bars from a folder of files into the database and back (docs/cutover.md). Each step names what must have gone before, may be killed at any
 * time and is gone on with by doing it again. The phase lies in the database; a step that changes it waits for the writes that are under way, holds up the
 * others meanwhile, and appends an audit event.
 */
export class Cutover {
  readonly #parts: CopyParts;
  readonly #database: BarStore;

  constructor(database: Database, { directory, actor }: CutoverOptions) {
    this.#parts = {
      files: new FileBars(directory, { governed: true }),
      session: database.pool,
      units: new UnitsOfWork(database.pool, database.log),
      actor,
    };
    this.#database = databaseBars(new BarRepository(database.pool, { actor }), async () => {});
  }

  state(): Promise<CutoverState> {
    return this.#parts.session.withClient((client) => readCutover(client));
  }

  /** What there is to do, and where the cutover stands; changes nothing. @throws InvalidInputError where a file cannot be read */
  async plan(): Promise<CutoverPlan> {
    const [state, series] = [await this.state(), await this.#parts.files.series()];
    const names = new Set(series.map(seriesName));
    const others = (await this.#database.series()).map(seriesName).filter((name) => !names.has(name));
    return {
      ...{ state, next: NEXT[state.phase], series, others },
      bars: series.reduce((sum, { count }) => sum + count, 0),
      pending: await pendingWrites(this.#parts.session),
      ours: state.phase === 'files' || (await this.#parts.files.folder.mark())?.cutover === state.id,
    };
  }

  /** Has both sides written, and copies the files into the database; or goes on with that. @throws CutoverError CUTOVER_STEP_REFUSED */
  async start({ signal, onProgress }: StepOptions = {}): Promise<CutoverState> {
    let state = await this.state();
    if (state.phase !== 'files' && state.phase !== 'dual') throw refused('start', state.phase);
    const { files } = this.#parts;
    await this.plan(); // a file that cannot be read is told of before anything is changed
    if (state.phase === 'files') state = await this.#begin();
    else await this.#requireOurs(state);
    await deleteNoted(this.#parts, state);
    for (const key of await files.series()) {
      let copied = 0;
      for (;;) {
        signal?.throwIfAborted();
        const step = await copyStep(this.#parts, key, state);
        if (step === undefined) break;
        copied += step;
        onProgress?.(`${seriesName(key)}: ${copied.toLocaleString('en-US')} of ${counted(key.count, 'bar')} copied`);
      }
    }
    return this.#move({
      ...{ step: 'start', from: ['dual'], to: 'backfilled', event: 'CUTOVER_BACKFILLED' },
      action: 'copied the files into the database',
    });
  }

  /**
   * Compares every value of both sides, while they are written; where the files are no longer kept up, with the database as it was when they were stopped.
   * @throws CutoverError CUTOVER_STEP_REFUSED
   */
  async verify(options: StepOptions = {}): Promise<CutoverVerification> {
    const state = await this.state();
    const { phase } = state;
    if (phase === 'files' || phase === 'dual' || phase === 'restoring' || phase === 'archiving' || phase === 'archived')
      throw refused('verify', phase);
    await this.#requireOurs(state);
    const found = await verifySides(this.#parts, this.#database, state, options);
    const { series, bars, missing, extra, different } = found;
    const metadata = { series, bars, missing, extra, different };
    if (phase === 'backfilled' || phase === 'verified')
      await this.#move({
        ...{ step: 'verify', from: ['backfilled', 'verified'], to: found.equal ? 'verified' : 'backfilled', metadata },
        ...(found.equal
          ? {
              event: 'CUTOVER_VERIFIED',
              action: 'compared files and database: equal',
              set: 'verified_at = clock_timestamp()',
            }
          : {
              event: 'CUTOVER_REFUTED',
              action: 'compared files and database: they differ',
              set: 'verified_at = NULL',
            }),
      });
    return found;
  }

  /** Has the database read; both sides go on being written. @throws CutoverError CUTOVER_STEP_REFUSED */
  async switch(): Promise<CutoverState> {
    const state = await this.state();
    if (state.phase !== 'verified') throw refused('switch', state.phase);
    await this.#requireOurs(state);
    return this.#moveDrained({
      ...{ step: 'switch', from: ['verified'], to: 'switched', event: 'CUTOVER_SWITCHED' },
      action: 'began to read the database',
    });
  }

  /**
   * Stops writing the files, after a comparison; with `archive`, compares them once more with the database as it was then, and moves them there.
   * @throws CutoverError CUTOVER_STEP_REFUSED, CUTOVER_DIFFERS, CUTOVER_ARCHIVE_REFUSED
   */
  async finish({
    archive,
    ...options
  }: StepOptions & { readonly archive?: string | undefined } = {}): Promise<CutoverState> {
    let state = await this.state();
    const { files } = this.#parts;
    if (!['switched', 'stopped', 'archiving'].includes(state.phase)) throw refused('finish', state.phase);
    await this.#requireOurs(state);
    if (archive !== undefined && state.phase !== 'archiving') await requireRoom(files.folder.path, archive);
    if (state.phase === 'switched') {
      await this.#requireEqual(state, options);
      await files.folder.setMark({ cutover: state.id, state: 'stopped' });
      state = await this.#moveDrained({
        ...{ step: 'finish', from: ['switched'], to: 'stopped', event: 'CUTOVER_STOPPED' },
        action: 'stopped writing the files',
        set: STOPPED_AT,
      });
    }
    if (state.phase === 'stopped' && archive !== undefined) {
      await this.#requireEqual(state, options);
      state = await this.#move({
        ...{ step: 'finish', from: ['stopped'], to: 'archiving', event: 'CUTOVER_ARCHIVING' },
        ...{ action: 'began to move the files', metadata: { archive: resolve(archive) } },
        ...{ set: 'archived_to = $2', values: [resolve(archive)] },
      });
    }
    if (state.phase !== 'archiving') return state;
    return files.exclusively(async () => {
      const { archivedTo } = await this.#still('finish', 'archiving');
      await moveFiles(files.folder.path, archivedTo!, options.signal);
      return this.#move({
        ...{ step: 'finish', from: ['archiving'], to: 'archived', event: 'CUTOVER_ARCHIVED' },
        action: 'moved the files',
      });
    });
  }

  /**
   * Goes back. From where the database is read, to files that are read and have every bar that was written meanwhile; both sides go on being written.
   * From there, to the files alone. @throws CutoverError CUTOVER_STEP_REFUSED
   */
  async rollback({ signal, onProgress }: StepOptions = {}): Promise<CutoverState> {
    const { files } = this.#parts;
    let state = await this.state();
    const back = { step: 'rollback', event: 'CUTOVER_ROLLED_BACK' } as const;
    if (state.phase !== 'files') await this.#requireOurs(state);
    if (state.phase === 'dual' || state.phase === 'backfilled' || state.phase === 'verified') {
      state = await this.#moveDrained({
        ...{ ...back, from: ['dual', 'backfilled', 'verified'], to: 'files' },
        action: 'went back to the files alone',
      });
    }
    if (state.phase === 'files') {
      const mark = await files.folder.mark();
      if (mark?.cutover !== state.id) throw refused('rollback', state.phase);
      await files.folder.setMark(undefined);
      return state;
    }
    if (state.phase === 'switched') {
      await files.folder.setMark({ cutover: state.id, state: 'dual' });
      return this.#moveDrained({
        ...{ ...back, from: ['switched'], to: 'backfilled', set: 'verified_at = NULL' },
        action: 'went back to reading the files',
      });
    }
    if (state.phase !== 'restoring')
      state = await files.exclusively(async () => {
        const from = ['stopped', 'archiving', 'archived'] as const;
        const { id, archivedTo } = await this.#still('rollback', ...from);
        if (archivedTo !== null) {
          onProgress?.(`moving the files back from ${archivedTo}`);
          await moveFiles(archivedTo, files.folder.path, signal);
        }
        await files.folder.setMark({ cutover: id, state: 'dual' });
        return this.#move({
          ...{ step: 'rollback', from, to: 'restoring', event: 'CUTOVER_RESTORING' },
          ...{ action: 'began to write the files again', set: 'archived_to = NULL' },
        });
      });
    onProgress?.('bringing the files up to date');
    const written = await copyBack(this.#parts, this.#database, state.stoppedAt!, signal);
    onProgress?.(`${written} series had changed`);
    return this.#moveDrained({
      ...{ ...back, from: ['restoring'], to: 'backfilled', set: 'verified_at = NULL, stopped_at = NULL' },
      action: 'went back to reading the files, which have all bars',
    });
  }

  /** The id is in the database before the folder is marked with it, so that a begin that was killed is known again. */
  async #begin(): Promise<CutoverState> {
    const { files, session } = this.#parts;
    const { folder } = files;
    return files.exclusively(async () => {
      let { id } = await this.state();
      const mark = await folder.mark();
      if (mark === undefined) {
        id = randomUUID();
        await session.withClient((client) => client.query("UPDATE cutovers SET id = $1 WHERE phase = 'files'", [id]));
        await folder.setMark({ cutover: id, state: 'dual' });
      } else if (mark.cutover !== id) throw markedByOther(folder.path, mark.cutover);
      return this.#move({
        ...{ step: 'start', from: ['files'], to: 'dual', event: 'CUTOVER_STARTED' },
        action: 'began to write files and database',
        metadata: { directory: resolve(folder.path) },
        set: 'started_at = clock_timestamp(), verified_at = NULL, stopped_at = NULL, archived_to = NULL',
        before: async (client) => {
          await client.query(NOBODY_WRITES);
          await client.query('DELETE FROM cutover_progress');
        },
      });
    });
  }

  /** The folder's lock is held: who moves the files to and fro at the same time would leave some in either place. */
  async #still(step: Step, ...phases: readonly Phase[]): Promise<CutoverState> {
    const state = await this.state();
    if (!phases.includes(state.phase)) throw refused(step, state.phase);
    return state;
  }

  /** A step of one folder must not be taken for another, which would be found equal, being empty. */
  #requireOurs({ id }: CutoverState): Promise<void> {
    return requireFolder(this.#parts.files.folder, id);
  }

  async #requireEqual(state: CutoverState, options: StepOptions): Promise<void> {
    const found = await verifySides(this.#parts, this.#database, state, options);
    if (found.equal) return;
    const counts = `${found.missing} bars missing in the database, ${found.extra} in it alone, ${found.different} different`;
    throw new CutoverError('CUTOVER_DIFFERS', `the files and the database differ: ${counts}`, {
      hint: '`wyckoff cutover verify` shows them; `wyckoff cutover rollback` goes back',
    });
  }

  /** A step after which the files or their notes count differently: every write that was noted is in the files by then. */
  #moveDrained(move: Move): Promise<CutoverState> {
    const { files, session } = this.#parts;
    return files.exclusively(async (writer) => {
      await drainOutbox(session, writer);
      return this.#move(move);
    });
  }

  #move(move: Move): Promise<CutoverState> {
    return changePhase(this.#parts, move);
  }
}
