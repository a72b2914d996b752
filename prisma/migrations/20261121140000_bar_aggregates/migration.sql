-- Coarser bars made of the 1m bars, for `bars.resample`. Where ohlcv_bars is a hypertable they are continuous aggregates, each made of the one
-- below it. What they say of a day is right while that day has no row in bar_aggregate_changes: such days are read from the bars themselves.

-- CreateTable
CREATE TABLE "bar_aggregate_changes" (
    "symbol" VARCHAR(20) NOT NULL,
    "day" DATE NOT NULL,
    "changed_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "pk_bar_aggregate_changes" PRIMARY KEY ("symbol","day")
);

COMMENT ON TABLE "bar_aggregate_changes" IS 'UTC days of 1m bars that were written or removed and have not been refreshed in the continuous aggregates since. Whoever changes 1m bars writes it in the same transaction, on every layout.';
COMMENT ON COLUMN "bar_aggregate_changes"."changed_at" IS 'bar_series.updated_at of the last change: it only grows, so a refresh removes exactly the rows that did not change meanwhile.';

-- A write that is under way does not write its days yet: it ends before they are counted.
LOCK TABLE bar_series IN EXCLUSIVE MODE;

-- What is there already: the catalog knows the stretch, and a day too many costs nothing.
INSERT INTO bar_aggregate_changes (symbol, day, changed_at)
SELECT symbol, day::date, updated_at
FROM bar_series, generate_series((first_timestamp AT TIME ZONE 'UTC')::date, (last_timestamp AT TIME ZONE 'UTC')::date, INTERVAL '1 day') AS days (day)
WHERE timeframe = '1m';

