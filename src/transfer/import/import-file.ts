import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Session } from '../../database/session.js';
import type { JsonObject } from '../../domain/json.js';
import type { SeriesKey } from '../../domain/series.js';
import { InvalidInputError, WyckoffError } from '../../errors.js';
import { seriesName, volumeScales } from '../../repositories/bars/catalog.js';
import { type FileIdentity, findImported, type KnownFile, recordFile } from '../../repositories/imports/files.js';
import { requireRun } from '../../repositories/imports/runs.js';
import { type FileOptions, openFile } from '../read/open-file.js';
import type { FoundFile } from './discover.js';
import { requireAsExported } from './exported-file.js';
import { type HashedFile, requireUnchanged } from './file-identity.js';
import { compareFile, ofKnown, type ReadFile, requireRows, writeRows } from './file-rows.js';
import type { FileMeter } from './progress.js';
import type { FileImport, ImportedSeries } from './result.js';
import type { FileTurn } from './turns.js';

/** How a file is read, apart from who watches it. */
export interface ReadingSettings extends Omit<FileOptions, 'signal' | 'onProgress' | 'volumeScale'> {
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
  /** Entries of one archive share its hash. */
  readonly hash: (found: FoundFile, reading: JsonObject) => Promise<HashedFile>;
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
  let file: ReadFile | undefined;
  const result = (status: FileImport['status'], series: readonly ImportedSeries[], error: WyckoffError | null) => ({
    ...describe(found, id, file, error),
    ...{ status, series, ...sumOf(series), contentHash: hashed?.contentHash.toString('hex') ?? null, error },
    seconds: (performance.now() - started) / 1000,
  });
  const skipped = (known: KnownFile): FileImport => {
    const { id: knownId, rows, duplicates, rejected } = known;
    return { ...result('skipped', ofKnown(known), null), id: knownId, rows, duplicates, rejected };
  };
  const reading = settingsOf(context, found);
  const read = async (client?: Client) => {
    file = await openFile(found.path, {
      ...reading,
      signal,
      volumeScale: async (series) =>
        (await storedVolumeScale(client ?? context.session, series)) ?? reading.volumeScale,
      onProgress: (done, total) => meter.show('read', done, total),
    });
    requireRows(file, context.onError);
    return file;
  };
  const write = async (client: Client, identity: HashedFile): Promise<FileImport> => {
    // The server may end transactions that wait; this one waits while the file is read, and holds nothing but its claim.
    await client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await claim(client, identity, signal);
    turn.begun();
    const known = context.again ? undefined : await findImported(client, identity);
    if (known) return skipped(known);
    const ready = await read(client);
    await turn.write();
    signal?.throwIfAborted();
    const meanwhile = context.again ? undefined : await findImported(client, identity);
    if (meanwhile) return skipped(meanwhile);
    await requireRun(client, context.runId);
    const run = { id, actor: context.actor, source: found.path };
    const { series, recorded } = await writeRows(client, ready, run, { meter, signal });
    await requireUnchanged(identity);
    const { runId } = context;
    const { rows, duplicates, rejected } = result('imported', series, null);
    const counts = { rows, duplicates, rejected, bytes: identity.bytes };
    await recordFile(client, {
      ...identity,
      ...counts,
      path: found.path,
      id,
      runId,
      startedAt,
      error: null,
      series: recorded,
    });
    return result('imported', series, null);
  };
  const attempt = async (): Promise<FileImport> => {
    const identity = await context.hash(found, identityOf(context, found));
    hashed = identity;
    await requireAsExported(identity);
    await turn.begin();
    if (!context.dryRun) return context.session.transaction((client) => write(client, identity));
    return result('checked', await compareFile(context.session, await read(), { meter, signal }), null);
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

/** All that says what the content means: how it is read, and the name and folders that may tell the series or a date. Not where it lies. */
function identityOf(context: FileImportContext, found: FoundFile): JsonObject {
  const { volume, round, ...settings } = { ...found.told, ...settingsOf(context, found) };
  const rounding = { ...(volume === 'round' ? { volume } : {}), ...(round ? { round } : {}) };
  const { onError } = context;
  return JSON.parse(JSON.stringify({ ...settings, ...rounding, onError, name: nameOf(found) }));
}

/** Of an entry its whole place in the archive, whose others have the same content hash. */
function nameOf({ path, archive }: FoundFile): string {
  return archive ? basename(archive.path) + path.slice(archive.path.length) : basename(path);
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
export async function storedVolumeScale(on: Client | Session, series: SeriesKey): Promise<number | undefined> {
  const read = (client: Client) => volumeScales(client, [series]);
  const scales = await ('withClient' in on ? on.withClient(read) : read(on));
  return scales.get(seriesName(series));
}

/** Apart from the transaction, which was rolled back. What cannot be recorded is in the result all the same. */
async function recordFailure(
  { session, runId }: FileImportContext,
  hashed: HashedFile,
  { id, path, rows, duplicates, rejected, error }: FileImport,
  startedAt: Date,
): Promise<void> {
  const record = { ...hashed, path, id, runId, startedAt, rows, duplicates, rejected, series: [] };
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
  file: ReadFile | undefined,
  error: WyckoffError | null,
): Described {
  const bars = file?.kind === 'bars' ? file : undefined;
  return {
    ...{ path, id, bytes, archived: null, archiveError: null },
    rows: file?.rows ?? 0,
    duplicates: bars?.duplicates ?? 0,
    rejected: file?.rejected ?? 0,
    layout: file?.layout ?? null,
    rounded: bars?.rounded ?? { prices: 0, volumes: 0 },
    problems: file?.problems ?? (error instanceof InvalidInputError ? error.problems : []),
    leftOut: file?.leftOut ?? [],
    notices: file?.notices ?? [],
  };
}

function sumOf(series: readonly ImportedSeries[]) {
  const sum = (read: (one: ImportedSeries) => number) => series.reduce((total, one) => total + read(one), 0);
  const moments = series.flatMap(({ first, last }) => [first.getTime(), last.getTime()]);
  return {
    inserted: sum(({ inserted }) => inserted),
    changed: sum(({ changed }) => changed),
    unchanged: sum(({ unchanged }) => unchanged),
    first: moments.length > 0 ? new Date(Math.min(...moments)) : null,
    last: moments.length > 0 ? new Date(Math.max(...moments)) : null,
  };
}
