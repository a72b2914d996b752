import type { Client } from '../session.js';
import type { Findings } from './report.js';

/** Milliseconds. */
const LARGEST_SKEW = 1_000;
const ROUNDS = 5;

/** How far the server's clock is from this process's. What the way to the server and back took is no skew. */
export async function checkClock(client: Client): Promise<Findings> {
  let [skew, doubt] = [0, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round += 1) {
    const sent = performance.now();
    const [before, { rows }, after] = [
      Date.now(),
      await client.query<{ now: number }>('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now'),
      Date.now(),
    ];
    const took = performance.now() - sent;
    // Date.now() counts whole milliseconds.
    if (took / 2 + 1 < doubt) [skew, doubt] = [rows[0]!.now - (before + after + 1) / 2, took / 2 + 1];
  }
  return judgeClock(skew, doubt);
}

/** `skew`: server less client, in milliseconds, known to `doubt` on either side. */
export function judgeClock(skew: number, doubt: number): Findings {
  const distance = `${Math.abs(skew) < doubt ? 'no' : text(Math.abs(skew))} difference to the server's clock, measured to ${text(doubt)}`;
  if (Math.abs(skew) - doubt <= LARGEST_SKEW) return { checked: distance };
  return {
    checked: distance,
    differences: [
      {
        object: "the server's clock",
        expected: `${text(LARGEST_SKEW)} from this machine's at most`,
        found: `${text(Math.abs(skew))} ${skew > 0 ? 'ahead' : 'behind'}`,
        meaning: 'what is closed, known or due by now is another thing here than in the database',
        mend: 'sudo timedatectl set-ntp true   # on the machine whose clock is wrong',
      },
    ],
  };
}

function text(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}
