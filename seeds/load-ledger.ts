import { isDeepStrictEqual } from 'node:util';
import type { Prisma } from '../src/database/prisma.js';
import { Decimal } from '../src/domain/decimal.js';
import type { LoadedTable } from './loaded-table.js';
import type { SampleLedger } from './sample-files.js';

interface Row {
  readonly id: string;
}

/** The two calls to a model of Prisma; each model has them under types of its own. */
interface Calls<T extends Row> {
  create(args: { data: T[]; skipDuplicates: true }): Promise<{ count: number }>;
  find(args: { where: { id: { in: string[] } } }): Promise<Row[]>;
}

/** Writes the ledger's rows, in one transaction; a row that is there stays as it is, and is compared. */
export function loadSampleLedger(prisma: Prisma, ledger: SampleLedger): Promise<LoadedTable[]> {
  return prisma.$transaction(
    async (tx) => [
      await load('trading_ranges', ledger.trading_ranges, {
        create: (args) => tx.tradingRange.createMany(args),
        find: (args) => tx.tradingRange.findMany(args),
      }),
      await load('patterns', ledger.patterns, {
        create: (args) => tx.pattern.createMany(args),
        find: (args) => tx.pattern.findMany(args),
      }),
      await load('campaigns', ledger.campaigns, {
        create: (args) => tx.campaign.createMany(args),
        find: (args) => tx.campaign.findMany(args),
      }),
      await load('signals', ledger.signals, {
        create: (args) => tx.signal.createMany(args),
        find: (args) => tx.signal.findMany(args),
      }),
      await load('backtest_results', ledger.backtest_results, {
        create: (args) => tx.backtestResult.createMany(args),
        find: (args) => tx.backtestResult.findMany(args),
      }),
      // The database chains these, in the order in which they come.
      await load('audit_trail', ledger.audit_trail, {
        create: (args) => tx.auditEvent.createMany(args),
        find: (args) => tx.auditEvent.findMany(args),
      }),
    ],
    // Prisma's 5 seconds are too few on a machine that does much else.
    { timeout: 60_000 },
  );
}

async function load<T extends Row>(table: string, rows: T[], calls: Calls<T>): Promise<LoadedTable> {
  const { count: added } = await calls.create({ data: rows, skipDuplicates: true });
  const found = await calls.find({ where: { id: { in: rows.map((row) => row.id) } } });
  const stored = new Map(found.map((row) => [row.id, row]));
  const differing = rows.filter((row) => !holds(stored.get(row.id), row)).map((row) => row.id);
  return { table, rows: rows.length, added, same: rows.length - added - differing.length, reset: 0, differing };
}

/** Whether a stored row has every value of the sample's; it may have more, such as a hash. */
function holds(stored: Row | undefined, sample: Row): boolean {
  if (!stored) return false;
  const values = new Map<string, unknown>(Object.entries(stored));
  return Object.entries(sample).every(([column, value]) => sameValue(values.get(column), value));
}

function sameValue(stored: unknown, sample: unknown): boolean {
  if (Decimal.isDecimal(stored)) return typeof sample === 'string' && new Decimal(stored).equals(sample);
  return isDeepStrictEqual(stored, sample);
}
