-- Trades, quotes, order books and indicators, beside the bars. On TimescaleDB they are hypertables, as the bars are.

-- CreateTable
CREATE TABLE "trades" (
    "symbol" VARCHAR(20) NOT NULL,
    "timestamp" TIMESTAMPTZ(6) NOT NULL,
    "trade_id" VARCHAR(64) NOT NULL,
    "price" DECIMAL(18,8) NOT NULL,
    "size" DECIMAL(24,8) NOT NULL,
    "side" VARCHAR(4),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "quotes" (
    "symbol" VARCHAR(20) NOT NULL,
    "timestamp" TIMESTAMPTZ(6) NOT NULL,
    "sequence" BIGINT NOT NULL,
    "bid_price" DECIMAL(18,8),
    "bid_size" DECIMAL(24,8),
    "ask_price" DECIMAL(18,8),
    "ask_size" DECIMAL(24,8),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "order_book_snapshots" (
    "symbol" VARCHAR(20) NOT NULL,
    "timestamp" TIMESTAMPTZ(6) NOT NULL,
    "bid_prices" DECIMAL(18,8)[] NOT NULL,
    "bid_sizes" DECIMAL(24,8)[] NOT NULL,
    "ask_prices" DECIMAL(18,8)[] NOT NULL,
    "ask_sizes" DECIMAL(24,8)[] NOT NULL,
    "mid" DECIMAL(19,9),
    "spread" DECIMAL(19,8),
    "bid_volume" DECIMAL(28,8) NOT NULL,
    "ask_volume" DECIMAL(28,8) NOT NULL,
    "imbalance" DECIMAL(9,8),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "indicators" (
    "symbol" VARCHAR(20) NOT NULL,
    "timeframe" VARCHAR(5) NOT NULL,
    "timestamp" TIMESTAMPTZ(6) NOT NULL,
    "name" VARCHAR(50) NOT NULL,
    "value" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "time_series" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "relation" VARCHAR(63) NOT NULL,
    "symbol" VARCHAR(20) NOT NULL,
    "timeframe" VARCHAR(5) NOT NULL DEFAULT '',
    "name" VARCHAR(50) NOT NULL DEFAULT '',
    "first_timestamp" TIMESTAMPTZ(6),
    "last_timestamp" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pk_time_series" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "idx_trades_symbol_timestamp" ON "trades"("symbol", "timestamp" DESC, "trade_id");

-- CreateIndex
CREATE UNIQUE INDEX "idx_quotes_symbol_timestamp" ON "quotes"("symbol", "timestamp" DESC, "sequence");

-- CreateIndex
CREATE UNIQUE INDEX "idx_order_book_snapshots_symbol_timestamp" ON "order_book_snapshots"("symbol", "timestamp" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "idx_indicators_symbol_timeframe_name" ON "indicators"("symbol", "timeframe", "name", "timestamp" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "idx_time_series_relation_symbol_timeframe_name" ON "time_series"("relation", "symbol", "timeframe", "name");

-- From here on: what Prisma cannot express. NUMERIC has a NaN that is greater than every number.

ALTER TABLE "trades"
    ADD CONSTRAINT "chk_trades_symbol" CHECK (symbol ~ '^[A-Z0-9^$][A-Z0-9._:/^=&$-]*$'),
    ADD CONSTRAINT "chk_trades_timestamp" CHECK (isfinite(timestamp)),
    -- An id that begins with # is the store's own.
    ADD CONSTRAINT "chk_trades_trade_id" CHECK (trade_id <> '' AND (trade_id NOT LIKE '#%' OR trade_id ~ '^#(0|[1-9][0-9]{0,17})$')),
    ADD CONSTRAINT "chk_trades_price" CHECK (price <> 'NaN'),
    ADD CONSTRAINT "chk_trades_size" CHECK (size > 0 AND size <> 'NaN'),
    ADD CONSTRAINT "chk_trades_side" CHECK (side IN ('buy', 'sell'));

ALTER TABLE "quotes"
    ADD CONSTRAINT "chk_quotes_symbol" CHECK (symbol ~ '^[A-Z0-9^$][A-Z0-9._:/^=&$-]*$'),
    ADD CONSTRAINT "chk_quotes_timestamp" CHECK (isfinite(timestamp)),
    ADD CONSTRAINT "chk_quotes_sequence" CHECK (sequence >= 0),
    ADD CONSTRAINT "chk_quotes_sides" CHECK (
        (bid_price IS NULL) = (bid_size IS NULL) AND (ask_price IS NULL) = (ask_size IS NULL) AND coalesce(bid_price, ask_price) IS NOT NULL),
    ADD CONSTRAINT "chk_quotes_prices" CHECK (bid_price <> 'NaN' AND ask_price <> 'NaN'),
    ADD CONSTRAINT "chk_quotes_sizes" CHECK (bid_size > 0 AND bid_size <> 'NaN' AND ask_size > 0 AND ask_size <> 'NaN'),
    -- Locked, that is equal, happens.
    ADD CONSTRAINT "chk_quotes_crossed" CHECK (bid_price <= ask_price);

ALTER TABLE "order_book_snapshots"
    ADD CONSTRAINT "chk_order_book_snapshots_symbol" CHECK (symbol ~ '^[A-Z0-9^$][A-Z0-9._:/^=&$-]*$'),
    ADD CONSTRAINT "chk_order_book_snapshots_timestamp" CHECK (isfinite(timestamp)),
    -- Arrays of one dimension that begin at 1, as long as their fellows.
    ADD CONSTRAINT "chk_order_book_snapshots_levels" CHECK (
        cardinality(bid_prices) = cardinality(bid_sizes) AND cardinality(ask_prices) = cardinality(ask_sizes)
        AND cardinality(bid_prices) + cardinality(ask_prices) > 0
        AND cardinality(bid_prices) = coalesce(array_upper(bid_prices, 1), 0) AND cardinality(bid_sizes) = coalesce(array_upper(bid_sizes, 1), 0)
        AND cardinality(ask_prices) = coalesce(array_upper(ask_prices, 1), 0) AND cardinality(ask_sizes) = coalesce(array_upper(ask_sizes, 1), 0)),
    ADD CONSTRAINT "chk_order_book_snapshots_sizes" CHECK (
        coalesce(0 < ALL (bid_sizes) AND 'NaN' <> ALL (bid_sizes) AND 0 < ALL (ask_sizes) AND 'NaN' <> ALL (ask_sizes), false)),
    ADD CONSTRAINT "chk_order_book_snapshots_prices" CHECK (coalesce('NaN' <> ALL (bid_prices) AND 'NaN' <> ALL (ask_prices), false)),
    ADD CONSTRAINT "chk_order_book_snapshots_crossed" CHECK (bid_prices[1] < ask_prices[1]),
    -- Times a half: a division would be rounded.
    ADD CONSTRAINT "chk_order_book_snapshots_mid" CHECK (
        mid IS NOT DISTINCT FROM (bid_prices[1] + ask_prices[1]) * 0.5 AND spread IS NOT DISTINCT FROM ask_prices[1] - bid_prices[1]),
    ADD CONSTRAINT "chk_order_book_snapshots_imbalance" CHECK (
        CASE WHEN mid IS NULL THEN imbalance IS NULL
             ELSE imbalance IS NOT NULL
                  AND abs(imbalance * (bid_volume + ask_volume) - (bid_volume - ask_volume)) * 2 <= (bid_volume + ask_volume) * 0.00000001 END);

ALTER TABLE "indicators"
    ADD CONSTRAINT "chk_indicators_symbol" CHECK (symbol ~ '^[A-Z0-9^$][A-Z0-9._:/^=&$-]*$'),
    ADD CONSTRAINT "chk_indicators_timeframe" CHECK (timeframe IN ('1m', '5m', '15m', '1h', '1d')),
    ADD CONSTRAINT "chk_indicators_name" CHECK (name ~ '^[a-z0-9_]+$'),
    -- As of the bars.
    ADD CONSTRAINT "chk_indicators_alignment" CHECK (isfinite(timestamp) AND timestamp = date_bin(
        CASE timeframe WHEN '1m' THEN INTERVAL '1 minute' WHEN '5m' THEN INTERVAL '5 minutes' WHEN '15m' THEN INTERVAL '15 minutes'
                       WHEN '1h' THEN INTERVAL '15 minutes' ELSE INTERVAL '1 day' END,
        timestamp, TIMESTAMPTZ '2000-01-01 00:00:00+00'));

ALTER TABLE "time_series"
    ADD CONSTRAINT "chk_time_series_relation" CHECK (relation IN ('trades', 'quotes', 'order_book_snapshots', 'indicators')),
    ADD CONSTRAINT "chk_time_series_symbol" CHECK (symbol ~ '^[A-Z0-9^$][A-Z0-9._:/^=&$-]*$'),
    ADD CONSTRAINT "chk_time_series_key" CHECK (
        CASE relation WHEN 'indicators' THEN timeframe IN ('1m', '5m', '15m', '1h', '1d') AND name ~ '^[a-z0-9_]+$'
                      ELSE timeframe = '' AND name = '' END),
    ADD CONSTRAINT "chk_time_series_bounds" CHECK (
        (first_timestamp IS NULL) = (last_timestamp IS NULL) AND first_timestamp <= last_timestamp);

-- What a CHECK cannot say: it has no loop, and a function in it would need a right of every writer.
CREATE FUNCTION order_book_levels() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    level numeric;
    previous numeric;
    bids numeric := 0;
    asks numeric := 0;
BEGIN
    FOREACH level IN ARRAY NEW.bid_prices LOOP
        IF level >= previous THEN
            RAISE EXCEPTION 'the bids are not sorted: % stands behind %', level, previous
                USING ERRCODE = 'check_violation', CONSTRAINT = 'order_book_levels', TABLE = 'order_book_snapshots';
        END IF;
        previous := level;
    END LOOP;
    previous := NULL;
    FOREACH level IN ARRAY NEW.ask_prices LOOP
        IF level <= previous THEN
            RAISE EXCEPTION 'the asks are not sorted: % stands behind %', level, previous
                USING ERRCODE = 'check_violation', CONSTRAINT = 'order_book_levels', TABLE = 'order_book_snapshots';
        END IF;
        previous := level;
    END LOOP;
    FOREACH level IN ARRAY NEW.bid_sizes LOOP
        bids := bids + level;
    END LOOP;
    FOREACH level IN ARRAY NEW.ask_sizes LOOP
        asks := asks + level;
    END LOOP;
    IF (NEW.bid_volume, NEW.ask_volume) IS DISTINCT FROM (bids, asks) THEN
        RAISE EXCEPTION 'the volumes are not the sums of the sizes, % and %', bids, asks
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_book_levels', TABLE = 'order_book_snapshots';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION order_book_levels() FROM PUBLIC;
CREATE TRIGGER order_book_levels BEFORE INSERT OR UPDATE ON "order_book_snapshots" FOR EACH ROW EXECUTE FUNCTION order_book_levels();

COMMENT ON COLUMN "trades"."trade_id" IS 'The source''s id; # and a place from 0 where it has none.';
COMMENT ON COLUMN "order_book_snapshots"."imbalance" IS '(bid_volume - ask_volume) / (bid_volume + ask_volume), half-up to 8 decimals; -1 to 1.';

-- Logical replication identifies a row by its natural key; there is no primary key to do it.
ALTER TABLE "trades" REPLICA IDENTITY USING INDEX "idx_trades_symbol_timestamp";
ALTER TABLE "quotes" REPLICA IDENTITY USING INDEX "idx_quotes_symbol_timestamp";
ALTER TABLE "order_book_snapshots" REPLICA IDENTITY USING INDEX "idx_order_book_snapshots_symbol_timestamp";
ALTER TABLE "indicators" REPLICA IDENTITY USING INDEX "idx_indicators_symbol_timeframe_name";

-- Where the bars are a hypertable these are, too; elsewhere `wyckoff storage apply` brings all of them to the layout together.
DO $$
DECLARE
    bars_are_hypertable boolean := false;
    messages CONSTANT text := current_setting('client_min_messages');
    chunk_interval interval := coalesce(nullif(current_setting('wyckoff.chunk_interval', true), ''), '1 day')::interval;
    series record;
BEGIN
    IF to_regclass('timescaledb_information.hypertables') IS NOT NULL THEN
        EXECUTE $query$SELECT EXISTS (SELECT FROM timescaledb_information.hypertables
                                      WHERE hypertable_schema = 'public' AND hypertable_name = 'ohlcv_bars')$query$ INTO bars_are_hypertable;
    END IF;
    IF NOT bars_are_hypertable THEN
        RAISE NOTICE 'ohlcv_bars is a plain table: trades, quotes, order_book_snapshots and indicators are, too';
        RETURN;
    END IF;
    -- It warns of VARCHAR columns, which are meant.
    PERFORM set_config('client_min_messages', 'error', true);
    FOR series IN
        SELECT * FROM (VALUES ('trades', 'symbol'), ('quotes', 'symbol'), ('order_book_snapshots', 'symbol'),
                              ('indicators', 'symbol, timeframe, name')) AS design (relation, segment_by)
    LOOP
        PERFORM create_hypertable(series.relation::regclass, by_range('timestamp', chunk_interval), create_default_indexes => false);
        EXECUTE format('ALTER TABLE %I SET (timescaledb.compress, timescaledb.compress_segmentby = %L, timescaledb.compress_orderby = %L)',
                       series.relation, series.segment_by, 'timestamp DESC');
        PERFORM add_compression_policy(series.relation::regclass, INTERVAL '7 days');
    END LOOP;
    PERFORM set_config('client_min_messages', messages, true);
END
$$;
