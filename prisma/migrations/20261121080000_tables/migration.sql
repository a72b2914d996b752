-- CreateTable
CREATE TABLE "ohlcv_bars" (
    "symbol" VARCHAR(20) NOT NULL,
    "timeframe" VARCHAR(5) NOT NULL,
    "timestamp" TIMESTAMPTZ(6) NOT NULL,
    "open" DECIMAL(18,8) NOT NULL,
    "high" DECIMAL(18,8) NOT NULL,
    "low" DECIMAL(18,8) NOT NULL,
    "close" DECIMAL(18,8) NOT NULL,
    "volume" BIGINT NOT NULL,
    "spread" DECIMAL(18,8) NOT NULL,
    "spread_ratio" DECIMAL(10,4) NOT NULL,
    "volume_ratio" DECIMAL(10,4) NOT NULL,
    "vwap" DECIMAL(18,8),
    "source" VARCHAR(32),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "bar_series" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "symbol" VARCHAR(20) NOT NULL,
    "timeframe" VARCHAR(5) NOT NULL,
    "volume_scale" SMALLINT NOT NULL DEFAULT 0,
    "first_timestamp" TIMESTAMPTZ(6),
    "last_timestamp" TIMESTAMPTZ(6),
    "bar_count" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pk_bar_series" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ohlcv_bar_revisions" (
    "symbol" VARCHAR(20) NOT NULL,
    "timeframe" VARCHAR(5) NOT NULL,
    "timestamp" TIMESTAMPTZ(6) NOT NULL,
    "open" DECIMAL(18,8) NOT NULL,
    "high" DECIMAL(18,8) NOT NULL,
    "low" DECIMAL(18,8) NOT NULL,
    "close" DECIMAL(18,8) NOT NULL,
    "volume" BIGINT NOT NULL,
    "vwap" DECIMAL(18,8),
    "source" VARCHAR(32),
    "known_from" TIMESTAMPTZ(6) NOT NULL,
    "known_until" TIMESTAMPTZ(6) NOT NULL,
    "reason" VARCHAR(20) NOT NULL,
    "run_id" UUID,

    CONSTRAINT "pk_ohlcv_bar_revisions" PRIMARY KEY ("symbol","timeframe","timestamp","known_until")
);

-- CreateTable
CREATE TABLE "trading_ranges" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "symbol" VARCHAR(20) NOT NULL,
    "timeframe" VARCHAR(5) NOT NULL,
    "start_time" TIMESTAMPTZ(6) NOT NULL,
    "end_time" TIMESTAMPTZ(6),
    "duration_bars" INTEGER NOT NULL,
    "creek_level" DECIMAL(18,8) NOT NULL,
    "ice_level" DECIMAL(18,8) NOT NULL,
    "jump_target" DECIMAL(18,8) NOT NULL,
    "cause_factor" DECIMAL(4,2) NOT NULL,
    "range_width" DECIMAL(18,8) NOT NULL,
    "phase" VARCHAR(1) NOT NULL,
    "strength_score" INTEGER NOT NULL,
    "touch_count_creek" INTEGER NOT NULL DEFAULT 0,
    "touch_count_ice" INTEGER NOT NULL DEFAULT 0,
    "deleted_at" TIMESTAMPTZ(6),
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pk_trading_ranges" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "patterns" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "pattern_type" VARCHAR(10) NOT NULL,
    "symbol" VARCHAR(20) NOT NULL,
    "timeframe" VARCHAR(5) NOT NULL,
    "detection_time" TIMESTAMPTZ(6) NOT NULL,
    "pattern_bar_timestamp" TIMESTAMPTZ(6) NOT NULL,
    "confidence_score" INTEGER NOT NULL,
    "phase" VARCHAR(1) NOT NULL,
    "trading_range_id" UUID,
    "entry_price" DECIMAL(18,8) NOT NULL,
    "stop_loss" DECIMAL(18,8) NOT NULL,
    "invalidation_level" DECIMAL(18,8) NOT NULL,
    "volume_ratio" DECIMAL(10,4) NOT NULL,
    "spread_ratio" DECIMAL(10,4) NOT NULL,
    "test_confirmed" BOOLEAN NOT NULL DEFAULT false,
    "test_bar_timestamp" TIMESTAMPTZ(6),
    "rejection_reason" TEXT,
    "metadata" JSONB NOT NULL,
    "metadata_version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pk_patterns" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "signals" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "signal_type" VARCHAR(10) NOT NULL DEFAULT 'LONG',
    "pattern_id" UUID,
    "symbol" VARCHAR(20) NOT NULL,
    "timeframe" VARCHAR(5) NOT NULL,
    "generated_at" TIMESTAMPTZ(6) NOT NULL,
    "entry_price" DECIMAL(18,8) NOT NULL,
    "stop_loss" DECIMAL(18,8) NOT NULL,
    "target_1" DECIMAL(18,8) NOT NULL,
    "target_2" DECIMAL(18,8) NOT NULL,
    "position_size" DECIMAL(18,8) NOT NULL,
    "risk_amount" DECIMAL(12,2) NOT NULL,
    "r_multiple" DECIMAL(6,2) NOT NULL,
    "confidence_score" INTEGER NOT NULL,
    "campaign_id" UUID,
    "campaign_allocation" DECIMAL(5,4) NOT NULL DEFAULT 0,
    "status" VARCHAR(20) NOT NULL DEFAULT 'PENDING',
    "notification_sent" BOOLEAN NOT NULL DEFAULT false,
    "approval_chain" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pk_signals" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "campaigns" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "symbol" VARCHAR(20) NOT NULL,
    "timeframe" VARCHAR(5) NOT NULL,
    "trading_range_id" UUID,
    "status" VARCHAR(20) NOT NULL DEFAULT 'ACTIVE',
    "total_allocation" DECIMAL(5,2) NOT NULL DEFAULT 0,
    "current_risk" DECIMAL(12,2) NOT NULL DEFAULT 0,
    "entries" JSONB NOT NULL DEFAULT '[]',
    "average_entry" DECIMAL(18,8),
    "version" INTEGER NOT NULL DEFAULT 1,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "completed_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pk_campaigns" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "backtest_results" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "backtest_run_id" UUID NOT NULL,
    "symbol" VARCHAR(20) NOT NULL,
    "timeframe" VARCHAR(5) NOT NULL,
    "start_date" DATE NOT NULL,
    "end_date" DATE NOT NULL,
    "total_patterns_detected" INTEGER NOT NULL,
    "true_positives" INTEGER NOT NULL,
    "false_positives" INTEGER NOT NULL,
    "false_negatives" INTEGER NOT NULL,
    "precision" DECIMAL(6,4) NOT NULL,
    "recall" DECIMAL(6,4) NOT NULL,
    "total_signals_generated" INTEGER NOT NULL,
    "winning_signals" INTEGER NOT NULL,
    "losing_signals" INTEGER NOT NULL,
    "win_rate" DECIMAL(6,4) NOT NULL,
    "average_r_multiple" DECIMAL(6,2) NOT NULL,
    "max_drawdown" DECIMAL(6,4) NOT NULL,
    "config" JSONB NOT NULL,
    "look_ahead_bias_check" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pk_backtest_results" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_trail" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "event_type" VARCHAR(50) NOT NULL,
    "entity_type" VARCHAR(50) NOT NULL,
    "entity_id" UUID NOT NULL,
    "timestamp" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" VARCHAR(100) NOT NULL,
    "action" TEXT NOT NULL,
    "metadata" JSONB,
    "correlation_id" UUID NOT NULL,
    "seq" BIGINT NOT NULL DEFAULT 0,
    "prev_hash" BYTEA,
    "row_hash" BYTEA NOT NULL DEFAULT '\x'::bytea,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pk_audit_trail" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_chains" (
    "correlation_id" UUID NOT NULL,
    "length" BIGINT NOT NULL DEFAULT 0,
    "last_hash" BYTEA,

    CONSTRAINT "pk_audit_chains" PRIMARY KEY ("correlation_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "idx_ohlcv_symbol_timeframe" ON "ohlcv_bars"("symbol", "timeframe", "timestamp" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "idx_bar_series_symbol_timeframe" ON "bar_series"("symbol", "timeframe");

-- CreateIndex
CREATE INDEX "idx_ohlcv_bar_revisions_run_id" ON "ohlcv_bar_revisions"("run_id");

-- CreateIndex
CREATE INDEX "idx_trading_ranges_symbol_timeframe_start_time" ON "trading_ranges"("symbol", "timeframe", "start_time" DESC);

-- CreateIndex
CREATE INDEX "idx_patterns_symbol" ON "patterns"("symbol", "pattern_bar_timestamp" DESC);

-- CreateIndex
CREATE INDEX "idx_patterns_type_phase" ON "patterns"("pattern_type", "phase");

-- CreateIndex
CREATE INDEX "idx_patterns_trading_range_id" ON "patterns"("trading_range_id");

-- CreateIndex
CREATE INDEX "idx_signals_status" ON "signals"("status", "generated_at" DESC);

-- CreateIndex
CREATE INDEX "idx_signals_pattern_id" ON "signals"("pattern_id");

-- CreateIndex
CREATE INDEX "idx_signals_campaign_id" ON "signals"("campaign_id");

-- CreateIndex
CREATE INDEX "idx_campaigns_trading_range_id" ON "campaigns"("trading_range_id");

-- CreateIndex
CREATE INDEX "idx_campaigns_symbol_started_at" ON "campaigns"("symbol", "started_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "idx_backtest_results_backtest_run_id_symbol_timeframe" ON "backtest_results"("backtest_run_id", "symbol", "timeframe");

-- CreateIndex
CREATE INDEX "idx_audit_trail_entity_type_entity_id" ON "audit_trail"("entity_type", "entity_id");

-- CreateIndex
CREATE INDEX "idx_audit_trail_actor_timestamp" ON "audit_trail"("actor", "timestamp" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "idx_audit_correlation" ON "audit_trail"("correlation_id", "seq");

-- AddForeignKey
ALTER TABLE "patterns" ADD CONSTRAINT "fk_patterns_trading_range_id" FOREIGN KEY ("trading_range_id") REFERENCES "trading_ranges"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "signals" ADD CONSTRAINT "fk_signals_pattern_id" FOREIGN KEY ("pattern_id") REFERENCES "patterns"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "signals" ADD CONSTRAINT "fk_signals_campaign_id" FOREIGN KEY ("campaign_id") REFERENCES "campaigns"("id") ON DELETE SET NULL ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "campaigns" ADD CONSTRAINT "fk_campaigns_trading_range_id" FOREIGN KEY ("trading_range_id") REFERENCES "trading_ranges"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;



-- From here on: what Prisma cannot express. A CHECK holds whoever writes; a rule that needs configuration, other rows or the shape of a JSON
-- value is the repositories' to enforce. NUMERIC has a NaN that is greater than every number: bounds from above keep it out.

ALTER TABLE "ohlcv_bars"
    ADD CONSTRAINT "chk_ohlcv_bars_prices" CHECK (low <= open AND low <= close AND open <= high AND close <= high AND high <> 'NaN'),
    ADD CONSTRAINT "chk_ohlcv_bars_volume" CHECK (volume >= 0),
    ADD CONSTRAINT "chk_ohlcv_bars_spread" CHECK (spread = high - low),
    ADD CONSTRAINT "chk_ohlcv_bars_ratios" CHECK (spread_ratio BETWEEN 0 AND 999999.9999 AND volume_ratio BETWEEN 0 AND 999999.9999),
    ADD CONSTRAINT "chk_ohlcv_bars_vwap" CHECK (vwap <> 'NaN'),
    ADD CONSTRAINT "chk_ohlcv_bars_timeframe" CHECK (timeframe IN ('1m', '5m', '15m', '1h', '1d')),
    -- 1h: US exchanges open at 14:30Z, Indian ones at 03:45Z. 1d: 00:00 UTC of the trading date.
    ADD CONSTRAINT "chk_ohlcv_bars_alignment" CHECK (isfinite(timestamp) AND timestamp = date_bin(
        CASE timeframe WHEN '1m' THEN INTERVAL '1 minute' WHEN '5m' THEN INTERVAL '5 minutes' WHEN '15m' THEN INTERVAL '15 minutes'
                       WHEN '1h' THEN INTERVAL '15 minutes' ELSE INTERVAL '1 day' END,
        timestamp, TIMESTAMPTZ '2000-01-01 00:00:00+00'));

ALTER TABLE "bar_series"
    ADD CONSTRAINT "chk_bar_series_symbol" CHECK (symbol ~ '^[A-Z0-9^$][A-Z0-9._:/^=&$-]*$'),
    ADD CONSTRAINT "chk_bar_series_timeframe" CHECK (timeframe IN ('1m', '5m', '15m', '1h', '1d')),
    ADD CONSTRAINT "chk_bar_series_volume_scale" CHECK (volume_scale BETWEEN 0 AND 8),
    ADD CONSTRAINT "chk_bar_series_bounds" CHECK (
        CASE WHEN bar_count = 0 THEN first_timestamp IS NULL AND last_timestamp IS NULL
             ELSE bar_count > 0 AND first_timestamp IS NOT NULL AND last_timestamp IS NOT NULL AND first_timestamp <= last_timestamp END);

ALTER TABLE "ohlcv_bar_revisions"
    ADD CONSTRAINT "chk_ohlcv_bar_revisions_known" CHECK (known_from < known_until),
    ADD CONSTRAINT "chk_ohlcv_bar_revisions_reason" CHECK (reason IN ('change', 'delete', 'retention', 'undo'));

ALTER TABLE "trading_ranges"
    ADD CONSTRAINT "chk_trading_ranges_timeframe" CHECK (timeframe IN ('1m', '5m', '15m', '1h', '1d')),
    ADD CONSTRAINT "chk_trading_ranges_levels" CHECK (creek_level < ice_level AND ice_level <> 'NaN'),
    ADD CONSTRAINT "chk_trading_ranges_jump_target" CHECK ((jump_target > ice_level OR jump_target < creek_level) AND jump_target <> 'NaN'),
    ADD CONSTRAINT "chk_trading_ranges_duration_bars" CHECK (duration_bars BETWEEN 15 AND 100),
    ADD CONSTRAINT "chk_trading_ranges_cause_factor" CHECK (cause_factor BETWEEN 2.0 AND 3.0),
    ADD CONSTRAINT "chk_trading_ranges_range_width" CHECK (range_width > 0 AND range_width <> 'NaN'),
    ADD CONSTRAINT "chk_trading_ranges_strength_score" CHECK (strength_score BETWEEN 60 AND 100),
    ADD CONSTRAINT "chk_trading_ranges_phase" CHECK (phase IN ('A', 'B', 'C', 'D', 'E')),
    ADD CONSTRAINT "chk_trading_ranges_touch_counts" CHECK (touch_count_creek >= 0 AND touch_count_ice >= 0),
    ADD CONSTRAINT "chk_trading_ranges_end_time" CHECK (end_time >= start_time),
    ADD CONSTRAINT "chk_trading_ranges_version" CHECK (version >= 1);

COMMENT ON COLUMN "trading_ranges"."creek_level" IS 'SUPPORT. Turned round against Wyckoff literature, where the creek is the resistance; the data depend on it.';
COMMENT ON COLUMN "trading_ranges"."ice_level" IS 'RESISTANCE. Turned round against Wyckoff literature, where the ice is the support; the data depend on it.';
COMMENT ON COLUMN "trading_ranges"."jump_target" IS 'Projection: above ice_level for an accumulation, below creek_level for a distribution.';

ALTER TABLE "patterns"
    ADD CONSTRAINT "chk_patterns_timeframe" CHECK (timeframe IN ('1m', '5m', '15m', '1h', '1d')),
    ADD CONSTRAINT "chk_patterns_pattern_type" CHECK (pattern_type IN
        ('SPRING', 'TEST', 'UTAD', 'UT', 'SOS', 'SOW', 'LPS', 'LPSY', 'BU', 'PS', 'PSY', 'SC', 'BC', 'AR', 'ST')),
    ADD CONSTRAINT "chk_patterns_phase" CHECK (phase IN ('A', 'B', 'C', 'D', 'E')),
    ADD CONSTRAINT "chk_patterns_confidence_score" CHECK (confidence_score BETWEEN 70 AND 95),
    ADD CONSTRAINT "chk_patterns_detection_time" CHECK (detection_time >= pattern_bar_timestamp),
    ADD CONSTRAINT "chk_patterns_test_bar_timestamp" CHECK (test_bar_timestamp > pattern_bar_timestamp),
    ADD CONSTRAINT "chk_patterns_test_confirmed" CHECK (NOT test_confirmed OR test_bar_timestamp IS NOT NULL),
    ADD CONSTRAINT "chk_patterns_prices" CHECK (entry_price <> 'NaN' AND stop_loss <> 'NaN' AND invalidation_level <> 'NaN'),
    ADD CONSTRAINT "chk_patterns_ratios" CHECK (volume_ratio BETWEEN 0 AND 999999.9999 AND spread_ratio BETWEEN 0 AND 999999.9999),
    ADD CONSTRAINT "chk_patterns_metadata_version" CHECK (metadata_version >= 1);

ALTER TABLE "signals"
    ADD CONSTRAINT "chk_signals_timeframe" CHECK (timeframe IN ('1m', '5m', '15m', '1h', '1d')),
    ADD CONSTRAINT "chk_signals_signal_type" CHECK (signal_type IN ('LONG', 'SHORT')),
    ADD CONSTRAINT "chk_signals_status" CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED', 'FILLED', 'STOPPED', 'TARGET_HIT', 'EXPIRED')),
    ADD CONSTRAINT "chk_signals_levels" CHECK (
        CASE signal_type
            WHEN 'LONG' THEN stop_loss < entry_price AND entry_price < target_1 AND target_1 <= target_2 AND target_2 <> 'NaN'
            ELSE stop_loss > entry_price AND entry_price > target_1 AND target_1 >= target_2 AND stop_loss <> 'NaN' END),
    ADD CONSTRAINT "chk_signals_r_multiple" CHECK (r_multiple BETWEEN 2.0 AND 9999.99),
    ADD CONSTRAINT "chk_signals_confidence_score" CHECK (confidence_score BETWEEN 70 AND 95),
    ADD CONSTRAINT "chk_signals_position_size" CHECK (position_size > 0 AND position_size <> 'NaN'),
    ADD CONSTRAINT "chk_signals_risk_amount" CHECK (risk_amount > 0 AND risk_amount <> 'NaN'),
    ADD CONSTRAINT "chk_signals_campaign_allocation" CHECK (campaign_allocation BETWEEN 0 AND 1);

ALTER TABLE "campaigns"
    ADD CONSTRAINT "chk_campaigns_timeframe" CHECK (timeframe IN ('1m', '5m', '15m', '1h', '1d')),
    ADD CONSTRAINT "chk_campaigns_status" CHECK (status IN ('ACTIVE', 'MARKUP', 'COMPLETED', 'INVALIDATED')),
    ADD CONSTRAINT "chk_campaigns_total_allocation" CHECK (total_allocation BETWEEN 0 AND 5.0),
    ADD CONSTRAINT "chk_campaigns_current_risk" CHECK (current_risk >= 0 AND current_risk <> 'NaN'),
    ADD CONSTRAINT "chk_campaigns_average_entry" CHECK (average_entry <> 'NaN'),
    ADD CONSTRAINT "chk_campaigns_entries" CHECK (jsonb_typeof(entries) = 'array'),
    ADD CONSTRAINT "chk_campaigns_completed_at" CHECK ((status IN ('COMPLETED', 'INVALIDATED')) = (completed_at IS NOT NULL)),
    ADD CONSTRAINT "chk_campaigns_version" CHECK (version >= 1);

-- At most one live campaign a trading range. A partial index: Prisma leaves those alone.
CREATE UNIQUE INDEX "idx_campaigns_trading_range_id_live" ON "campaigns"("trading_range_id") WHERE status IN ('ACTIVE', 'MARKUP');

ALTER TABLE "backtest_results"
    ADD CONSTRAINT "chk_backtest_results_timeframe" CHECK (timeframe IN ('1m', '5m', '15m', '1h', '1d')),
    ADD CONSTRAINT "chk_backtest_results_counts" CHECK (
        total_patterns_detected >= 0 AND true_positives >= 0 AND false_positives >= 0 AND false_negatives >= 0
        AND total_signals_generated >= 0 AND winning_signals >= 0 AND losing_signals >= 0),
    ADD CONSTRAINT "chk_backtest_results_patterns" CHECK (true_positives + false_positives = total_patterns_detected),
    ADD CONSTRAINT "chk_backtest_results_signals" CHECK (winning_signals + losing_signals <= total_signals_generated),
    ADD CONSTRAINT "chk_backtest_results_fractions" CHECK (
        precision BETWEEN 0 AND 1 AND recall BETWEEN 0 AND 1 AND win_rate BETWEEN 0 AND 1 AND max_drawdown BETWEEN 0 AND 1),
    ADD CONSTRAINT "chk_backtest_results_average_r_multiple" CHECK (average_r_multiple <> 'NaN'),
    ADD CONSTRAINT "chk_backtest_results_dates" CHECK (end_date >= start_date);

-- The audit trail: append only, and tamper-evident.
--
-- One hash chain a correlation id. Its head, in audit_chains, is locked by each writer, so that two writers queue; an advisory lock would let
-- them fork the chain at REPEATABLE READ, where the second still sees the old head. The function runs as the tables' owner, because writers
-- themselves have no right on audit_chains, and pg_temp comes last in its search path, because a temporary table of that name must not catch it.

CREATE FUNCTION audit_trail_hash(event audit_trail) RETURNS bytea
LANGUAGE sql IMMUTABLE
-- jsonb::text escapes every delimiter and follows no session setting; instants are counted in microseconds since the epoch for the same reason.
AS $$
    SELECT sha256(coalesce(event.prev_hash, ''::bytea) || convert_to(jsonb_build_array(
        event.correlation_id, event.seq, event.id, event.event_type, event.entity_type, event.entity_id,
        (extract(epoch FROM event."timestamp") * 1000000)::bigint, event.actor, event.action, event.metadata,
        (extract(epoch FROM event.created_at) * 1000000)::bigint)::text, 'UTF8'))
$$;

-- Before each row: place it in its chain. The head is read under its lock; rows that this same statement appended already come after it.
CREATE FUNCTION audit_trail_place() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    head audit_chains;
    tail audit_trail;
BEGIN
    INSERT INTO audit_chains (correlation_id) VALUES (NEW.correlation_id) ON CONFLICT DO NOTHING;
    SELECT * INTO STRICT head FROM audit_chains WHERE correlation_id = NEW.correlation_id FOR UPDATE;
    SELECT * INTO tail FROM audit_trail WHERE correlation_id = NEW.correlation_id AND seq > head.length ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(tail.seq, head.length) + 1;
    NEW.prev_hash := CASE WHEN tail.seq IS NULL THEN head.last_hash ELSE tail.row_hash END;
    NEW.row_hash := audit_trail_hash(NEW);
    RETURN NEW;
END
$$;

-- After the statement: move the heads, once each (a head updated for every row leaves a dead version for every row: 10,000 events of one
-- chain took 3.2 s so) and only for rows that are really there (ON CONFLICT DO NOTHING leaves some out after their BEFORE trigger).
CREATE FUNCTION audit_trail_move_heads() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    UPDATE audit_chains chain SET length = newest.seq, last_hash = newest.row_hash
    FROM (SELECT DISTINCT ON (correlation_id) correlation_id, seq, row_hash FROM appended ORDER BY correlation_id, seq DESC) newest
    WHERE chain.correlation_id = newest.correlation_id AND chain.length < newest.seq;
    RETURN NULL;
END
$$;

CREATE TRIGGER audit_trail_place BEFORE INSERT ON "audit_trail" FOR EACH ROW EXECUTE FUNCTION audit_trail_place();
CREATE TRIGGER audit_trail_move_heads AFTER INSERT ON "audit_trail" REFERENCING NEW TABLE AS appended
    FOR EACH STATEMENT EXECUTE FUNCTION audit_trail_move_heads();

CREATE FUNCTION audit_trail_refuse() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE restrict_violation USING MESSAGE = format('%s on %s: the audit trail is append-only', TG_OP, TG_TABLE_NAME),
        TABLE = TG_TABLE_NAME, HINT = 'Append an event that says what is to be corrected.';
END
$$;

-- For each statement: a statement that touches no row is refused as well, and so is ON CONFLICT DO UPDATE.
CREATE TRIGGER audit_trail_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_trail"
    FOR EACH STATEMENT EXECUTE FUNCTION audit_trail_refuse();
CREATE TRIGGER audit_chains_refuse_removal BEFORE DELETE OR TRUNCATE ON "audit_chains"
    FOR EACH STATEMENT EXECUTE FUNCTION audit_trail_refuse();
-- Only a statement inside the trigger of audit_trail may write a head: it is a trigger's depth down.
CREATE TRIGGER audit_chains_refuse_writes BEFORE INSERT OR UPDATE ON "audit_chains"
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION audit_trail_refuse();

REVOKE ALL ON FUNCTION audit_trail_place(), audit_trail_move_heads() FROM PUBLIC;
