import { setTimeout as sleep } from 'node:timers/promises';

const DAY = 86_400_000;
/** Longer than the tests of a file take. */
const LONGEST = 10 * 60_000;

/** Midnight (UTC) as today begins, for tests of what ages by days: where the next one is near, it waits until that is past. */
export async function startOfToday(): Promise<number> {
  const left = DAY - (Date.now() % DAY);
  if (left < LONGEST) await sleep(left + 1_000);
  return Math.floor(Date.now() / DAY) * DAY;
}
