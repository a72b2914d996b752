import type { Session } from '../../database/session.js';
import { forgetSpool } from '../positions.js';
import type { SpoolDirectory, SpoolHome } from './home.js';

/**
 * Removes a spool of which all is done, here and in the database. A process that dies on the way leaves an empty folder, which the next one
 * removes; segments whose positions are gone would be taken for another database's.
 */
export async function removeSpool(home: SpoolHome, session: Session, spool: SpoolDirectory): Promise<void> {
  await home.empty(spool);
  await forgetSpool(session, spool.id);
  await home.remove(spool);
}
