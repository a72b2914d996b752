import { cpus, totalmem } from 'node:os';
import { timescaleBinaries } from '../setup/timescale-binaries.js';
import { BenchDatabase, psqlVersion } from './bench-database.js';
import { compareCacheReads } from './cache-reads.js';
import { compareInference, compareReplay } from './feed.js';
import { measureIngest } from './ingest.js';
import { openLayouts } from './layout-databases.js';
import { compareLayoutLookups } from './layout-lookups.js';
import { compareResample } from './layout-resample.js';
import { compareSize } from './layout-size.js';
import { compareOrderBooks, compareTrades } from './layout-ticks.js';
import { compareApprovals, compareAuditAppends, compareLatestPatterns, comparePatternWrites } from './ledger.js';
import { measureMemory } from './memory.js';
import { compareColumns, compareStoredAmount, compareYearLookup } from './reads.js';
import { type Comparison, printComparison, writeReport } from './report.js';
import { compareImports } from './transfer.js';
import { measureLargeImport } from './transfer-memory.js';
import { compareWrites } from './writes.js';

const PAGE = new URL('../../docs/benchmarks.md', import.meta.url);

const comparisons: Comparison[] = [];

function report(comparison: Comparison): void {
  printComparison(comparison);
  comparisons.push(comparison);
}

const bench = await BenchDatabase.open();
let embedded: string;
try {
  embedded = (await bench.store.health()).serverVersion;
  for (const compare of [
    ...[comparePatternWrites, compareLatestPatterns, compareApprovals, compareAuditAppends],
    ...[
      compareWrites,
      compareYearLookup,
      compareColumns,
      compareStoredAmount,
      compareReplay,
      compareCacheReads,
      measureMemory,
      compareImports,
      measureLargeImport,
      measureIngest,
    ],
  ]) {
    await bench.settle();
    report(await compare(bench));
  }
} finally {
  await bench.close();
}

let versions = 'TimescaleDB is not installed here: the layouts were not compared';
if (timescaleBinaries()) {
  const layouts = await openLayouts();
  try {
    versions = `the layouts side by side: ${layouts.versions}, fsync on`;
    for (const comparison of await compareLayoutLookups(layouts)) report(comparison);
    for (const compare of [compareResample, compareSize, compareTrades, compareOrderBooks, compareInference])
      report(await compare(layouts));
  } finally {
    await layouts.close();
  }
}

const machine = [
  `${cpus().length} cores (${cpus()[0]!.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform}`,
  `Node ${process.version}, embedded PostgreSQL ${embedded} (plain layout, fsync on), ${await psqlVersion()}`,
  versions,
  `measured ${new Date().toISOString().slice(0, 10)}`,
];
await writeReport(PAGE, machine, comparisons);
process.stdout.write(`\n${versions}\nwritten to docs/benchmarks.md\n`);
if (comparisons.some(({ targets }) => targets.some(({ met }) => !met))) process.exitCode = 1;
