import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bar, type BarInput, closeOf, TIMEFRAMES, type Timeframe } from '../../src/index.js';
import { AsOfReader } from '../../src/repositories/bars/as-of-reader.js';
import { batchOf, instantOf, minuteSlot } from '../setup/bar-arbitraries.js';
import { BarModel, printBars } from '../setup/bar-model.js';
import { openTestStore } from '../setup/test-database.js';

const MINUTE = 60_000;
const START = instantOf(0).getTime();
/** Minutes from one opening to the next, and from an opening to its close, written down apart from the code under test. */
const GRID: Record<Timeframe, number> = { '1m': 1, '5m': 5, '15m': 15, '1h': 15, '1d': 1_440 };
const DURATION: Record<Timeframe, number> = { ...GRID, '1h': 60 };

interface Read {
  readonly limit?: number;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}
type Step =
  | { readonly kind: 'write'; readonly bars: BarInput[] }
  | { readonly kind: 'advance'; readonly to: Date }
  | { readonly kind: 'reads'; readonly reads: Read[]; readonly meanwhile: Date };

/** The slots of 1m bars spread over the grid of the timeframe; where a day is a slot, the remotest lie outside the calendar. */
const spread = (timeframe: Timeframe, minute: Date) => new Date(START + (minute.getTime() - START) * GRID[timeframe]);
const inCalendar = (date: Date) => date.getTime() > Date.UTC(1601, 0);

function stepsOf(timeframe: Timeframe): fc.Arbitrary<Step[]> {
  const near = fc.integer({ min: -2, max: 64 });
  const offset = fc.oneof(fc.constantFrom(-1, 0, 0, 1), fc.integer({ min: 0, max: GRID[timeframe] * MINUTE }));
  const instant = fc
    .tuple(fc.oneof({ weight: 4, arbitrary: near }, { weight: 1, arbitrary: minuteSlot }), offset)
    .map(([slot, more]) => new Date(spread(timeframe, instantOf(slot)).getTime() + more))
    .filter(inCalendar);
  const bound = fc.option(instant, { nil: undefined });
  const range = fc
    .tuple(bound, bound)
    .map(([a, b]): Read => (a && b && a > b ? { from: b, to: a } : { from: a, to: b }));
  const latest = fc.integer({ min: 1, max: 50 }).map((limit): Read => ({ limit }));
  const bars = batchOf('A').map((batch) =>
    batch
      .map((bar) => ({ ...bar, timeframe, timestamp: spread(timeframe, bar.timestamp as Date) }))
      .filter((bar) => inCalendar(bar.timestamp)),
  );
  const write = bars.map((each): Step => ({ kind: 'write', bars: each }));
  const advance = instant.map((to): Step => ({ kind: 'advance', to }));
  const reads = fc
    .tuple(fc.array(fc.oneof(latest, range, range), { minLength: 1, maxLength: 3 }), instant)
    .map(([each, meanwhile]): Step => ({ kind: 'reads', reads: each, meanwhile }));
  return fc.array(
    fc.oneof({ weight: 2, arbitrary: write }, { weight: 1, arbitrary: advance }, { weight: 4, arbitrary: reads }),
    { minLength: 4, maxLength: 14 },
  );
}

/** Walks the minutes of [from, to) backwards to the last at which a bar may open, and asks whether that one is open at `at`. */
function looksAhead(timeframe: Timeframe, { limit, from, to }: Read, at: Date): boolean {
  if (limit !== undefined) return false;
  if ((from && from > at) || (to && to > at)) return true;
  if (!to) return false;
  let minute = Math.ceil(to.getTime() / MINUTE) - 1;
  while (minute % GRID[timeframe] !== 0) minute -= 1;
  if (from && minute * MINUTE < from.getTime()) return false;
  return (minute + DURATION[timeframe]) * MINUTE > at.getTime();
}

/** The bars of the model that the read has to answer. */
function closedRows(model: BarModel, { limit, from, to }: Read, at: Date): string[] {
  const rows = model.rows.filter((row) => {
    const opened = Date.parse(row.slice(0, 24));
    const inside = (!from || opened >= from.getTime()) && (!to || opened < to.getTime());
    return inside && opened + DURATION[model.key.timeframe] * MINUTE <= at.getTime();
  });
  return limit === undefined ? rows : rows.slice(-limit);
}

test.each(TIMEFRAMES)(
  '%s: no answer has an open bar, every closed one is there, violations are counted',
  async (timeframe) => {
    const { store } = await openTestStore();
    let run = 0;
    let [violating, clean] = [0, 0];
    await fc.assert(
      // An honest run leaves out the reads that would look ahead: otherwise hardly a run is clean.
      fc.asyncProperty(stepsOf(timeframe), fc.boolean(), async (steps, honest) => {
        run += 1;
        const model = new BarModel(`S${run}`, timeframe);
        const reader = new AsOfReader(store.bars, instantOf(-5_000_000));
        let clock = reader.at;
        let reads = 0;
        const violations: unknown[] = [];
        const advance = (to: Date) => {
          if (to < clock) expect(() => reader.advanceTo(to)).toThrow('the clock only goes forward');
          else reader.advanceTo(to);
          clock = new Date(Math.max(clock.getTime(), to.getTime()));
          expect(reader.at).toEqual(clock);
        };
        for (const step of steps) {
          if (step.kind === 'write') {
            const bars = step.bars.map((bar) => ({ ...bar, symbol: model.key.symbol }));
            await store.bars.upsert(bars);
            model.upsert(bars);
          } else if (step.kind === 'advance') advance(step.to);
          else {
            const at = clock;
            const asked = step.reads.filter((read) => !honest || !looksAhead(timeframe, read, at));
            const underWay = asked.map(({ limit, from, to }) =>
              limit === undefined ? reader.range({ ...model.key, from, to }) : reader.latest({ ...model.key, limit }),
            );
            advance(step.meanwhile);
            for (const [index, bars] of (await Promise.all(underWay)).entries()) {
              const read = asked[index]!;
              expect(bars.filter((bar) => closeOf(bar.timestamp, timeframe) > at)).toEqual([]);
              expect(printBars(bars)).toEqual(closedRows(model, read, at));
              if (looksAhead(timeframe, read, at))
                violations.push({ ...model.key, method: 'range', at, asked: read.to ?? read.from });
            }
            reads += asked.length;
          }
        }
        expect(reader.reads).toBe(reads);
        expect(reader.violations).toEqual(violations);
        expect(reader.violationCount).toBe(violations.length);
        expect(reader.vouchesFor(model.key)).toBe(reads > 0 && violations.length === 0);
        if (violations.length > 0) violating += 1;
        else if (reads > 0) clean += 1;
      }),
      { numRuns: 25 },
    );
    expect([violating > 0, clean > 0]).toEqual([true, true]);
  },
);

