import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { NewPattern } from '../../src/domain/pattern.js';
import type { Signal } from '../../src/domain/signal.js';
import { projectRange, type TradingRange } from '../../src/domain/trading-range.js';
import { type BenchDatabase, medianTime } from './bench-database.js';
import { p50s } from './p50s.js';
import { type Comparison, rate, time } from './report.js';

const DAY = 86_400_000;
const FIRST_BAR = Date.UTC(1990, 0, 1);
const KEY = { symbol: 'BENCH', timeframe: '1d' } as const;
const STAGES = ['Volume', 'Phase', 'Levels', 'Risk', 'Strategy'] as const;

function createRange(bench: BenchDatabase): Promise<TradingRange> {
  return bench.store.tradingRanges.create({
    ...KEY,
    startTime: new Date(FIRST_BAR),
    phase: 'C',
    strengthScore: 80,
    ...projectRange({ direction: 'accumulation', creekLevel: '100', iceLevel: '110', durationBars: 40 }),
  });
}

function springs(range: TradingRange, count: number): NewPattern[] {
  return Array.from({ length: count }, (_, index) => ({
    id: randomUUID(),
    ...KEY,
    patternType: 'SPRING',
    patternBarTimestamp: new Date(FIRST_BAR + (index % 12_000) * DAY),
    detectionTime: new Date(FIRST_BAR + ((index % 12_000) + 1) * DAY),
    confidenceScore: 70 + (index % 26),
    phase: 'C',
    tradingRangeId: range.id,
    entryPrice: '101.25',
    stopLoss: '97.50',
    invalidationLevel: '97.25',
    volumeRatio: '0.5512',
    spreadRatio: '0.8841',
    metadata: {
      penetration_pct: '0.0175',
      recovery_bars: 2,
      spring_low: '98.25',
      recovery_price: '100.75',
      creek_reference: '100',
      creek_distance: '1.75',
    },
  }));
}

/** 10,000 patterns with their metadata and their audit events, all of one chain. */
export async function comparePatternWrites(bench: BenchDatabase): Promise<Comparison> {
  const rows = 10_000;
  const { patterns } = bench.store;
  const range = await createRange(bench);
  await patterns.createMany(springs(range, 1_000)); // warm-up
  let batch: NewPattern[] = [];
  const prepare = async () => {
    batch = springs(range, rows);
  };
  const store = await medianTime(5, () => patterns.createMany(batch), prepare);
  const prisma = await bench.database.prisma();
  const createMany = await medianTime(3, () => createByPrisma(prisma, batch), prepare);
  const perSecond = (rows / store) * 1000;
  return {
    title: 'Creating 10,000 patterns',
    what:
      'With metadata, in one transaction, each with its audit event in one hash chain. Prisma writes the same rows and events, and checks nothing; ' +
      'the store reads every decimal, holds the rows against the rules and their range, and validates the metadata. Median of 5 rounds (Prisma 3).',
    figures: [
      {
        who: 'Prisma, createMany of both tables',
        figure: rate(rows, createMany),
        ratio: `${(createMany / store).toFixed(2)} x`,
      },
      { who: 'this store, patterns.createMany', figure: rate(rows, store), ratio: '' },
    ],
    targets: [
      {
        text: `>= 5,000 rows/s, audit included (${Math.round(perSecond).toLocaleString('en-US')})`,
        met: perSecond >= 5_000,
      },
    ],
  };
}

type PatternRow = Extract<
  NonNullable<Parameters<Prisma['pattern']['createMany']>[0]>['data'],
  readonly unknown[]
>[number];
type Prisma = Awaited<ReturnType<BenchDatabase['database']['prisma']>>;

