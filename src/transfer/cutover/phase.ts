import type { Client } from '../../database/session.js';
import { CutoverError } from '../../errors.js';
import type { Folder } from '../backends/files/folder.js';

/**
 * Where a cutover stands. `files`: none is under way. `dual`: both sides are written, and the files are being copied into the database. `backfilled`:
 * they are copied. `verified`: and compared. `switched`: the database is read. `restoring`: on the way back, bars that only the database has are
 * being copied into the files. `stopped`: the files are no longer written. `archiving`, `archived`: they are being moved away, they are.
 */
export type Phase =
  | 'files'
  | 'dual'
  | 'backfilled'
  | 'verified'
  | 'switched'
  | 'restoring'
  | 'stopped'
  | 'archiving'
  | 'archived';

/** Which side answers reads, and which are written. */
export interface Sides {
  readonly reads: 'files' | 'database';
  readonly files: boolean;
  readonly database: boolean;
  /** Whether both should hold the same. */
  readonly alike: boolean;
}

const FILES_FIRST = { reads: 'files', files: true, database: true, alike: true } as const;
const DATABASE_FIRST = { ...FILES_FIRST, reads: 'database' } as const;
const DATABASE_ALONE = { reads: 'database', files: false, database: true, alike: false } as const;

const SIDES: Readonly<Record<Phase, Sides>> = {
  files: { reads: 'files', files: true, database: false, alike: false },
  dual: { ...FILES_FIRST, alike: false },
  backfilled: FILES_FIRST,
  verified: FILES_FIRST,
  switched: DATABASE_FIRST,
  restoring: { ...DATABASE_FIRST, alike: false },
  stopped: DATABASE_ALONE,
  archiving: DATABASE_ALONE,
  archived: DATABASE_ALONE,
};

export function sidesOf(phase: Phase): Sides {
  return SIDES[phase];
}

/** The row of a cutover. */
export interface CutoverState {
  readonly id: string;
  readonly phase: Phase;
  readonly startedAt: Date | null;
  readonly verifiedAt: Date | null;
  readonly stoppedAt: Date | null;
  readonly archivedTo: string | null;
}

const COLUMNS = `id, phase, started_at AS "startedAt", verified_at AS "verifiedAt", stopped_at AS "stoppedAt", archived_to AS "archivedTo"`;
const ROW = "FROM cutovers WHERE scope = 'bars'";
/** Who holds the phase may write bars: others are refused by lockSeries while both sides are written. */
const HELD = "set_config('wyckoff.cutover', 'held', true) AS held";

/** `share`: no step is taken until the transaction ends. `update`: it also waits for every writer, and none begins. */
export async function readCutover(client: Client, lock?: 'share' | 'update'): Promise<CutoverState> {
  const { rows } = await client.query<CutoverState>({
    name: `cutover.read${lock ? `-${lock}` : ''}`,
    text: lock ? `SELECT ${COLUMNS}, ${HELD} ${ROW} FOR ${lock.toUpperCase()}` : `SELECT ${COLUMNS} ${ROW}`,
  });
  if (rows[0]) return rows[0];
  throw new CutoverError('CUTOVER_ROW_MISSING', 'the table cutovers has lost its row', {
    hint: "INSERT INTO cutovers (scope) VALUES ('bars'), as the migration did",
  });
}

/** @throws CutoverError CUTOVER_FOLDER_DIFFERS where it is not the folder of the cutover under way */
export async function requireFolder(folder: Folder, id: string): Promise<void> {
  if ((await folder.mark())?.cutover === id) return;
  throw new CutoverError(
    'CUTOVER_FOLDER_DIFFERS',
    `${folder.path} is not the folder of the cutover that is under way (${id})`,
    {
      hint: 'set WYCKOFF_BARS_DIR to the folder that `wyckoff cutover start` was given',
    },
  );
}

/** A folder that another database says whose it is. */
export function markedByOther(folder: string, cutover: string): CutoverError {
  return new CutoverError(
    'CUTOVER_FOLDER_DIFFERS',
    `${folder} is in another cutover (${cutover}), of another database`,
    {
      hint: 'is this the right database, and the right folder? `wyckoff cutover rollback` there sets the folder free',
    },
  );
}
