import { CutoverError } from '../../errors.js';
import type { Phase } from './phase.js';

export type Step = 'start' | 'verify' | 'switch' | 'rollback' | 'finish';

/** What may be done next, in each phase. */
export const NEXT: Readonly<Record<Phase, string>> = {
  files: 'no cutover is under way: `wyckoff cutover start` begins one',
  dual: 'the files are being copied into the database: `wyckoff cutover start` goes on with it, `wyckoff cutover rollback` gives it up',
  backfilled:
    '`wyckoff cutover verify` compares the two sides, `wyckoff cutover rollback` goes back to the files alone',
  verified: '`wyckoff cutover switch` has the database read, `wyckoff cutover rollback` goes back to the files alone',
  switched: '`wyckoff cutover finish` stops writing the files, `wyckoff cutover rollback` has them read again',
  restoring: 'the files are being brought up to date: `wyckoff cutover rollback` goes on with it',
  stopped:
    '`wyckoff cutover finish --archive DIR` moves the files away, `wyckoff cutover rollback` has them kept up and read again',
  archiving:
    'the files are being moved away: `wyckoff cutover finish` goes on with it, `wyckoff cutover rollback` brings them back',
  archived: 'the cutover is finished; `wyckoff cutover rollback` brings the files back',
};

/** The step is not one of this phase. */
export function refused(step: Step, phase: Phase): CutoverError {
  const message = `the cutover is in the phase "${phase}": "${step}" is not its next step`;
  return new CutoverError('CUTOVER_STEP_REFUSED', message, { hint: NEXT[phase] });
}
