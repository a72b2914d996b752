/** Turns of each peer. */
export const ROUNDS = 500;
const WARM_UP = 50;

/** p50 of each, the peers taking turns so that the machine's moods meet all of them. */
export async function p50s<Name extends string>(
  runs: Record<Name, () => Promise<readonly unknown[]>>,
  expected: number,
  rounds = ROUNDS,
): Promise<Record<Name, number>> {
  const times: Record<string, number[]> = {};
  for (let round = -Math.min(WARM_UP, rounds / 10); round < rounds; round += 1) {
    for (const [name, run] of Object.entries<() => Promise<readonly unknown[]>>(runs)) {
      const start = performance.now();
      const rows = await run();
      const took = performance.now() - start;
      if (rows.length !== expected) throw new Error(`${name} found ${rows.length} rows`);
      if (round < 0) continue; // warm-up
      times[name] ??= [];
      times[name].push(took);
    }
  }
  const middle = Math.floor(rounds / 2);
  const medians = Object.entries(times).map(([name, all]) => [name, all.sort((a, b) => a - b)[middle]!]);
  return Object.fromEntries(medians) as Record<Name, number>;
}
