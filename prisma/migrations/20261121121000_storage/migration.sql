-- Retention of the bars. A bare drop_chunks would leave the catalog wrong, so bars go through the functions here, on either layout: by chunks
-- where ohlcv_bars is a hypertable, row by row elsewhere. Off until `wyckoff storage retention set`.

-- CreateTable
CREATE TABLE "retention_policies" (
    "relation" VARCHAR(63) NOT NULL,
    "keep" INTERVAL NOT NULL,
    "set_by" VARCHAR(100) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pk_retention_policies" PRIMARY KEY ("relation")
);

ALTER TABLE "retention_policies"
    ADD CONSTRAINT "chk_retention_policies_keep" CHECK (keep > INTERVAL '0');

-- The first instant that is kept, a midnight in UTC: so a day goes as a whole, and with one-day chunks a chunk does. NULL: retention is off.
CREATE FUNCTION bar_retention_cutoff() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT date_trunc('day', now() AT TIME ZONE 'UTC' - keep) AT TIME ZONE 'UTC' FROM retention_policies WHERE relation = 'ohlcv_bars'
$$;

CREATE FUNCTION bars_are_hypertable() RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    found boolean := false;
BEGIN
    IF to_regclass('timescaledb_information.hypertables') IS NOT NULL THEN
        EXECUTE $query$SELECT EXISTS (SELECT FROM timescaledb_information.hypertables
                                      WHERE hypertable_schema = 'public' AND hypertable_name = 'ohlcv_bars')$query$ INTO found;
    END IF;
    RETURN found;
END
$$;

-- How far one transaction goes: a chunk that is dropped takes nine locks, and a first run may have ten years of them. NULL: nothing is left to do.
CREATE FUNCTION bar_retention_stretch(cutoff timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    stretch timestamptz;
BEGIN
    IF NOT EXISTS (SELECT FROM bar_series WHERE first_timestamp < cutoff) THEN
        RETURN NULL;
    END IF;
    IF bars_are_hypertable() THEN
        EXECUTE $query$SELECT range_end FROM timescaledb_information.chunks
                       WHERE hypertable_schema = 'public' AND hypertable_name = 'ohlcv_bars' AND range_end <= $1
                       ORDER BY range_end OFFSET 99 LIMIT 1$query$ INTO stretch USING cutoff;
    END IF;
    RETURN coalesce(stretch, cutoff);
END
$$;

-- value / mean of the `bars` values that add up to `total`, half-up to 4 decimals, as src/domain/bar-ratios.ts has it.
CREATE FUNCTION bar_ratio(value numeric, total numeric, bars bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN bars = 0 OR (total = 0 AND value = 0) THEN 1.0000
                WHEN total = 0 THEN 999999.9999
                ELSE least(div(20000 * value * bars + total, 2 * total) * 0.0001, 999999.9999) END
$$;

-- Removes the bars before `cutoff` and what they had said before, mends the ratios of the bars that are first now, and brings the catalog up
-- to date; one audit event a series. All of it is one transaction, the caller's.
CREATE FUNCTION retain_bars(cutoff timestamptz, actor text, correlation uuid DEFAULT gen_random_uuid())
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
            WHERE id = entry.id;
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

-- What the job runs, once a day. No search path of its own: a procedure that has one cannot commit, and each stretch is a transaction.
CREATE PROCEDURE bar_retention_job(job_id integer, config jsonb)
LANGUAGE plpgsql
AS $$
DECLARE
    cutoff CONSTANT timestamptz := public.bar_retention_cutoff();
    correlation CONSTANT uuid := gen_random_uuid();
    stretch timestamptz;
BEGIN
    LOOP
        stretch := public.bar_retention_stretch(cutoff);
        EXIT WHEN stretch IS NULL;
        PERFORM public.retain_bars(stretch, 'wyckoff retention', correlation);
        COMMIT;
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION bar_retention_cutoff(), bars_are_hypertable(), bar_retention_stretch(timestamptz), bar_ratio(numeric, numeric, bigint),
    retain_bars(timestamptz, text, uuid) FROM PUBLIC;
REVOKE ALL ON PROCEDURE bar_retention_job(integer, jsonb) FROM PUBLIC;

-- Without a row in retention_policies the job finds nothing to do.
DO $$
BEGIN
    IF bars_are_hypertable() THEN
        PERFORM add_job('public.bar_retention_job', INTERVAL '1 day');
    END IF;
END
$$;
