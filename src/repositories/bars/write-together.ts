import type { Client } from '../../database/session.js';
import type { BarBlock } from '../../domain/bar-block.js';
import { RATIO_WINDOW } from '../../domain/bar-ratios.js';
import { timeframeDuration } from '../../domain/timeframe.js';
import { type LockedEntry, updateEntries } from './catalog.js';
import { insertBars } from './insert-bars.js';
import { SeriesChange, type WriteCounts } from './series-change.js';
import { LONGEST_HOLE, LONGEST_STRETCH, SeriesWriter, type WriteRules } from './series-writer.js';
import { StoredBars } from './stored-bars.js';
import { type ManyRequest, readManyBefore, readManyBehind, readManyBetween } from './stored-of-many.js';
import { planStretch } from './stretch-plan.js';
import { replaceBars, updateRatios } from './update-bars.js';

/** Bars of one locked series; `order` names them in time order, each instant once. */
export interface SeriesBars {
  readonly entry: LockedEntry;
  readonly block: BarBlock;
  readonly order: Uint32Array;
}

/** Bars written at a time, which bounds the memory. */
const MOST_BARS = 20_000;

/**
 * Writes bars of many series, each as a {@link SeriesWriter} does, in their order. Those of which there are few are read, inserted and noted in the
 * catalog together: a minute of 500 symbols is 500 bars, and a statement for each of them takes ten times as long as its row.
 */
export async function writeTogether(
  client: Client,
  series: readonly SeriesBars[],
  rules: WriteRules,
  signal: AbortSignal | undefined,
): Promise<WriteCounts> {
  const total = { inserted: 0, changed: 0, unchanged: 0 };
  const add = ({ inserted, changed, unchanged }: WriteCounts) => {
    total.inserted += inserted;
    total.changed += changed;
    total.unchanged += unchanged;
  };
  for (const group of groupsOf(series)) {
    signal?.throwIfAborted();
    if (group.length > 1) add(await writeGroup(client, group, rules));
    else {
      const { entry, block, order } = group[0]!;
      const writer = new SeriesWriter(client, entry, rules);
      await writer.write(block, order);
      await writer.finish();
      add(writer.counts);
    }
  }
  return total;
}

/** Neighbours that are written together, as far as all that has to be read for them fits. */
function* groupsOf(series: readonly SeriesBars[]): Generator<SeriesBars[]> {
  let group: SeriesBars[] = [];
  let bars = 0;
  for (const one of series) {
    const own = barsInMemory(one);
    if (group.length > 0 && bars + own > MOST_BARS) {
      yield group;
      [group, bars] = [[], 0];
    }
    group.push(one);
    bars += own;
  }
  if (group.length > 0) yield group;
}

/** At most; infinite where a SeriesWriter would go through them in several stretches. */
function barsInMemory({ entry, block, order }: SeriesBars): number {
  const [low, high] = endsOf({ block, order });
  if (entry.last === null || entry.last.getTime() < low) return order.length;
  const durations = (high - low) / timeframeDuration(entry.timeframe);
  return durations > Math.min(LONGEST_HOLE, LONGEST_STRETCH) ? Number.POSITIVE_INFINITY : order.length + durations;
}

async function writeGroup(client: Client, group: readonly SeriesBars[], rules: WriteRules): Promise<WriteCounts> {
  const stored = await readAround(client, group);
  const plans = group.map((one) => {
    const [low] = endsOf(one);
    return planStretch(one.entry, stored.get(one)!, one.block, one.order, low, rules.replace);
  });
  await insertBars(client, plans);
  const changes = plans.map((plan, index) => {
    const change = new SeriesChange(plan.entry);
    change.add(plan, group[index]!.order.length);
    return change;
  });
  for (const plan of plans) {
    await replaceBars(client, plan, rules.runId);
    await updateRatios(client, plan);
  }
  await updateEntries(
    client,
    changes.map((change) => change.toCatalog()),
  );
  const sum = (which: keyof WriteCounts) => changes.reduce((count, { counts }) => count + counts[which], 0);
  return { inserted: sum('inserted'), changed: sum('changed'), unchanged: sum('unchanged') };
}

/** What is stored where each series' bars lie, and up to 20 bars on each side. */
async function readAround(client: Client, group: readonly SeriesBars[]): Promise<Map<SeriesBars, StoredBars>> {
  const before = new Map<SeriesBars, ManyRequest>();
  const between = new Map<SeriesBars, ManyRequest>();
  const behind = new Map<SeriesBars, ManyRequest>();
  for (const one of group) {
    const { entry: key } = one;
    if (key.first === null || key.last === null) continue;
    const [first, last] = [key.first.getTime(), key.last.getTime()];
    const [low, high] = endsOf(one);
    if (first < low) before.set(one, { key, start: low, bound: first });
    if (first <= high && last >= low) between.set(one, { key, start: low, bound: high });
    if (last > high) behind.set(one, { key, start: high, bound: last });
  }
  const found = [
    { asked: before, bars: await readManyBefore(client, [...before.values()], RATIO_WINDOW) },
    { asked: between, bars: await readManyBetween(client, [...between.values()]) },
    { asked: behind, bars: await readManyBehind(client, [...behind.values()], RATIO_WINDOW) },
  ];
  return new Map(
    group.map((one) => {
      const parts = found.flatMap(({ asked, bars }) => bars.get(asked.get(one)!) ?? []);
      return [one, parts.length === 1 ? parts[0]! : StoredBars.join(parts)];
    }),
  );
}

function endsOf({ block, order }: Pick<SeriesBars, 'block' | 'order'>): readonly [low: number, high: number] {
  return [block.timestamp[order[0]!]!, block.timestamp[order[order.length - 1]!]!];
}
