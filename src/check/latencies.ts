/** How long runs took, in milliseconds, by nearest rank: a p95 of 50 runs is the 48th of them, a run that there was. */
export interface Latencies {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export function latenciesOf(runs: readonly number[]): Latencies {
  const sorted = [...runs].sort((a, b) => a - b);
  const rank = (percent: number) => sorted[Math.ceil((percent / 100) * sorted.length) - 1]!;
  return { p50: rank(50), p95: rank(95), p99: rank(99) };
}
