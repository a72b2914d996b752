import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import type { ExportCompression, ExportFormat, Store } from '../../src/index.js';
import { inspectFile } from '../../src/transfer/read/inspect.js';
import { writeEveryKind } from '../setup/every-kind.js';
import { manifestOf, temporaryDirectory, writeHardBars } from '../setup/exported.js';
import { writeHardTicks } from '../setup/hard-ticks.js';
import { openTestStore } from '../setup/test-database.js';

const MARKET = ['bars', 'trades', 'quotes', 'order-books', 'indicators'] as const;
const FORMS: readonly [ExportFormat, ExportCompression][] = [
  ['csv', 'none'],
  ['parquet', 'snappy'],
  ['parquet', 'gzip'],
  ['ndjson', 'gzip'],
];

/** The form that is tried without writing, and moved to an archive, too. */
const ONCE = 'parquet snappy';

/** By kind. */
async function hashesOf(store: Store, format: ExportFormat, compression: ExportCompression) {
  const directory = join(await temporaryDirectory(), 'export');
  await store.files.export({ kinds: MARKET, format, compression, directory });
  const { files } = await manifestOf(directory);
  return { directory, hashes: Object.fromEntries(files.map(({ kind, sha256 }) => [kind, sha256])) };
}

test('an export of any format that is imported into an empty database and exported again is the same, byte for byte', {
  timeout: 300_000,
}, async () => {
  const { store, url } = await openTestStore();
  await writeHardBars(store);
  await writeHardTicks(store);
  await writeEveryKind(url);
  const original = await hashesOf(store, 'csv', 'none');
  expect(Object.keys(original.hashes)).toEqual(MARKET);
  for (const [format, compression] of FORMS) {
    const form = `${format} ${compression}`;
    const { directory } = await hashesOf(store, format, compression);
    const { store: other } = await openTestStore();
    // As they stand: no option says anything about them.
    const paths = [directory];
    const dry = form === ONCE && (await other.files.import({ paths, dryRun: true }));
    const { files, totals } = await other.files.import({ paths });
    if (dry) expect(dry.totals).toEqual(totals);
    expect(totals.inserted, form).toBe(totals.rows);
    const failed = files.flatMap(({ path, error, problems }) => (error ? [{ path, error, problems }] : []));
    expect(failed, form).toEqual([]);
    expect((await hashesOf(other, 'csv', 'none')).hashes, form).toEqual(original.hashes);
    expect(await other.bars.series()).toMatchObject((await store.bars.series()).map(({ id: _, ...series }) => series));
    expect(await other.files.verify({ paths }), form).toMatchObject({ passed: true });
    for (const { path } of files) {
      const { kind, layout, rejected, command } = await inspectFile(path);
      expect({ kind, layout, rejected, command }, path).toEqual({
        ...{ kind: MARKET.find((one) => basename(path).startsWith(one)), rejected: 0 },
        ...{ layout: expect.stringMatching(/^wyckoff/), command: `wyckoff import ${path}` },
      });
    }
    if (form !== ONCE) continue;
    const archive = await temporaryDirectory();
    expect((await other.files.import({ paths, archive })).totals).toMatchObject({ skipped: 5, archived: 5 });
    expect((await readdir(archive)).sort()).toEqual(files.map(({ path }) => basename(path)).sort());
  }
});
