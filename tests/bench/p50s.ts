/** Turns of each peer. */
export const ROUNDS = 500;
const WARM_UP = 50;

/** p50 of each, the peers taking turns so that the machine's moods meet all of them. */
export async function p50s(
  runs: Record<string, () => Promise<readonly unknown[]>>,
  expected: number,
): Promise<Record<string, number>> {
  const times: Record<string, number[]> = {};
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const [name, run] of Object.entries(runs)) {
      const start = performance.now();
      const rows = await run();
      const took = performance.now() - start;
      if (rows.length !== expected) throw new Error(`${name} found ${rows.length} rows`);
      if (round < 0) continue; // warm-up
      times[name] ??= [];
      times[name].push(took);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, all.sort((a, b) => a - b)[ROUNDS / 2]!]));
}
