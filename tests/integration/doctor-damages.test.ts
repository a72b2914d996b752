/** Somebody damages a database by hand: doctor names it, its mend is one line that sets it right, and then nothing differs. */
import { expect, test } from 'vitest';
import { openStore } from '../../src/store.js';
import { cloneDatabase, examined, named } from '../setup/examined.js';
import { runMend } from '../setup/mend.js';
import { openRawClient } from '../setup/raw-client.js';

const MIGRATION = '20261121122000_time_series';
const BAR = { symbol: 'AAPL', timeframe: '1d', open: 1, high: 2, low: 1, close: 2, volume: 3 } as const;

/** What is done, and what doctor says differs, in its order. */
const DAMAGES: readonly (readonly [what: string, sql: string, named: readonly string[]])[] = [
  [
    'a dropped CHECK',
    'ALTER TABLE signals DROP CONSTRAINT chk_signals_r_multiple',
    ['constraints: signals.chk_signals_r_multiple'],
  ],
  [
    'a CHECK of several lines dropped',
    'ALTER TABLE signals DROP CONSTRAINT chk_signals_levels',
    ['constraints: signals.chk_signals_levels'],
  ],
  [
    'a CHECK of the bars with another rule',
    'ALTER TABLE ohlcv_bars DROP CONSTRAINT chk_ohlcv_bars_volume; ALTER TABLE ohlcv_bars ADD CONSTRAINT chk_ohlcv_bars_volume CHECK (volume >= -1)',
    ['constraints: ohlcv_bars.chk_ohlcv_bars_volume'],
  ],
  [
    'a CHECK that was never validated',
    `ALTER TABLE patterns DROP CONSTRAINT chk_patterns_prices; ALTER TABLE patterns ADD CONSTRAINT chk_patterns_prices
       CHECK (entry_price <> 'NaN' AND stop_loss <> 'NaN' AND invalidation_level <> 'NaN') NOT VALID`,
    ['constraints: patterns.chk_patterns_prices'],
  ],
  [
    'a CHECK too many',
    'ALTER TABLE patterns ADD CONSTRAINT liquid CHECK (entry_price > 5)',
    ['constraints: patterns.liquid'],
  ],
  [
    'a primary key gone, and with it the foreign keys to it',
    'ALTER TABLE patterns DROP CONSTRAINT pk_patterns CASCADE',
    ['constraints: patterns.pk_patterns', 'constraints: signals.fk_signals_pattern_id'],
  ],
  ['a dropped index', 'DROP INDEX idx_signals_status', ['indexes: signals.idx_signals_status']],
  [
    'the unique index of the bars dropped',
    'DROP INDEX idx_ohlcv_symbol_timeframe',
    ['indexes: ohlcv_bars.idx_ohlcv_symbol_timeframe'],
  ],
  [
    'an index over other columns',
    'DROP INDEX idx_patterns_symbol; CREATE INDEX idx_patterns_symbol ON patterns (symbol)',
    ['indexes: patterns.idx_patterns_symbol'],
  ],
  [
    'an index left INVALID',
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_campaigns_symbol_started_at'::regclass",
    ['indexes: campaigns.idx_campaigns_symbol_started_at'],
  ],
  [
    'the index of a primary key left INVALID',
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'pk_campaigns'::regclass",
    ['indexes: campaigns.pk_campaigns'],
  ],
  [
    'a column of another type',
    'ALTER TABLE signals ALTER COLUMN campaign_allocation TYPE double precision',
    ['tables: signals.campaign_allocation', 'constraints: signals.chk_signals_campaign_allocation'],
  ],
  [
    'a column that takes nulls and has another default',
    "ALTER TABLE signals ALTER COLUMN status DROP NOT NULL, ALTER COLUMN status SET DEFAULT 'APPROVED'",
    ['tables: signals.status'],
  ],
  [
    'a column too many',
    'ALTER TABLE bar_series ADD COLUMN "user" text NOT NULL DEFAULT 1',
    ['tables: bar_series.user'],
  ],
  ['a column gone', 'ALTER TABLE signals DROP COLUMN notification_sent', ['tables: signals.notification_sent']],
  ['a table gone', 'DROP TABLE backtest_results', ['tables: backtest_results']],
  ['a table without a log', 'ALTER TABLE retention_policies SET UNLOGGED', ['tables: retention_policies']],
  ['row security', 'ALTER TABLE patterns ENABLE ROW LEVEL SECURITY', ['tables: patterns']],
  ['a rule', 'CREATE RULE silence AS ON INSERT TO audit_trail DO INSTEAD NOTHING', ['tables: audit_trail.silence']],
  ['another replica identity', 'ALTER TABLE trades REPLICA IDENTITY FULL', ['tables: trades']],
  [
    'a disabled audit trigger',
    'ALTER TABLE audit_trail DISABLE TRIGGER audit_trail_refuse',
    ['triggers: audit_trail.audit_trail_refuse'],
  ],
  [
    'all triggers disabled',
    'ALTER TABLE signals DISABLE TRIGGER ALL; ALTER TABLE audit_chains DISABLE TRIGGER ALL',
    [
      'triggers: audit_chains.audit_chains_refuse_removal',
      'triggers: audit_chains.audit_chains_refuse_writes',
      'triggers: signals',
    ],
  ],
  [
    'a trigger gone',
    'DROP TRIGGER audit_trail_move_heads ON audit_trail',
    ['triggers: audit_trail.audit_trail_move_heads'],
  ],
  [
    'a trigger of the books gone',
    'DROP TRIGGER order_book_levels ON order_book_snapshots',
    ['triggers: order_book_snapshots.order_book_levels'],
  ],
  [
    'a trigger too many',
    'CREATE TRIGGER extra BEFORE INSERT ON signals FOR EACH ROW EXECUTE FUNCTION audit_trail_refuse()',
    ['triggers: signals.extra'],
  ],
  [
    'a function with another body',
    `CREATE OR REPLACE FUNCTION audit_trail_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
    ['functions: audit_trail_refuse()'],
  ],
  [
    'a long function with another body',
    `DO $do$ DECLARE body text := replace(pg_get_functiondef('retain_bars'::regproc), 'bar_count - entry.bars', 'bar_count'); BEGIN EXECUTE body; END $do$`,
    ['functions: retain_bars(timestamp with time zone,text,uuid)'],
  ],
  [
    'a function that runs with the rights of its caller',
    'ALTER FUNCTION audit_trail_place() SECURITY INVOKER',
    ['functions: audit_trail_place()'],
  ],
  ['a procedure gone', 'DROP FUNCTION bar_ratio', ['functions: bar_ratio(numeric,numeric,bigint)']],
  [
    'a migration that failed, though its work is there',
    `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '${MIGRATION}'`,
    [`migrations: ${MIGRATION}`],
  ],
  [
    'a failed migration that this version does not know',
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES (gen_random_uuid(), 'x', '20300101000000_future', now())`,
    ['migrations: 20300101000000_future'],
  ],
  [
    'an edited migration',
    `UPDATE _prisma_migrations SET checksum = repeat('0', 64) WHERE migration_name = '${MIGRATION}'`,
    [`migrations: ${MIGRATION}`],
  ],
  ['a wrong count', 'UPDATE bar_series SET bar_count = 7', ['catalog: AAPL 1d']],
  ['a wrong last', "UPDATE bar_series SET last_timestamp = '2024-01-05'", ['catalog: AAPL 1d']],
  ['bars without a series', 'DELETE FROM bar_series', ['catalog: AAPL 1d']],
  ['bars gone', "DELETE FROM ohlcv_bars WHERE timestamp < '2024-01-03'", ['catalog: AAPL 1d']],
  [
    'trades outside of their bounds',
    'UPDATE time_series SET last_timestamp = first_timestamp',
    ['catalog: trades AAPL'],
  ],
  ['rows without a series', 'DELETE FROM time_series', ['catalog: trades AAPL', 'catalog: indicators AAPL 1d rsi_14']],
];

