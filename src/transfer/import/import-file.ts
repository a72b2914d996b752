import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Session } from '../../database/session.js';
import type { BarBlock } from '../../domain/bar-block.js';
import type { JsonObject } from '../../domain/json.js';
import type { SeriesKey } from '../../domain/series.js';
import { InvalidInputError, WyckoffError } from '../../errors.js';
import { seriesName, volumeScales } from '../../repositories/bars/catalog.js';
import { compareBars, importBars, type SeriesImport } from '../../repositories/bars/import-run.js';
import { type FileIdentity, findImported, type KnownFile, recordFile } from '../../repositories/imports/files.js';
import { requireRun } from '../../repositories/imports/runs.js';
import type { BarFile, BarFileOptions, FileSeries } from '../read/bar-file.js';
import { openBarFile } from '../read/open-file.js';
import type { FoundFile } from './discover.js';
import { type HashedFile, hashFile, requireUnchanged } from './file-identity.js';
import type { FileMeter } from './progress.js';
import type { FileImport } from './result.js';
import type { FileTurn } from './turns.js';

/** How a file is read, apart from who watches it. */
export interface ReadingSettings extends Omit<BarFileOptions, 'signal' | 'onProgress' | 'volumeScale'> {
  /** Of new series; one that is there keeps its scale. */
  readonly volumeScale?: number | 'auto' | undefined;
}

/** What all files of an import share. */
export interface FileImportContext {
  readonly session: Session;
  readonly actor: string;
  readonly runId: string;
  readonly reading: ReadingSettings;
  readonly onError: 'stop' | 'skip';
  readonly dryRun: boolean;
  /** Imports what the manifest knows, too. */
  readonly again: boolean;
  readonly signal: AbortSignal | undefined;
}

/** In milliseconds: while another import has the file in hand. */
const POLL = 200;
/** For so long; then it is read all the same, which costs time and changes nothing. Two imports may wait for each other's files. */
const LONGEST_WAIT = 10_000;

/**
 * Imports one file: its bars and the record of it in one transaction. The reading goes on at once, the writing when its `turn` comes.
 * @throws the signal's reason; everything of the file's or the database's becomes its result
 */
export async function importFile(
  context: FileImportContext,
  found: FoundFile,
  meter: FileMeter,
  turn: FileTurn,
): Promise<{ result: FileImport; hashed: HashedFile | undefined }> {
  const { signal } = context;
  const started = performance.now();
  const id = randomUUID();
  const startedAt = new Date();
  let hashed: HashedFile | undefined;
  let file: BarFile | undefined;
  const result = (status: FileImport['status'], series: readonly SeriesImport[], error: WyckoffError | null) => ({
    ...describe(found, id, file, error),
    ...{ status, series, ...sumOf(series), contentHash: hashed?.contentHash.toString('hex') ?? null, error },
    seconds: (performance.now() - started) / 1000,
  });
  const reading = settingsOf(context, found);
  const read = async (client: Client) => {
    file = await openBarFile(found.path, {
      ...reading,
      signal,
      volumeScale: async (series) => (await storedVolumeScale(client, series)) ?? reading.volumeScale,
      onProgress: (done, total) => meter.show('read', done, total),
    });
    if (file.series.length === 0 || (file.rejected > 0 && context.onError === 'stop')) throw rejectedRows(file);
    return file;
  };
  const write = async (client: Client, identity: HashedFile): Promise<FileImport> => {
    // The server may end transactions that wait; this one waits while the file is read, and holds nothing but its claim.
    await client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await claim(client, identity, signal);
    turn.begun();
    const known = context.again ? undefined : await findImported(client, identity);
    if (known) return { ...result('skipped', [], null), ...ofKnown(known) };
    const { series, rows, duplicates, rejected } = await read(client);
    await turn.write();
    signal?.throwIfAborted();
    const meanwhile = context.again ? undefined : await findImported(client, identity);
    if (meanwhile) return { ...result('skipped', [], null), ...ofKnown(meanwhile) };
    await requireRun(client, context.runId);
    const run = { id, actor: context.actor, source: found.path };
    const written = await importBars(client, watched(series, meter, signal), run);
    await requireUnchanged(identity);
    const { runId } = context;
    const counts = { rows, duplicates, rejected, bytes: identity.bytes };
    const recorded = written.map((one) => ({ kind: 'bar' as const, ...one }));
    await recordFile(client, { ...identity, ...counts, id, runId, startedAt, error: null, series: recorded });
    return result(
      'imported',
      written.map(({ symbol, timeframe, inserted, changed, unchanged, first, last }) => {
        return { symbol, timeframe, inserted, changed, unchanged, first, last };
      }),
      null,
    );
  };
  const attempt = async (): Promise<FileImport> => {
    const identity = await hashFile(found.path, identityOf(context, found), signal);
    hashed = identity;
    await turn.begin();
    if (!context.dryRun) return context.session.transaction((client) => write(client, identity));
    return context.session.withClient(async (client) => {
      const { series } = await read(client);
      return result('checked', await compareBars(client, watched(series, meter, signal)), null);
    });
  };
  try {
    try {
      return { result: await attempt(), hashed };
    } catch (error) {
      if (!(error instanceof WyckoffError && error.code === 'VOLUME_SCALE_DIFFERS')) throw error;
      // A file before this one has made the series meanwhile: its scale is known now.
      await file?.close();
      file = undefined;
      return { result: await attempt(), hashed };
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof WyckoffError)) throw error;
    const failed = result('failed', [], error);
    if (hashed && !context.dryRun) await recordFailure(context, hashed, failed, startedAt);
    return { result: failed, hashed };
  } finally {
    await file?.close();
  }
}