async function createByPrisma(prisma: Prisma, batch: readonly NewPattern[]): Promise<void> {
  const correlationId = randomUUID();
  const inTransaction = async (tx: Pick<Prisma, 'pattern' | 'auditEvent'>) => {
    await tx.pattern.createMany({ data: batch as PatternRow[] });
    await tx.auditEvent.createMany({
      data: batch.map((row) => ({
        eventType: 'PATTERN_DETECTED',
        entityType: 'PATTERN',
        entityId: row.id!,
        actor: 'bench',
        action: 'saw SPRING',
        metadata: JSON.parse(JSON.stringify({ after: row })),
        correlationId,
      })),
    });
  };
  await prisma.$transaction(inTransaction, { timeout: 120_000 });
}

/** The newest 100 of one of 100 symbols, with 1,000,000 patterns stored. */
export async function compareLatestPatterns(bench: BenchDatabase): Promise<Comparison> {
  const range = await createRange(bench);
  await bench.client.query(
    `INSERT INTO patterns (pattern_type, symbol, timeframe, detection_time, pattern_bar_timestamp, confidence_score, phase, trading_range_id,
                           entry_price, stop_loss, invalidation_level, volume_ratio, spread_ratio, metadata)
     SELECT 'SPRING', 'SYM' || n % 100, '1d', bar + INTERVAL '1 day', bar, 70 + n % 26, 'C', $1,
            101.25, 97.5, 97.25, 0.5512, 0.8841,
            '{"penetration_pct": "0.0175", "recovery_bars": 2, "spring_low": "98.25", "recovery_price": "100.75",
              "creek_reference": "100", "creek_distance": "1.75"}'
     FROM (SELECT n, TIMESTAMPTZ '1980-01-01 00:00:00+00' + n / 100 * INTERVAL '1 day' AS bar FROM generate_series(1, 1000000) n) numbered`,
    [range.id],
  );
  await bench.client.query('VACUUM ANALYZE patterns');
  const prisma = await bench.database.prisma();
  const symbol = () => `SYM${Math.floor(Math.random() * 100)}`;
  const p50 = await p50s(
    {
      findMany: () =>
        prisma.pattern.findMany({ where: { symbol: symbol() }, orderBy: { patternBarTimestamp: 'desc' }, take: 100 }),
      store: async () => (await bench.store.patterns.latest({ symbol: symbol(), limit: 100 })).rows,
    },
    100,
  );
  const [findMany, store] = [p50.findMany!, p50.store!];
  return {
    title: 'The latest 100 patterns of a symbol',
    what: '1,000,000 patterns of 100 symbols stored; p50 of 500 turns. The store gives Decimals, metadata read by its schema, and the next page.',
    figures: [
      {
        who: 'Prisma findMany, take 100',
        figure: time(findMany),
        ratio: `${(store / findMany).toFixed(2)} x its time`,
      },
      { who: 'this store, patterns.latest', figure: time(store), ratio: '' },
    ],
    targets: [{ text: `p50 <= 3 ms (${store.toFixed(2)})`, met: store <= 3 }],
  };
}