async function filledDatabase(): Promise<string> {
  const url = await cloneDatabase();
  const store = await openStore({ databaseUrl: url });
  try {
    await store.bars.upsert(['2024-01-02', '2024-01-03', '2024-01-04'].map((timestamp) => ({ ...BAR, timestamp })));
    await store.trades.upsert(
      ['2024-01-02T15:00:00.000001Z', '2024-01-03T15:00:00Z'].map((timestamp) => ({
        symbol: 'AAPL',
        timestamp,
        price: 1,
        size: 1,
      })),
    );
    await store.indicators.upsert([
      { symbol: 'AAPL', timeframe: '1d', timestamp: '2024-01-02', name: 'rsi_14', value: { value: '50' } },
    ]);
  } finally {
    await store.close();
  }
  return url;
}

test.each(DAMAGES)('%s', async (_, sql, expected) => {
  const url = await filledDatabase();
  const raw = await openRawClient(url);
  await raw.query(sql);
  const report = await examined(url);
  expect(named(report)).toEqual(expected);
  expect(report.passed).toBe(false);
  for (const { mend } of report.groups.flatMap((group) => group.differences)) {
    expect(mend).not.toContain('\n');
    await runMend(url, mend);
  }
  const mended = await examined(url);
  expect(named(mended)).toEqual([]);
  expect(mended.groups.filter(({ status }) => status !== 'passed')).toEqual([]);
});

test('a migration that failed and left nothing is settled, and then applied', async () => {
  const url = await cloneDatabase();
  const raw = await openRawClient(url);
  await raw.query(`DELETE FROM _prisma_migrations WHERE migration_name = '${MIGRATION}';
    INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, logs) VALUES (gen_random_uuid(), 'x', '${MIGRATION}', now(), 'ERROR');
    DROP TABLE trades, quotes, order_book_snapshots, indicators, time_series; DROP FUNCTION order_book_levels()`);
  const failed = await examined(url);
  expect(named(failed)).toEqual([`migrations: ${MIGRATION}`]);
  expect(failed.groups.find(({ name }) => name === 'tables')).toMatchObject({
    status: 'not-checked',
    notChecked: ['the failed migration comes first'],
  });
  await runMend(url, failed.groups.flatMap((group) => group.differences)[0]!.mend);
  const pending = await examined(url);
  expect(pending.groups.flatMap((group) => group.differences)).toMatchObject([
    { object: MIGRATION, mend: 'wyckoff migrate' },
  ]);
  await runMend(url, 'wyckoff migrate');
  expect(named(await examined(url))).toEqual([]);
});
