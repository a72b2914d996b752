-- How the bars lie on disk. Everything of TimescaleDB is guarded: this history is the same for every database, and where the extension is not
-- installed and preloaded, ohlcv_bars stays a plain table.

-- Logical replication identifies a bar by its natural key; there is no primary key to do it.
ALTER TABLE "ohlcv_bars" REPLICA IDENTITY USING INDEX "idx_ohlcv_symbol_timeframe";

DO $$
DECLARE
    minimum CONSTANT int[] := ARRAY[2, 18, 1];
    available text := (SELECT coalesce(installed_version, default_version) FROM pg_available_extensions WHERE name = 'timescaledb');
    messages CONSTANT text := current_setting('client_min_messages');
    -- SQL cannot read the environment: the store's commands pass WYCKOFF_CHUNK_INTERVAL on as this setting.
    chunk_interval interval := coalesce(nullif(current_setting('wyckoff.chunk_interval', true), ''), '1 day')::interval;
BEGIN
    IF available IS NULL THEN
        RAISE NOTICE 'TimescaleDB is not installed: ohlcv_bars stays a plain table';
        RETURN;
    END IF;
    -- The loader's own setting exists only where it is preloaded; shared_preload_libraries itself is for superusers to read.
    IF current_setting('timescaledb.disable_load', true) IS NULL THEN
        RAISE NOTICE 'TimescaleDB is installed but not preloaded: ohlcv_bars stays a plain table'
            USING HINT = 'Add timescaledb to shared_preload_libraries, restart the server, and move the bars with `wyckoff storage apply`.';
        RETURN;
    END IF;
    -- Older ones silently stop an INSERT ... ON CONFLICT at the first conflict on a compressed chunk.
    IF string_to_array(split_part(available, '-', 1), '.')::int[] < minimum THEN
        RAISE WARNING 'TimescaleDB % is too old (2.18.1 is the first that is right): ohlcv_bars stays a plain table', available
            USING HINT = 'Update the extension and move the bars with `wyckoff storage apply`.';
        RETURN;
    END IF;
    BEGIN
        CREATE EXTENSION IF NOT EXISTS timescaledb;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE WARNING 'this role may not create the extension timescaledb: ohlcv_bars stays a plain table'
            USING HINT = 'Let an administrator run CREATE EXTENSION timescaledb in this database, then move the bars with `wyckoff storage apply`.';
        RETURN;
    END;
    -- It warns of VARCHAR columns, which are meant: a symbol has 20 characters, whoever writes it.
    PERFORM set_config('client_min_messages', 'error', true);
    -- Without its own index on timestamp: Prisma would see that as drift, and idx_ohlcv_symbol_timeframe serves the reads.
    PERFORM create_hypertable('ohlcv_bars', by_range('timestamp', chunk_interval), create_default_indexes => false);
    ALTER TABLE ohlcv_bars SET (
        timescaledb.compress,
        timescaledb.compress_segmentby = 'symbol, timeframe',
        timescaledb.compress_orderby = 'timestamp DESC');
    PERFORM add_compression_policy('ohlcv_bars', INTERVAL '7 days');
    PERFORM set_config('client_min_messages', messages, true);
END
$$;
