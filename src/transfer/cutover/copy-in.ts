import { instant } from '../../database/instant.js';
import type { Client, Session } from '../../database/session.js';
import type { UnitsOfWork } from '../../database/unit-of-work.js';
import { BarBlock } from '../../domain/bar-block.js';
import type { SeriesKey } from '../../domain/series.js';
import { BarRepository } from '../../repositories/bars/bar-repository.js';
import { importBars } from '../../repositories/bars/import-run.js';
import { type Deleted, drainOutbox } from '../backends/dual/outbox.js';
import type { FileBars } from '../backends/files/file-bars.js';
import type { SeriesBars } from '../backends/files/series-bars.js';
import { type CutoverState, readCutover } from './phase.js';
import { refused } from './refused.js';

/** Bars a step: writers wait while one is copied, some 0.3 s. */
const STEP = 20_000;

export interface CopyParts {
  readonly files: FileBars;
  readonly session: Session;
  readonly units: UnitsOfWork;
  readonly actor: string;
}

/**
 * Copies one more stretch of a series' file into the database; answers how many bars that were, undefined where none is left. The folder's lock is held
 * and every write is in the file, so what the file says is the newest there is: it takes the place of anything that the database has from before.
 */
export async function copyStep(parts: CopyParts, key: SeriesKey, cutover: CutoverState): Promise<number | undefined> {
  const { files, session, units, actor } = parts;
  return files.exclusively(async (writer) => {
    await drainOutbox(session, writer);
    const series = await writer.read(key);
    return units.run({}, (unit) =>
      unit.transaction(async (client) => {
        requireDual(await readCutover(client, 'share'), cutover);
        const { copiedUntil, done } = await progressOf(client, key);
        if (done) return undefined;
        const start = copiedUntil === null ? 0 : (series?.indexOf(copiedUntil.getTime() + 1) ?? 0);
        const end = Math.min(start + STEP, series?.length ?? 0);
        if (series && end > start) {
          const [first, last] = [start, end - 1].map((index) => new Date(series.bars.timestamp[index]!));
          const { volumeScale } = series;
          const part = { ...key, volumeScale, first: first!, last: last!, blocks: () => blocksOf(series, start, end) };
          await importBars(client, [part], { id: cutover.id, actor, source: files.folder.path });
        }
        const last = series && end > start ? series.bars.timestamp[end - 1]! : undefined;
        await noteProgress(client, key, last, end >= (series?.length ?? 0));
        return end - start;
      }),
    );
  });
}

/**
 * Deletes from the database what was deleted from the files while they were written alone, between two cutovers. It comes before the copy, which brings
 * back whatever was written there since.
 */
export async function deleteNoted({ files, units, actor }: CopyParts, cutover: CutoverState): Promise<void> {
  await files.exclusively(() =>
    units.run({}, (unit) =>
      unit.transaction(async (client) => {
        requireDual(await readCutover(client, 'share'), cutover);
        const { rows } = await client.query<{ document: Omit<Deleted, 'operation'> }>(
          "DELETE FROM cutover_outbox WHERE operation = 'deleted' RETURNING document",
        );
        const bars = new BarRepository(within(client), { actor, correlationId: cutover.id });
        for (const { document } of rows) await bars.delete(document);
      }),
    ),
  );
}

/** Somebody else may have gone back meanwhile, and begun anew. */
function requireDual(now: CutoverState, { id }: CutoverState): void {
  if (now.id !== id || now.phase !== 'dual') throw refused('start', now.phase);
}

/** The transaction that is under way. */
function within(client: Client): Session {
  return { withClient: (use) => use(client), transaction: (use) => use(client) };
}

async function* blocksOf({ bars }: SeriesBars, start: number, end: number): AsyncGenerator<BarBlock, undefined> {
  const block = new BarBlock(end - start);
  for (let index = start; index < end; index += 1) {
    const vwap = bars.vwapAt(index);
    block.push(
      {
        ...{
          timestamp: bars.timestamp[index]!,
          open: bars.open[index]!,
          high: bars.high[index]!,
          low: bars.low[index]!,
        },
        ...{ close: bars.close[index]!, volume: bars.volume[index]!, vwap, source: bars.source[index] ?? null },
      },
      index,
    );
  }
  yield block;
  return undefined;
}

async function progressOf(client: Client, { symbol, timeframe }: SeriesKey) {
  const { rows } = await client.query<{ copiedUntil: Date | null; done: boolean }>({
    name: 'cutover.progress',
    text: 'SELECT copied_until AS "copiedUntil", done FROM cutover_progress WHERE symbol = $1 AND timeframe = $2',
    values: [symbol, timeframe],
  });
  return rows[0] ?? { copiedUntil: null, done: false };
}

async function noteProgress(client: Client, { symbol, timeframe }: SeriesKey, last: number | undefined, done: boolean) {
  await client.query({
    name: 'cutover.note-progress',
    text: `INSERT INTO cutover_progress (symbol, timeframe, copied_until, done) VALUES ($1, $2, $3, $4)
           ON CONFLICT (symbol, timeframe) DO UPDATE
           SET copied_until = coalesce(excluded.copied_until, cutover_progress.copied_until), done = excluded.done`,
    values: [symbol, timeframe, last === undefined ? null : instant(last), done],
  });
}
