import { readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Registry } from 'prom-client';
import { gaugeOf } from './instruments.js';
import { Reading } from './reading.js';

interface DiskReading {
  readonly spoolBytes: number;
  readonly deadLetterBytes: number;
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

/** What lies in the directory of an ingest, also of processes that died, and the disk that it is on. */
export function watchDisk(registry: Registry, directory: string): void {
  const reading = new Reading(() => readDisk(directory), { fresh: 1_000, wait: 2_000, giveUp: 5_000 });
  const gauge = (name: string, help: string, key: keyof DiskReading) =>
    gaugeOf({ registry, name, help }, async () => (await reading.latest())?.[key]);
  gauge('wyckoff_spool_bytes', 'Bytes of all spools in the directory of the ingest.', 'spoolBytes');
  gauge('wyckoff_dead_letters_bytes', 'Bytes of the file of dead letters; 0: there are none.', 'deadLetterBytes');
  gauge('wyckoff_spool_disk_free_bytes', 'Bytes that are free on the disk of the spool.', 'freeBytes');
  gauge('wyckoff_spool_disk_size_bytes', 'Size of that disk.', 'sizeBytes');
}

async function readDisk(directory: string): Promise<DiskReading> {
  const { bavail, blocks, bsize } = await statfs(await nearestExisting(directory));
  return {
    spoolBytes: await bytesBelow(join(directory, 'spool')),
    deadLetterBytes: await sizeOf(join(directory, 'dead-letters.ndjson')),
    freeBytes: bavail * bsize,
    sizeBytes: blocks * bsize,
  };
}

/** The directory is made by the first row. */
async function nearestExisting(path: string): Promise<string> {
  const there = await stat(path).then(
    () => true,
    () => false,
  );
  return there || dirname(path) === path ? path : nearestExisting(dirname(path));
}

async function bytesBelow(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) if (entry.isFile()) bytes += await sizeOf(join(entry.parentPath, entry.name));
  return bytes;
}

/** Files come and go while they are counted. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
