import { cpus, totalmem } from 'node:os';
import { BenchDatabase, psqlVersion } from './bench-database.js';
import { compareApprovals, compareAuditAppends, compareLatestPatterns, comparePatternWrites } from './ledger.js';
import { measureMemory } from './memory.js';
import { compareColumns, compareStoredAmount, compareYearLookup } from './reads.js';
import { type Comparison, printComparison, writeReport } from './report.js';
import { compareWrites } from './writes.js';

const PAGE = new URL('../../docs/benchmarks.md', import.meta.url);

const bench = await BenchDatabase.open();
try {
  const { serverVersion } = await bench.store.health();
  const machine = [
    `${cpus().length} cores (${cpus()[0]!.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform}`,
    `Node ${process.version}, embedded PostgreSQL ${serverVersion} (plain layout, fsync on), ${await psqlVersion()}`,
    `measured ${new Date().toISOString().slice(0, 10)}`,
  ];
  const comparisons: Comparison[] = [];
  for (const compare of [
    ...[comparePatternWrites, compareLatestPatterns, compareApprovals, compareAuditAppends],
    ...[compareWrites, compareYearLookup, compareColumns, compareStoredAmount, measureMemory],
  ]) {
    await bench.settle();
    const comparison = await compare(bench);
    printComparison(comparison);
    comparisons.push(comparison);
  }
  await writeReport(PAGE, machine, comparisons);
  process.stdout.write('\nwritten to docs/benchmarks.md\n');
  if (comparisons.some(({ targets }) => targets.some(({ met }) => !met))) process.exitCode = 1;
} finally {
  await bench.close();
}