const day = { symbol: 'AAPL', timeframe: '1d' } as const;
const bar = (timestamp: string, close: number): BarInput => ({
  ...day,
  timestamp,
  open: 10,
  high: 20,
  low: 5,
  close,
  volume: 100,
});
const closes = (bars: readonly Bar[]) => bars.map((each) => each.close.toFixed());

test('a bar that is corrected while the run goes on is read as it is known now, or as it was known', async () => {
  const { store } = await openTestStore();
  await store.bars.upsert([bar('2024-01-02', 11), bar('2024-01-03', 12), bar('2024-01-04', 13)]);
  const reader = new AsOfReader(store.bars, '2024-01-04');
  const before = await reader.latest({ ...day, limit: 5 });
  expect(closes(before)).toEqual(['11', '12']);
  const knownAt = before[1]!.createdAt; // years after the clock: the store's time is another one
  expect(await store.bars.upsert([bar('2024-01-03', 15), bar('2024-01-04', 16)])).toMatchObject({ changed: 2 });
  expect(closes(await reader.latest({ ...day, limit: 5 }))).toEqual(['11', '15']);
  expect(closes(await reader.range({ ...day, from: '2024-01-03', to: '2024-01-04' }))).toEqual(['15']);
  expect(closes(await reader.latest({ ...day, limit: 5, knownAt }))).toEqual(['11', '12']);
  expect(closes(await reader.range({ ...day, from: '2024-01-03', knownAt }))).toEqual(['12']);
  reader.advanceTo('2024-01-05');
  expect(closes(await reader.range({ ...day, knownAt }))).toEqual(['11', '12', '13']);
  expect(closes(await reader.range(day))).toEqual(['11', '15', '16']);
  expect(await store.bars.delete({ ...day, from: '2024-01-04' })).toBe(1);
  expect(closes(await reader.latest(day))).toEqual(['15']);
  expect([reader.reads, reader.violationCount]).toEqual([8, 0]);
  expect(reader.vouchesFor({ ...day, from: '2024-01-02', to: '2024-01-05' })).toBe(true);
});

test('a read that looks ahead is cut at the last bar that had closed, with knownAt too', async () => {
  const { store } = await openTestStore();
  await store.bars.upsert([bar('2024-01-02', 11), bar('2024-01-03', 12), bar('2024-01-04', 13)]);
  const reader = new AsOfReader(store.bars, '2024-01-04T23:59:59.999Z');
  for (const knownAt of [undefined, new Date('9999-01-01')])
    expect(closes(await reader.range({ ...day, to: '2024-01-05', knownAt }))).toEqual(['11', '12']);
  expect(reader.violationCount).toBe(2);
  reader.advanceTo('2024-01-05');
  expect(closes(await reader.range({ ...day, to: '2024-01-05' }))).toEqual(['11', '12', '13']);
  expect(reader.violationCount).toBe(2);
  expect(reader.vouchesFor(day)).toBe(false); // once is enough
});

test('what breaks a rule is refused with its code, and is neither a read nor a violation', async () => {
  const { store } = await openTestStore();
  const reader = new AsOfReader(store.bars, '2024-01-04');
  await expect(reader.latest({ ...day, limit: 0 })).rejects.toMatchObject({
    code: 'LIMIT_INVALID',
    message: 'invalid limit: limit: 0: a limit is a whole number from 1',
  });
  await expect(reader.range({ ...day, from: '2025-01-02', to: '2025-01-01' })).rejects.toMatchObject({
    code: 'WINDOW_REVERSED',
    message: 'invalid window: to: 2025-01-01T00:00:00.000Z: to is not before from (2025-01-02T00:00:00.000Z)',
  });
  expect([reader.reads, reader.violationCount, reader.series]).toEqual([0, 0, []]);
});

test('the ends of the calendar', async () => {
  const { store } = await openTestStore();
  await store.bars.upsert([bar('1600-01-01', 11), bar('9999-12-31', 12)]);
  const first = new AsOfReader(store.bars, '1600-01-01');
  expect(await first.latest({ ...day, limit: 9 })).toEqual([]);
  expect(await first.range({ ...day, to: '1600-01-01' })).toEqual([]);
  first.advanceTo('1600-01-02');
  expect(closes(await first.range({ ...day, from: '1600-01-01', to: '1600-01-02' }))).toEqual(['11']);
  first.advanceTo('9999-12-31T23:59:59.999Z');
  expect(closes(await first.range(day))).toEqual(['11']); // the last bar there is never closes
  expect(closes(await first.latest({ ...day, limit: 9 }))).toEqual(['11']);
  expect(first.violationCount).toBe(0);
});
