import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchDatabase, medianTime } from './bench-database.js';
import { type Comparison, type Figure, rate, type Target } from './report.js';
import { hashFiles, importAll, writeCsv, writeParquet } from './transfer-files.js';

const FILES = 5;
const FILE_ROWS = 1_000_000;
const ROWS = FILES * FILE_ROWS;
const LIMIT_MB = 600;
const MOST_PARALLEL = 8;
/** Rows a second of verify and export. */
const READ_RATE = 200_000;
/** Beside plain hashing of the same bytes: an import also looks up what it knows of each file. */
const OF_HASHING = 0.5;

/** A folder of large files: imported by a process of its own, then again, verified and exported. */
export async function measureLargeImport(bench: BenchDatabase): Promise<Comparison> {
  await bench.empty();
  const files = Array.from({ length: FILES }, (_, index) => join(bench.directory, `LARGE${index}_1m.csv`));
  for (const [index, file] of files.entries()) await writeCsv(file, FILE_ROWS, index + 1);
  const sizes = await Promise.all(files.map((file) => stat(file)));
  const megabytes = sizes.reduce((sum, { size }) => sum + size, 0) / 1e6;

  const first = await importInChild(bench.url, files, 2);
  const stored = await bench.store.bars.series();
  const count = stored.reduce((sum, series) => sum + series.count, 0);
  if (count !== ROWS) throw new Error(`the import left ${count} bars`);

  const hashing = await hashFiles(files);
  const again = await medianTime(1, () => importAll(bench.store, files, {}));
  const verified = await medianTime(1, async () => {
    const { passed } = await bench.store.files.verify({ paths: files.slice(0, 1) });
    if (!passed) throw new Error('what was imported differs from its file');
  });
  const directory = join(bench.directory, 'exported');
  const exported = await medianTime(1, () =>
    bench.store.files.export({ kinds: ['bars'], symbols: ['LARGE0'], format: 'parquet', directory }),
  );

  await bench.empty();
  const wide = await importInChild(bench.url, files, MOST_PARALLEL);
  await bench.empty();
  const rowGroup = join(bench.directory, 'GROUP_1m.parquet');
  await writeParquet(rowGroup, ROWS, ROWS);
  const grouped = await importInChild(bench.url, [rowGroup], 1);

  const perSecond = (milliseconds: number) => `${Math.round(megabytes / (milliseconds / 1000))} MB/s`;
  const figures: Figure[] = [
    { who: 'import', figure: rate(ROWS, first.milliseconds), ratio: `peak ${first.peakMegabytes} MB` },
    {
      who: `import, --parallel ${MOST_PARALLEL}`,
      figure: rate(ROWS, wide.milliseconds),
      ratio: `peak ${wide.peakMegabytes} MB`,
    },
    {
      who: 'import of as many rows in one row group of one Parquet file',
      figure: rate(ROWS, grouped.milliseconds),
      ratio: `peak ${grouped.peakMegabytes} MB`,
    },
    { who: 'plain SHA-256 of the files', figure: perSecond(hashing), ratio: `${(hashing / again).toFixed(2)} x` },
    { who: 'import of the unchanged files', figure: perSecond(again), ratio: '' },
  ];
  const targets: Target[] = [
    ...[first, wide, grouped].map(({ peakMegabytes }) => ({
      text: `peak under ${LIMIT_MB} MB (${peakMegabytes})`,
      met: peakMegabytes < LIMIT_MB,
    })),
    {
      text: `unchanged files >= ${OF_HASHING} of plain SHA-256 (${(hashing / again).toFixed(2)})`,
      met: hashing / again >= OF_HASHING,
    },
  ];
  for (const [who, milliseconds] of [
    ['verify, every value', verified],
    ['export to Parquet', exported],
  ] as const) {
    const rows = (FILE_ROWS / milliseconds) * 1000;
    figures.push({ who, figure: rate(FILE_ROWS, milliseconds), ratio: '' });
    const text = `${who} >= ${READ_RATE.toLocaleString('en-US')} rows/s (${Math.round(rows).toLocaleString('en-US')})`;
    targets.push({ text, met: rows >= READ_RATE });
  }
  return {
    title: `A folder of ${ROWS.toLocaleString('en-US')} bars`,
    what:
      `${FILES} CSV files of 1m bars, ${Math.round(megabytes)} MB in all, imported by a process of its own, whose peak resident set size the operating system has ` +
      'kept; then again, unchanged, against hashing the same bytes and nothing else. Verify and export read one of the series.',
    figures,
    targets,
  };
}

async function importInChild(
  url: string,
  files: readonly string[],
  parallel: number,
): Promise<{ readonly milliseconds: number; readonly peakMegabytes: number }> {
  const script = fileURLToPath(new URL('transfer-child.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, url, `${parallel}`, ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`the import ended with ${code}`);
  return JSON.parse(output) as { milliseconds: number; peakMegabytes: number };
}
