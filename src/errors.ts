/**
 * The error tree. Every error this package throws on purpose is a `WyckoffError`: it has a stable `code` for programs, a message
 * that says what happened, and, where there is one, a `hint` that says what to do next.
 */

interface WyckoffErrorOptions {
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** Everything that the package throws on purpose: a code for programs, a message that says what happened, a hint that says what to do. */
export class WyckoffError extends Error {
  /** Stable and upper case. */
  readonly code: string;
  /** What to do next, where there is something. */
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: WyckoffErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }
}

/** One thing that is wrong with an input: which rule, where, and with what value. */
export interface Problem {
  /** Stable and upper case, e.g. `PRICE_TOO_PRECISE`. */
  readonly code: string;
  /** The field's path inside its row, e.g. `open`. */
  readonly path: string;
  readonly value: unknown;
  /** What would have been right, as a sentence. */
  readonly rule: string;
  readonly hint?: string;
  /** Position in the batch, from 0. */
  readonly row?: number;
  /** Line in the file, from 1 (a header is line 1). */
  readonly line?: number;
}

/** Rejected input. `code` is the first problem's; `problems` has every one that was found. */
export class InvalidInputError extends WyckoffError {
  /** Everything that was found wrong, each with its row and rule. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly [Problem, ...Problem[]] | readonly Problem[], subject = 'input') {
    const [first] = problems;
    if (!first) throw new TypeError('an InvalidInputError needs a problem');
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    super(first.code, `invalid ${subject}: ${describeProblem(first)}${more}`, { hint: first.hint });
    this.problems = problems;
  }
}

/** One problem as a sentence: `line 7, open: "12,5" is not a decimal number`. */
export function describeProblem(problem: Problem): string {
  const place = [
    problem.line === undefined ? undefined : `line ${problem.line}`,
    problem.row === undefined ? undefined : `row ${problem.row}`,
    problem.path || undefined,
  ].filter((part) => part !== undefined);
  return `${place.length ? `${place.join(', ')}: ` : ''}${printValue(problem.value)}: ${problem.rule}`;
}

const PRINTED_VALUE_LENGTH = 80;

function printValue(value: unknown): string {
  const text = textOf(value);
  return text.length > PRINTED_VALUE_LENGTH ? `${text.slice(0, PRINTED_VALUE_LENGTH)}...` : text;
}

function textOf(value: unknown): string {
  if (typeof value === 'function' || typeof value === 'symbol') return typeof value;
  if (typeof value === 'string') return JSON.stringify(value.slice(0, PRINTED_VALUE_LENGTH + 1));
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (!Array.isArray(value) && value.toString !== Object.prototype.toString) return String(value);
    return JSON.stringify(value);
  } catch {
    // Circular, with a bigint inside, without a prototype: a rejected value must not fail the report that rejects it.
    return Object.prototype.toString.call(value);
  }
}

/** The same natural key or id is there with other values. */
export class ConflictError extends WyckoffError {}

/** Rows of one series that an import wrote and that are no longer as it wrote them. */
export interface TouchedBars {
  /** `bar`, `trade`, `quote`, `orderBook` or `indicator`. */
  readonly kind: string;
  readonly symbol: string;
  /** Of bars and indicators; empty for the others. */
  readonly timeframe: string;
  /** Of indicators; empty for the others. */
  readonly name: string;
  readonly count: number;
  /** Of these, rows of which nothing is left: bars without a revision, since retention takes those too; other rows that were changed or deleted. */
  readonly removed: number;
  /** Of bars the first few; `since` is when their present values became known, null where the bar was deleted. */
  readonly examples: readonly { readonly timestamp: Date; readonly since: Date | null }[];
}

/** IMPORT_TOUCHED: an import cannot be undone, since later writes touched rows that it wrote. Nothing was changed. */
export class UndoRefusedError extends ConflictError {
  readonly touched: readonly TouchedBars[];

  constructor(id: string, touched: readonly TouchedBars[]) {
    const named = touched.slice(0, 3).map((one) => `${one.count} of ${titleOf(one)}`);
    const more = touched.length > named.length ? ` and ${touched.length - named.length} more series` : '';
    super(
      'IMPORT_TOUCHED',
      `the import ${id} cannot be undone: rows were changed or deleted since: ${named.join(', ')}${more}`,
      {
        hint: 'undo the later imports first; rows that something else has changed are mended by importing or writing the right ones',
      },
    );
    this.touched = touched;
  }
}

function titleOf({ kind, symbol, timeframe, name }: TouchedBars): string {
  return [symbol, timeframe || `(${kind})`, name].filter(Boolean).join(' ');
}

