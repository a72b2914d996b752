/**
 * What a restore might lose, how to lose it, and the part of the content that shows it. What a comparison would not have seen, it could not have
 * shown to be there.
 */
export const LOSSES: readonly (readonly [what: string, statement: string, part: string])[] = [
  ['a row', "DELETE FROM trades WHERE trade_id = '7'", 'rows'],
  ['a row of a compressed chunk', "DELETE FROM ohlcv_bars WHERE symbol = 'AAPL' AND timestamp = '2024-01-02'", 'rows'],
  ['a digit', 'UPDATE quotes SET ask_size = ask_size + 0.00000001', 'rows'],
  [
    'a job',
    "SELECT delete_job(job_id) FROM timescaledb_information.jobs WHERE proc_name = 'bar_retention_job'",
    'jobs',
  ],
  ['a policy', "SELECT remove_compression_policy('trades')", 'jobs'],
  [
    'a schedule',
    "SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE hypertable_name = 'quotes'",
    'jobs',
  ],
  [
    'compression',
    "SELECT decompress_chunk(chunk) FROM show_chunks('ohlcv_bars', older_than => DATE '2024-01-03') chunk",
    'chunks',
  ],
  ['rows of an aggregate', "SELECT drop_chunks('ohlcv_1h', older_than => DATE '2100-01-01')", 'rows'],
  ['an aggregate', 'DROP MATERIALIZED VIEW ohlcv_1d', 'aggregates'],
  ['a trigger', 'DROP TRIGGER order_book_levels ON order_book_snapshots', 'triggers'],
  ['a right', 'REVOKE SELECT ON quotes FROM wyckoff_readonly', 'tables'],
  ['a check', 'ALTER TABLE bar_series DROP CONSTRAINT chk_bar_series_volume_scale', 'constraints'],
];