-- As it was, and days of 1m bars that it removes count as changed.
CREATE OR REPLACE FUNCTION retain_bars(cutoff timestamptz, actor text, correlation uuid DEFAULT gen_random_uuid())
RETURNS TABLE (symbol varchar, timeframe varchar, removed bigint, revisions bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    gone jsonb;
    forgotten jsonb;
    entry record;
    span interval;
    bound timestamptz;
    kept timestamptz[];
    told timestamptz;
BEGIN
    -- Whoever writes bars locks rows of the catalog first. Nobody may write a series that has no old bars yet while their chunk goes.
    LOCK TABLE bar_series IN EXCLUSIVE MODE;
    gone := (SELECT coalesce(jsonb_agg(counted), '[]') FROM (
        SELECT symbol, timeframe, count(*) AS bars, min(timestamp) AS first FROM ohlcv_bars WHERE timestamp < cutoff GROUP BY 1, 2) counted);
    IF bars_are_hypertable() THEN
        EXECUTE 'SELECT count(*) FROM drop_chunks(''public.ohlcv_bars'', older_than => $1)' USING cutoff;
    END IF;
    DELETE FROM ohlcv_bars WHERE timestamp < cutoff;
    WITH deleted AS (DELETE FROM ohlcv_bar_revisions WHERE timestamp < cutoff RETURNING symbol, timeframe)
    SELECT coalesce(jsonb_agg(counted), '[]') INTO forgotten
    FROM (SELECT symbol, timeframe, count(*) AS revisions FROM deleted GROUP BY 1, 2) counted;

    FOR entry IN
        SELECT series.*, coalesce(bars, 0) AS bars, first, coalesce(forgot.revisions, 0) AS revisions
        FROM bar_series series
        LEFT JOIN jsonb_to_recordset(gone) AS went (symbol text, timeframe text, bars bigint, first timestamptz) USING (symbol, timeframe)
        LEFT JOIN jsonb_to_recordset(forgotten) AS forgot (symbol text, timeframe text, revisions bigint) USING (symbol, timeframe)
        WHERE bars > 0 OR forgot.revisions > 0
        ORDER BY symbol COLLATE "C", timeframe COLLATE "C"
    LOOP
        IF entry.bars > 0 THEN
            -- The first 20 bars that stay: their ratios were made with bars that are gone. From near bounds, because every chunk in between is planned.
            span := INTERVAL '5 days' + 32 * CASE entry.timeframe WHEN '1m' THEN INTERVAL '1 minute' WHEN '5m' THEN INTERVAL '5 minutes'
                WHEN '15m' THEN INTERVAL '15 minutes' WHEN '1h' THEN INTERVAL '1 hour' ELSE INTERVAL '1 day' END;
            LOOP
                bound := least(cutoff + span, entry.last_timestamp);
                SELECT array_agg(near.timestamp ORDER BY near.timestamp) INTO kept FROM (
                    SELECT timestamp FROM ohlcv_bars
                    WHERE symbol = entry.symbol AND timeframe = entry.timeframe AND timestamp >= cutoff AND timestamp <= bound
                    ORDER BY timestamp LIMIT 20) near;
                EXIT WHEN cardinality(kept) = 20 OR bound = entry.last_timestamp;
                span := span * 16;
            END LOOP;
            IF (entry.bar_count > entry.bars) IS DISTINCT FROM (kept IS NOT NULL) OR entry.bar_count < entry.bars THEN
                RAISE EXCEPTION 'the catalog counts % bars of % %, which are not there', entry.bar_count, entry.symbol, entry.timeframe
                    USING ERRCODE = 'data_exception', HINT = 'Something else than the store wrote or removed bars of this series.';
            END IF;
            UPDATE ohlcv_bars bar SET spread_ratio = mended.spread_ratio, volume_ratio = mended.volume_ratio
            FROM (SELECT timestamp, bar_ratio(spread, sum(spread) OVER earlier, count(*) OVER earlier) AS spread_ratio,
                         bar_ratio(volume, sum(volume) OVER earlier, count(*) OVER earlier) AS volume_ratio
                  FROM ohlcv_bars
                  WHERE symbol = entry.symbol AND timeframe = entry.timeframe AND timestamp >= kept[1] AND timestamp <= kept[cardinality(kept)]
                  WINDOW earlier AS (ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) mended
            WHERE bar.symbol = entry.symbol AND bar.timeframe = entry.timeframe AND bar.timestamp = mended.timestamp
              AND bar.timestamp >= kept[1] AND bar.timestamp <= kept[cardinality(kept)]
              AND (bar.spread_ratio, bar.volume_ratio) <> (mended.spread_ratio, mended.volume_ratio);
            -- As every writer sets updated_at: later than anything the series was told before.
            UPDATE bar_series SET first_timestamp = kept[1], last_timestamp = CASE WHEN kept IS NULL THEN NULL ELSE last_timestamp END,
                bar_count = bar_count - entry.bars,
                updated_at = greatest(date_trunc('milliseconds', clock_timestamp()),
                                      date_trunc('milliseconds', updated_at) + INTERVAL '1 millisecond')
            WHERE id = entry.id
            RETURNING updated_at INTO told;
            IF entry.timeframe = '1m' THEN
                INSERT INTO bar_aggregate_changes AS changes (symbol, day, changed_at)
                SELECT entry.symbol, days.day::date, told
                FROM generate_series((entry.first AT TIME ZONE 'UTC')::date, ((cutoff - INTERVAL '1 microsecond') AT TIME ZONE 'UTC')::date,
                                     INTERVAL '1 day') AS days (day)
                ON CONFLICT ON CONSTRAINT pk_bar_aggregate_changes DO UPDATE SET changed_at = excluded.changed_at;
            END IF;
        END IF;
        INSERT INTO audit_trail (event_type, entity_type, entity_id, timestamp, actor, action, metadata, correlation_id)
        VALUES ('BARS_RETAINED', 'BAR_SERIES', entry.id, clock_timestamp(), actor,
            format('retention removed %s bars of %s %s before %s', entry.bars, entry.symbol, entry.timeframe,
                   to_char(cutoff AT TIME ZONE 'UTC', 'YYYY-MM-DD')),
            jsonb_strip_nulls(jsonb_build_object('from', to_char(entry.first AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                'to', to_char(cutoff AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                'deleted', entry.bars, 'revisions', entry.revisions)), correlation);
        symbol := entry.symbol;
        timeframe := entry.timeframe;
        removed := entry.bars;
        revisions := entry.revisions;
        RETURN NEXT;
    END LOOP;
END
$$;

-- One step of a refresh: the last days before `before_day` that changed (NULL: before today), up to 30 at a stretch, from the finest aggregate to
-- the coarsest, and then the rows that did not change meanwhile. A step that fails leaves its rows, and those days are read from the bars.
-- Answers before which day the next step begins (NULL: this was the last) and how many rows wait there.
-- Newest first: an aggregate that is made of another one reads that one's source wherever that one was never refreshed, up to its end. Oldest first,
-- a year takes 160 s instead of 12.
-- Days that have not ended are left out: their row would be back with the next bar, and each live bar would have to be held against the aggregates.
-- No search path of its own: a procedure that has one cannot commit, and a refresh is several transactions.
CREATE PROCEDURE refresh_bar_aggregates(INOUT before_day date, INOUT waiting bigint)
LANGUAGE plpgsql
AS $$
DECLARE
    -- TimescaleDB 2.28 and newer cut a refresh into transactions of ten buckets each, unless told not to: 40 times as long for buckets of 5 minutes.
    has_options CONSTANT boolean := EXISTS (
        SELECT FROM pg_catalog.pg_proc WHERE proname = 'refresh_continuous_aggregate' AND 'options' = ANY (proargnames));
    at_once CONSTANT jsonb := '{"buckets_per_batch": 0}';
    first_day date;
    last_day date;
    symbols text[];
    days date[];
    changes timestamptz[];
    aggregate regclass;
BEGIN
    before_day := least(before_day, (now() AT TIME ZONE 'UTC')::date);
    last_day := (SELECT max(day) FROM public.bar_aggregate_changes WHERE day < before_day);
    IF last_day IS NULL THEN
        before_day := NULL;
        waiting := 0;
        RETURN;
    END IF;
    SELECT array_agg(symbol), array_agg(day), array_agg(changed_at), min(day) INTO symbols, days, changes, first_day
    FROM public.bar_aggregate_changes WHERE day > last_day - 30 AND day <= last_day;
    FOREACH aggregate IN ARRAY ARRAY['public.ohlcv_5m', 'public.ohlcv_15m', 'public.ohlcv_1h', 'public.ohlcv_1d']::regclass[]
    LOOP
        IF has_options THEN
            CALL public.refresh_continuous_aggregate(
                aggregate, first_day::timestamp AT TIME ZONE 'UTC', (last_day + 1)::timestamp AT TIME ZONE 'UTC', false, at_once);
        ELSE
            CALL public.refresh_continuous_aggregate(
                aggregate, first_day::timestamp AT TIME ZONE 'UTC', (last_day + 1)::timestamp AT TIME ZONE 'UTC');
        END IF;
    END LOOP;
    -- Rows that a writer holds are about to change. To wait for it, while holding others, could be a deadlock.
    DELETE FROM public.bar_aggregate_changes changed
    USING (SELECT held.ctid AS place FROM public.bar_aggregate_changes held
           JOIN unnest(symbols, days, changes) AS seen (symbol, day, changed_at) USING (symbol, day, changed_at)
           FOR UPDATE OF held SKIP LOCKED) AS unchanged
    WHERE changed.ctid = unchanged.place;
    COMMIT;
    waiting := (SELECT count(*) FROM public.bar_aggregate_changes WHERE day < first_day);
    before_day := CASE WHEN waiting > 0 THEN first_day END;
END
$$;

-- What the job runs, every hour. Where another refresh is under way, that one does the work; without continuous aggregates there is none.
CREATE PROCEDURE bar_aggregates_job(job_id integer, config jsonb)
LANGUAGE plpgsql
AS $$
DECLARE
    before_day date;
    waiting bigint;
BEGIN
    IF to_regclass('public.ohlcv_1d') IS NULL OR NOT pg_try_advisory_lock(hashtext('wyckoff bar aggregates')) THEN
        RETURN;
    END IF;
    LOOP
        CALL public.refresh_bar_aggregates(before_day, waiting);
        EXIT WHEN before_day IS NULL;
    END LOOP;
    PERFORM pg_advisory_unlock(hashtext('wyckoff bar aggregates'));
END
$$;

REVOKE ALL ON PROCEDURE refresh_bar_aggregates(date, bigint), bar_aggregates_job(integer, jsonb) FROM PUBLIC;

-- src/database/layouts/aggregates.ts says the same for `wyckoff storage apply`; a test compares the two.
DO $$
DECLARE
    messages CONSTANT text := current_setting('client_min_messages');
    finest CONSTANT text := '
        SELECT symbol, time_bucket(INTERVAL %s, timestamp) AS bucket,
               first(open, timestamp) AS open, max(high) AS high, min(low) AS low, last(close, timestamp) AS close, sum(volume) AS volume,
               sum(vwap * volume) AS vwap_volume, count(*) FILTER (WHERE vwap IS NULL AND volume > 0) AS without_vwap, count(*) AS bars,
               CASE WHEN count(*) FILTER (WHERE vwap IS NULL AND volume > 0) = 0 AND sum(volume) > 0
                    THEN sign(sum(vwap * volume)) * div(200000000 * abs(sum(vwap * volume)) + sum(volume), 2 * sum(volume)) * 0.00000001 END AS vwap
        FROM public.%I WHERE timeframe = ''1m'' GROUP BY 1, 2';
    coarser CONSTANT text := '
        SELECT symbol, time_bucket(INTERVAL %s, bucket) AS bucket,
               first(open, bucket) AS open, max(high) AS high, min(low) AS low, last(close, bucket) AS close, sum(volume) AS volume,
               sum(vwap_volume) AS vwap_volume, sum(without_vwap)::bigint AS without_vwap, sum(bars)::bigint AS bars,
               CASE WHEN sum(without_vwap)::bigint = 0 AND sum(volume) > 0
                    THEN sign(sum(vwap_volume)) * div(200000000 * abs(sum(vwap_volume)) + sum(volume), 2 * sum(volume)) * 0.00000001 END AS vwap
        FROM public.%I GROUP BY 1, 2';
    level record;
    materialization regclass;
BEGIN
    IF NOT bars_are_hypertable() THEN
        RETURN;
    END IF;
    PERFORM add_job('public.bar_aggregates_job', INTERVAL '1 hour');
    -- Its Apache edition has no continuous aggregates.
    IF current_setting('timescaledb.license') <> 'timescale' THEN
        RAISE WARNING 'this TimescaleDB is licensed without continuous aggregates: coarser bars are made of the 1m bars at every read';
        RETURN;
    END IF;
    PERFORM set_config('client_min_messages', 'error', true);
    FOR level IN
        SELECT * FROM (VALUES
            (finest, 'ohlcv_5m', 'ohlcv_bars', '5 minutes', INTERVAL '30 days'),
            (coarser, 'ohlcv_15m', 'ohlcv_5m', '15 minutes', INTERVAL '90 days'),
            (coarser, 'ohlcv_1h', 'ohlcv_15m', '1 hour', INTERVAL '360 days'),
            (coarser, 'ohlcv_1d', 'ohlcv_1h', '1 day', INTERVAL '3600 days'))
            AS levels (query, view, source, width, chunk_interval)
    LOOP
        EXECUTE format('CREATE MATERIALIZED VIEW public.%I WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS ', level.view)
            || format(level.query, quote_literal(level.width), level.source) || ' WITH NO DATA';
        SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) INTO materialization
        FROM timescaledb_information.continuous_aggregates WHERE view_schema = 'public' AND view_name = level.view;
        PERFORM set_chunk_time_interval(materialization, level.chunk_interval);
        EXECUTE format('COMMENT ON VIEW public.%I IS %L', level.view,
            'Bars of ' || level.width || ' made of the 1m bars. A day that has a row in bar_aggregate_changes may be out of date.');
    END LOOP;
    PERFORM set_config('client_min_messages', messages, true);
END
$$;