/** Rows of a batch that say something else than what is stored; `problems` names each by its position. Nothing was written. */
export class RowConflictError extends ConflictError {
  /** Each by its position. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], subject: string) {
    const [first] = problems;
    if (!first) throw new TypeError('a RowConflictError needs a problem');
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    super(first.code, `${subject} conflict with stored ones: ${describeProblem(first)}${more}`, { hint: first.hint });
    this.problems = problems;
  }
}

/** There is nothing with this id, or it is the id of something else. */
export class NotFoundError extends WyckoffError {}

/** The row has changed since it was read: nothing was written. Read it again, decide again, and name the version that is there now. */
export class StaleVersionError extends ConflictError {
  constructor(
    subject: string,
    readonly expected: number,
    readonly actual: number,
  ) {
    super('STALE_VERSION', `${subject} is at version ${actual}, not ${expected}`, {
      hint: `read it again and pass version ${actual}`,
    });
  }
}

/** The row's status does not allow this move: most likely somebody else moved it first. Nothing was written. */
export class IllegalMoveError extends ConflictError {
  constructor(
    subject: string,
    readonly from: string,
    readonly to: string,
    hint: string,
  ) {
    super('ILLEGAL_MOVE', `${subject} is ${from} and cannot become ${to}`, { hint });
  }
}

/**
 * There is no room for what was added, and the queue was told not to wait: QUEUE_FULL (in memory) or SPOOL_FULL (on disk). None of it was taken.
 */
export class QueueFullError extends WyckoffError {}

/** The ingest was closed before it had taken what was added. None of it was written. */
export class IngestClosedError extends WyckoffError {
  constructor() {
    super('INGEST_CLOSED', 'the ingest is closed: nothing more is taken', { hint: 'open the store again' });
  }
}

/** One row that did not come into its table. */
export interface UnwrittenRow {
  /** Position in what was added, from 0. */
  readonly row: number;
  /**
   * `dead-letter`: the database refuses it, and it lies in the dead letters. `unwritten`: the database was away, and it lies nowhere. `unknown`: the
   * connection was lost during COMMIT, and the server cannot tell whether it is there; to add it again is safe.
   */
  readonly outcome: 'dead-letter' | 'unwritten' | 'unknown';
  readonly error: unknown;
}

/** Some of the rows that were added are not in their tables; those that `rows` does not name are. */
export class RowsNotWrittenError extends WyckoffError {
  constructor(readonly rows: readonly UnwrittenRow[]) {
    const [first] = rows;
    if (!first) throw new TypeError('a RowsNotWrittenError needs a row');
    const reason = first.error instanceof Error ? first.error.message : String(first.error);
    const more = rows.length > 1 ? ` (and ${rows.length - 1} more)` : '';
    const hint =
      first.outcome === 'dead-letter'
        ? 'mend the cause, then `wyckoff dead-letters replay`'
        : 'add them again: what is there already is recognised';
    super('ROWS_NOT_WRITTEN', `row ${first.row} was not written${more}: ${reason}`, { hint, cause: first.error });
  }
}

/** The spool or the dead letters, files of the store, cannot be used. */
export class SpoolError extends WyckoffError {}

/** The folder of the files backend cannot be used, or not for this. */
export class FilesError extends WyckoffError {}

/** A step of the cutover whose precondition does not hold; nothing was changed. */
export class CutoverError extends WyckoffError {}

/** FEED_GAP: what arrived since the cursor is no longer known whole. */
export class FeedGapError extends WyckoffError {}

/** Configuration (environment, options) that cannot be used. Never carries a password. */
export class ConfigError extends WyckoffError {}

/** An optional dependency that the called feature needs is not installed. */
export class MissingDependencyError extends WyckoffError {
  constructor(packageName: string, neededFor: string, cause: unknown) {
    super('MISSING_DEPENDENCY', `${packageName} is not installed; it is needed for ${neededFor}`, {
      hint: `npm install ${packageName}`,
      cause,
    });
  }
}

/** What a PostgreSQL error says beside its message. */
export interface ServerErrorFields {
  readonly sqlstate?: string | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly constraint?: string | undefined;
  readonly detail?: string | undefined;
}

/** Anything the database, or the way to it, refused. The subclasses say which kind, so that a caller can decide what to retry. */
export class DatabaseError extends WyckoffError implements ServerErrorFields {
  /** PostgreSQL's code, five characters. */
  readonly sqlstate: string | undefined;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;
  readonly detail: string | undefined;

  constructor(code: string, message: string, options: WyckoffErrorOptions & ServerErrorFields = {}) {
    super(code, message, options);
    this.sqlstate = options.sqlstate;
    this.schema = options.schema;
    this.table = options.table;
    this.column = options.column;
    this.constraint = options.constraint;
    this.detail = options.detail;
  }
}

/** The server cannot be reached, went away, or is starting or stopping. Safe to try again when the write can be recognised. */
export class ConnectionError extends DatabaseError {}
/** The server is there and refuses the user, the password or the database name. */
export class AuthenticationError extends DatabaseError {}
/** No connection became free in the configured time. */
export class PoolExhaustedError extends DatabaseError {}
/** A unique index, CHECK, NOT NULL or foreign key said no; `constraint` names it. */
export class ConstraintError extends DatabaseError {}
/** A serialization failure or a deadlock: the transaction did nothing and may be run again. */
export class TransactionConflictError extends DatabaseError {}
/** The statement ran into `statement_timeout` or was cancelled. */
export class StatementTimeoutError extends DatabaseError {}
/** Not a PostgreSQL, or an older one than the store supports. */
export class UnsupportedServerError extends DatabaseError {}
/** A stored value is not what the store writes: something else wrote it. */
export class StoredValueError extends DatabaseError {}
/** The database's migrations are not the ones this version of the package was built for. */
export class MigrationError extends DatabaseError {}

/** The embedded server could not be started, stopped or shared. */
export class EmbeddedServerError extends WyckoffError {}
