import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withLock } from '../database/embedded/directory-lock.js';
import { makeDirectory } from '../database/make-directory.js';
import type { Json } from '../domain/json.js';
import { DatabaseError, describeProblem, InvalidInputError, SpoolError, WyckoffError } from '../errors.js';
import type { KindName, RowOptions } from './kinds/kind.js';
import { syncDirectory } from './spool/files.js';
import type { Refusal } from './write-apart.js';

/** Rows that the database refused, and why. One row, or those of an instant without ids that came together. */
export interface DeadLetter {
  readonly id: string;
  /** When they were given up, ISO 8601. */
  readonly time: string;
  readonly kind: KindName;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly sqlstate?: string | undefined;
  readonly constraint?: string | undefined;
  /** How often it was tried to write them. */
  readonly attempts: number;
  readonly options: RowOptions;
  readonly rows: readonly Json[];
}

/** A file with one dead letter a line (NDJSON), which processes share. */
export class DeadLetters {
  readonly path: string;
  readonly #lock: string;

  constructor(directory: string) {
    this.path = join(directory, 'dead-letters.ndjson');
    this.#lock = join(directory, 'dead-letters.lock');
  }

  /** On the disk when it answers. */
  async append(letters: readonly DeadLetter[]): Promise<void> {
    await this.#locked(async () => {
      const file = await open(this.path, 'a+', 0o600);
      try {
        const { size } = await file.stat();
        // The last line of a process that died while it wrote is no letter: its row was not given up yet.
        const torn = size > 0 && (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== NEWLINE;
        const lines = letters.map((letter) => `${JSON.stringify(letter)}\n`).join('');
        try {
          await file.writeFile(torn ? `\n${lines}` : lines);
          await file.sync();
        } catch (error) {
          await file.truncate(size);
          throw error;
        }
      } finally {
        await file.close();
      }
      await syncDirectory(dirname(this.path));
    });
  }

  /** Those that are there, oldest first, each once. */
  async list(): Promise<DeadLetter[]> {
    const letters = new Map<string, DeadLetter>();
    for (const line of await this.#lines()) {
      const letter = parse(line);
      if (letter) letters.set(letter.id, letter);
    }
    return [...letters.values()];
  }

  /** Takes these out of the file, where they still are, and leaves everything else as it is. */
  async remove(ids: ReadonlySet<string>): Promise<void> {
    if (ids.size === 0) return;
    await this.#locked(async () => {
      const kept = (await this.#lines()).filter((line) => line !== '' && !ids.has(parse(line)?.id ?? ''));
      if (kept.length === 0) await rm(this.path, { force: true });
      else {
        const fresh = `${this.path}.new`;
        const file = await open(fresh, 'w', 0o600);
        try {
          await file.writeFile(`${kept.join('\n')}\n`);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(fresh, this.path);
      }
      await syncDirectory(dirname(this.path));
    });
  }

  /** None where the last letter was taken out: by another process, perhaps, since it was listed. */
  async #lines(): Promise<string[]> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw unusable(this.path, error);
    });
    return text.split('\n');
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    try {
      await makeDirectory(this.#lock, 0o700);
      return await withLock(this.#lock, work);
    } catch (error) {
      throw unusable(this.path, error);
    }
  }
}

const NEWLINE = 10;

/** `error` is why the entry was refused. */
export function deadLetter({ entry, error, attempts }: Refusal, time: Date): DeadLetter {
  const { group, origin, lane, number, rows } = entry;
  const typed = error instanceof WyckoffError ? error : undefined;
  const fields = error instanceof DatabaseError ? { sqlstate: error.sqlstate, constraint: error.constraint } : {};
  const [problem] = error instanceof InvalidInputError ? error.problems : [];
  return {
    id: letterId(origin.id, lane, number),
    time: time.toISOString(),
    kind: group.kind.name,
    code: typed?.code ?? 'UNEXPECTED',
    message: problem ? describeProblem(problem) : error instanceof Error ? error.message : String(error),
    hint: typed?.hint,
    ...fields,
    attempts,
    options: group.options,
    rows: rows.map((row) => group.kind.encode(row)),
  };
}

/** The same for an entry that is read from its spool again. */
export function letterId(origin: string, lane: number, number: number): string {
  return `${origin}/${lane}/${number}`;
}

function parse(line: string): DeadLetter | undefined {
  try {
    const letter = JSON.parse(line) as DeadLetter;
    return typeof letter.id === 'string' ? letter : undefined;
  } catch {
    return undefined;
  }
}

function unusable(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof WyckoffError) return error;
  return new SpoolError('DEAD_LETTERS_UNUSABLE', `the dead letters in ${path} cannot be used: ${message}`, {
    hint: 'the process must be allowed to write there, and the disk must not be full',
    cause: error,
  });
}
