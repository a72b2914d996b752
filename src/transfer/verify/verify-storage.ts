import { checkHypertables } from '../../database/doctor/check-hypertables.js';
import { readStorageStatus } from '../../database/layouts/read-status.js';
import type { Session } from '../../database/session.js';
import type { StorageVerification } from './verification.js';

/** How the table of the bars lies in the database, by the checks of `wyckoff doctor`. */
export async function verifyStorage(session: Session, chunkInterval: string | undefined): Promise<StorageVerification> {
  return session.withClient(async (client) => {
    const status = await readStorageStatus(client);
    const { layout } = status;
    if (status.extensionVersion === null)
      return { layout, judged: false, checked: 'a plain table has no chunks to judge', differences: [] };
    const { checked, differences = [] } = await checkHypertables(client, status, chunkInterval);
    return { layout, judged: true, checked, differences: differences.filter(({ object }) => object === 'ohlcv_bars') };
  });
}