/** One approval: the signal and its pattern read and locked, checked, updated, its event chained and hashed. */
export async function compareApprovals(bench: BenchDatabase): Promise<Comparison> {
  const turns = 550;
  const range = await createRange(bench);
  const [spring] = await bench.store.patterns.createMany(springs(range, 1));
  const { id: patternId } = await bench.store.patterns.confirmTest(spring!.id, new Date(FIRST_BAR + 2 * DAY));
  const create = () =>
    bench.store.signals.createMany(
      Array.from({ length: turns }, () => ({
        ...KEY,
        patternId,
        generatedAt: new Date(FIRST_BAR + 4 * DAY),
        ...{ entryPrice: '101', stopLoss: '98', target1: '110', target2: '130', positionSize: '100' },
        confidenceScore: 80,
      })),
    );
  const chain = {
    validation_results: STAGES.map((stage) => ({
      stage,
      status: 'PASS' as const,
      validator_id: 'bench',
      timestamp: '1990-01-05',
    })),
  };
  const [ours, theirs] = [await create(), await create()];
  const prisma = await bench.database.prisma();
  const p50 = await p50s(
    {
      prisma: async () => [await approveByPrisma(prisma, theirs.pop()!, chain)],
      store: async () => [await bench.store.signals.approve(ours.pop()!.id, chain)],
    },
    1,
  );
  const [one] = await create();
  const trips = await countQueries(() => bench.store.signals.approve(one!.id, chain));
  const store = p50.store!;
  return {
    title: 'Approving a signal',
    what:
      'Read, check, update, audit event and hash, in one transaction; p50 of 500. The transaction of Prisma reads the signal and its pattern, updates and ' +
      'creates the event, without a lock.',
    figures: [
      {
        who: 'Prisma, interactive transaction',
        figure: time(p50.prisma!),
        ratio: `${(store / p50.prisma!).toFixed(2)} x its time`,
      },
      { who: 'this store, signals.approve', figure: time(store), ratio: `${trips} round trips` },
    ],
    targets: [
      { text: `p50 <= 8 ms (${store.toFixed(2)})`, met: store <= 8 },
      { text: `<= 5 round trips (${trips})`, met: trips <= 5 },
    ],
  };
}

async function approveByPrisma(prisma: Prisma, { id }: Signal, approvalChain: object): Promise<unknown> {
  return prisma.$transaction(async (tx) => {
    const signal = await tx.signal.findUniqueOrThrow({ where: { id }, include: { pattern: true } });
    if (signal.status !== 'PENDING' || signal.pattern?.rejectionReason) throw new Error('not to be approved');
    const updated = await tx.signal.update({ where: { id }, data: { status: 'APPROVED', approvalChain } });
    await tx.auditEvent.create({
      data: {
        eventType: 'SIGNAL_APPROVED',
        entityType: 'SIGNAL',
        entityId: id,
        actor: 'bench',
        action: 'approved',
        metadata: { before: { status: 'PENDING' }, after: { status: 'APPROVED', approval_chain: approvalChain } },
        correlationId: randomUUID(),
      },
    });
    return updated;
  });
}

/** Statements that a call sends: each waits for its answer. */
async function countQueries(call: () => Promise<unknown>): Promise<number> {
  const { query } = pg.Client.prototype;
  let count = 0;
  pg.Client.prototype.query = function counted(this: pg.Client, ...args: unknown[]) {
    count += 1;
    return Reflect.apply(query, this, args);
  } as typeof query;
  try {
    await call();
    return count;
  } finally {
    pg.Client.prototype.query = query;
  }
}

/** Eight connections append to one chain, each event waiting for its place in it. */
export async function compareAuditAppends(bench: BenchDatabase): Promise<Comparison> {
  const [connections, each] = [8, 250];
  const correlationId = randomUUID();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async (_, worker) => {
      for (let turn = 0; turn < each; turn += 1)
        await bench.store.transaction({ actor: `worker ${worker}`, correlationId }, (tx) =>
          tx.tradingRanges.create({
            ...KEY,
            startTime: new Date(FIRST_BAR),
            phase: 'B',
            strengthScore: 80,
            ...projectRange({ direction: 'accumulation', creekLevel: '100', iceLevel: '110', durationBars: 40 }),
          }),
        );
    }),
  );
  const took = performance.now() - start;
  const { events: appended, problems } = await bench.store.audit.verify({ correlationId });
  return {
    title: 'Appending to one audit chain',
    what: `${connections} connections at once, ${each} transactions each, every one with a range and its event in the same chain.`,
    figures: [{ who: 'this store', figure: rate(appended, took).replace('rows', 'events'), ratio: '' }],
    targets: [
      { text: `no failure (${appended} of ${connections * each} events)`, met: appended === connections * each },
      { text: `no break in the chain (${problems.length} found by audit verify)`, met: problems.length === 0 },
    ],
  };
}
