import { writeFile } from 'node:fs/promises';

/** One peer's figure in a comparison. */
export interface Figure {
  readonly who: string;
  /** As printed, e.g. `2.10 ms` or `131,900 rows/s`. */
  readonly figure: string;
  /** This store against that peer, e.g. `1.05 x`; empty for the store itself. */
  readonly ratio: string;
}

export interface Comparison {
  readonly title: string;
  /** How it was measured. */
  readonly what: string;
  readonly figures: readonly Figure[];
  readonly targets: readonly Target[];
}

export interface Target {
  readonly text: string;
  readonly met: boolean;
}

export function rate(rows: number, milliseconds: number): string {
  return `${Math.round((rows / milliseconds) * 1000).toLocaleString('en-US')} rows/s`;
}

export function time(milliseconds: number): string {
  return milliseconds < 10 ? `${milliseconds.toFixed(2)} ms` : `${Math.round(milliseconds).toLocaleString('en-US')} ms`;
}

export async function writeReport(
  file: URL,
  machine: readonly string[],
  comparisons: readonly Comparison[],
): Promise<void> {
  const lines = [
    '# Benchmarks',
    '',
    'Written by `npm run bench`: every figure below was measured in one run, side by side, with the same rows on the same server. Ratios matter,',
    'not figures. A target is what the store is held to; one that is not met says so.',
    '',
    ...machine.map((line) => `- ${line}`),
    '',
  ];
  for (const { title, what, figures, targets } of comparisons) {
    lines.push(`## ${title}`, '', what, '', '| | measured | this store against it |', '|---|---|---|');
    for (const { who, figure, ratio } of figures) lines.push(`| ${who} | ${figure} | ${ratio} |`);
    lines.push('', ...targets.map(({ text, met }) => `- ${text}: ${met ? 'met' : '**not met**'}`), '');
  }
  await writeFile(file, lines.join('\n'));
}

export function printComparison({ title, figures, targets }: Comparison): void {
  process.stdout.write(`\n${title}\n`);
  for (const { who, figure, ratio } of figures)
    process.stdout.write(`  ${who.padEnd(44)} ${figure.padStart(18)}  ${ratio}\n`);
  for (const { text, met } of targets) process.stdout.write(`  ${met ? 'met    ' : 'NOT MET'} ${text}\n`);
}