/** All that says what the content means: how it is read, and the name, which may tell the series or a date. Not where it lies. */
function identityOf(context: FileImportContext, found: FoundFile): JsonObject {
  const { volume, round, ...settings } = settingsOf(context, found);
  const rounding = { ...(volume === 'round' ? { volume } : {}), ...(round ? { round } : {}) };
  const { onError } = context;
  return JSON.parse(JSON.stringify({ ...settings, ...rounding, onError, name: basename(found.path) }));
}

function settingsOf({ reading }: FileImportContext, { named }: FoundFile): ReadingSettings {
  const { symbol = named.symbol, timeframe = named.timeframe, ...rest } = reading;
  return { ...rest, ...(symbol === undefined ? {} : { symbol }), ...(timeframe === undefined ? {} : { timeframe }) };
}

/** Keeps other imports off the file until the transaction ends, so that it is not read twice for nothing. */
async function claim(client: Client, { contentHash, reading }: FileIdentity, signal: AbortSignal | undefined) {
  const name = `${contentHash.toString('hex')} ${JSON.stringify(reading)}`;
  for (let waited = 0; waited < LONGEST_WAIT; waited += POLL) {
    const { rows } = await client.query<{ ours: boolean }>({
      text: 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS ours',
      values: [name],
    });
    if (rows[0]!.ours) return;
    await sleep(POLL, undefined, signal ? { signal } : {}).catch((error) => {
      signal?.throwIfAborted();
      throw error;
    });
  }
}

/** The scale of a series that is there already. */
export async function storedVolumeScale(client: Client, series: SeriesKey): Promise<number | undefined> {
  const scales = await volumeScales(client, [series]);
  return scales.get(seriesName(series));
}

function rejectedRows({ problems, rejected, rows }: BarFile): InvalidInputError {
  return new InvalidInputError(problems, `file, ${rejected} of ${rows} rows`);
}

/** The series, and word of each block that was taken. */
function watched(series: readonly FileSeries[], meter: FileMeter, signal: AbortSignal | undefined): FileSeries[] {
  const total = series.reduce((sum, { bars }) => sum + bars, 0);
  let done = 0;
  return series.map((one) => ({
    ...one,
    async *blocks(): AsyncGenerator<BarBlock> {
      for await (const block of one.blocks()) {
        yield block;
        done += block.length;
        meter.show('write', done, total);
        signal?.throwIfAborted(); // after the last block too: nothing is committed yet
      }
    },
  }));
}

/** Apart from the transaction, which was rolled back. What cannot be recorded is in the result all the same. */
async function recordFailure(
  { session, runId }: FileImportContext,
  hashed: HashedFile,
  { id, rows, duplicates, rejected, error }: FileImport,
  startedAt: Date,
): Promise<void> {
  const record = { ...hashed, id, runId, startedAt, rows, duplicates, rejected, series: [] };
  const text = `${error!.code}: ${error!.message}`;
  await session.withClient((client) => recordFile(client, { ...record, error: text })).catch(() => {});
}

type Described = Omit<
  FileImport,
  'status' | 'series' | 'contentHash' | 'seconds' | 'error' | keyof ReturnType<typeof sumOf>
>;

function describe(
  { path, bytes }: FoundFile,
  id: string,
  file: BarFile | undefined,
  error: WyckoffError | null,
): Described {
  return {
    ...{ path, id, bytes, archived: null, archiveError: null },
    rows: file?.rows ?? 0,
    duplicates: file?.duplicates ?? 0,
    rejected: file?.rejected ?? 0,
    layout: file?.layout ?? null,
    rounded: file?.rounded ?? { prices: 0, volumes: 0 },
    problems: file?.problems ?? (error instanceof InvalidInputError ? error.problems : []),
    leftOut: file?.leftOut ?? [],
    notices: file?.notices ?? [],
  };
}

function sumOf(series: readonly SeriesImport[]) {
  const sum = (read: (one: SeriesImport) => number) => series.reduce((total, one) => total + read(one), 0);
  const moments = series.flatMap(({ first, last }) => [first.getTime(), last.getTime()]);
  return {
    inserted: sum(({ inserted }) => inserted),
    changed: sum(({ changed }) => changed),
    unchanged: sum(({ unchanged }) => unchanged),
    first: moments.length > 0 ? new Date(Math.min(...moments)) : null,
    last: moments.length > 0 ? new Date(Math.max(...moments)) : null,
  };
}

/** All that was imported before is unchanged now. */
function ofKnown({ id, rows, duplicates, rejected, series }: KnownFile): Partial<FileImport> & { readonly id: string } {
  const unchanged = series.map(({ symbol, timeframe, first, last, rows: count }) => {
    return { symbol, timeframe, first, last, inserted: 0, changed: 0, unchanged: count } as SeriesImport;
  });
  return { id, rows, duplicates, rejected, series: unchanged, ...sumOf(unchanged) };
}
