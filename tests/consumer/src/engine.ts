import { type AsOfReader, closeOf, newId, type SeriesInput, type Store } from 'wyckoff-store';
import { findRange } from './find-ranges.js';
import { follow, type Idea, isAlive, openIdea } from './idea.js';

/** The days of a run, both included. */
export interface Period {
  readonly startDate: string;
  readonly endDate: string;
}

/** What the engine may look back on. */
const WINDOW = 120;
const DAY = 86_400_000;

/** Walks through the period evening by evening, sees each time what had closed by then, and writes what it makes of it. */
export async function runSeries(
  store: Store,
  reader: AsOfReader,
  series: SeriesInput,
  { startDate, endDate }: Period,
): Promise<Idea[]> {
  let ideas: Idea[] = [];
  let newest: number | undefined;
  for (let day = Date.parse(startDate); day <= Date.parse(endDate); day += DAY) {
    reader.advanceTo(closeOf(new Date(day), '1d'));
    const bars = await reader.latest({ ...series, limit: WINDOW });
    const today = bars.at(-1);
    // Nothing has closed on a day without trading.
    if (!today || today.timestamp.getTime() === newest) continue;
    newest = today.timestamp.getTime();
    const followed: Idea[] = [];
    for (const idea of ideas) {
      const { correlationId } = idea;
      const evening = { correlationId, at: reader.at };
      followed.push(isAlive(idea) ? await store.transaction(evening, (tx) => follow(tx, idea, bars)) : idea);
    }
    ideas = followed;
    if (ideas.some(({ range }) => range.endTime === null)) continue;
    const found = findRange(bars, ideas.at(-1)?.range.endTime ?? undefined);
    if (!found) continue;
    const correlationId = newId();
    const evening = { correlationId, at: reader.at };
    ideas.push(await store.transaction(evening, (tx) => openIdea(tx, correlationId, bars, found)));
  }
  return ideas;
}
