-- Retention of trades, quotes, order books and indicators, as the bars have it: off until `wyckoff storage retention set`, through functions that
-- keep the catalog right, on either layout.

ALTER TABLE "retention_policies"
    ADD CONSTRAINT "chk_retention_policies_relation" CHECK (relation IN ('ohlcv_bars', 'trades', 'quotes', 'order_book_snapshots', 'indicators'));

-- The first instant that is kept, a midnight in UTC: so a day goes as a whole, and with one-day chunks a chunk does. NULL: retention is off.
CREATE FUNCTION retention_cutoff(series_table text) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT date_trunc('day', now() AT TIME ZONE 'UTC' - keep) AT TIME ZONE 'UTC' FROM retention_policies WHERE relation = series_table
$$;

CREATE FUNCTION is_hypertable(series_table text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    found boolean := false;
BEGIN
    IF to_regclass('timescaledb_information.hypertables') IS NOT NULL THEN
        EXECUTE $query$SELECT EXISTS (SELECT FROM timescaledb_information.hypertables
                                      WHERE hypertable_schema = 'public' AND hypertable_name = $1)$query$ INTO found USING series_table;
    END IF;
    RETURN found;
END
$$;

-- How far one transaction goes: a chunk that is dropped takes nine locks, and a first run may have ten years of them. NULL: nothing is left to do.
CREATE FUNCTION retention_stretch(series_table text, cutoff timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    has_old boolean;
    stretch timestamptz;
BEGIN
    IF series_table = 'ohlcv_bars' THEN
        has_old := EXISTS (SELECT FROM bar_series WHERE first_timestamp < cutoff);
    ELSE
        has_old := EXISTS (SELECT FROM time_series WHERE relation = series_table AND first_timestamp < cutoff);
    END IF;
    IF NOT has_old THEN
        RETURN NULL;
    END IF;
    IF is_hypertable(series_table) THEN
        EXECUTE $query$SELECT range_end FROM timescaledb_information.chunks
                       WHERE hypertable_schema = 'public' AND hypertable_name = $1 AND range_end <= $2
                       ORDER BY range_end OFFSET 99 LIMIT 1$query$ INTO stretch USING series_table, cutoff;
    END IF;
    RETURN coalesce(stretch, cutoff);
END
$$;

-- The same, of the bars.
CREATE OR REPLACE FUNCTION bar_retention_cutoff() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$ SELECT retention_cutoff('ohlcv_bars') $$;

CREATE OR REPLACE FUNCTION bars_are_hypertable() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$ SELECT is_hypertable('ohlcv_bars') $$;

CREATE OR REPLACE FUNCTION bar_retention_stretch(cutoff timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$ SELECT retention_stretch('ohlcv_bars', cutoff) $$;

-- Removes the rows of one of the four tables before `cutoff`, and brings their catalog up to date; one audit event a series. All of it is one
-- transaction, the caller's.
CREATE FUNCTION retain_time_series(series_table text, cutoff timestamptz, actor text, correlation uuid DEFAULT gen_random_uuid())
RETURNS TABLE (symbol varchar, timeframe varchar, name varchar, removed bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    gone jsonb;
    key CONSTANT text := CASE series_table WHEN 'indicators' THEN 'symbol, timeframe, name' ELSE 'symbol, '''' AS timeframe, '''' AS name' END;
BEGIN
    IF series_table NOT IN ('trades', 'quotes', 'order_book_snapshots', 'indicators') THEN
        RAISE EXCEPTION 'not a table of time series: %', series_table USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Whoever writes rows locks their series in the catalog first. Nobody may write a series that has no old rows yet while their chunk goes.
    LOCK TABLE time_series IN EXCLUSIVE MODE;
    EXECUTE format('SELECT coalesce(jsonb_agg(counted), ''[]'') FROM (
        SELECT %s, count(*) AS rows, min(timestamp) AS first FROM %I WHERE timestamp < $1 GROUP BY 1, 2, 3) counted', key, series_table)
    INTO gone USING cutoff;
    IF is_hypertable(series_table) THEN
        EXECUTE 'SELECT count(*) FROM drop_chunks($1::regclass, older_than => $2)' USING 'public.' || series_table, cutoff;
    END IF;
    EXECUTE format('DELETE FROM %I WHERE timestamp < $1', series_table) USING cutoff;

    UPDATE time_series SET first_timestamp = CASE WHEN last_timestamp >= cutoff THEN cutoff END,
        last_timestamp = CASE WHEN last_timestamp >= cutoff THEN last_timestamp END
    WHERE relation = series_table AND first_timestamp < cutoff;
    RETURN QUERY
        WITH went AS (
            SELECT series.id, series.symbol, series.timeframe, series.name, was.rows, was.first
            FROM jsonb_to_recordset(gone) AS was (symbol text, timeframe text, name text, rows bigint, first timestamptz)
            JOIN time_series series ON series.relation = series_table
                AND (series.symbol, series.timeframe, series.name) = (was.symbol, was.timeframe, was.name)
        ), told AS (
            INSERT INTO audit_trail (event_type, entity_type, entity_id, timestamp, actor, action, metadata, correlation_id)
            SELECT 'TIME_SERIES_ROWS_RETAINED', 'TIME_SERIES', went.id, clock_timestamp(), $3,
                format('retention removed %s %s of %s before %s', went.rows, replace(series_table, 'order_book_snapshots', 'order books'),
                       concat_ws(' ', went.symbol, nullif(went.timeframe, ''), nullif(went.name, '')), to_char(cutoff AT TIME ZONE 'UTC', 'YYYY-MM-DD')),
                jsonb_build_object('relation', series_table,
                    'from', to_char(went.first AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                    'to', to_char(cutoff AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'deleted', went.rows), correlation
            FROM went ORDER BY went.symbol COLLATE "C", went.timeframe COLLATE "C", went.name COLLATE "C"
        )
        SELECT went.symbol, went.timeframe, went.name, went.rows FROM went
        ORDER BY went.symbol COLLATE "C", went.timeframe COLLATE "C", went.name COLLATE "C";
END
$$;

-- What the jobs run, once a day; one for the bars and one for the rest, so that one that fails does not keep the other from its work. No search path of
-- their own: a procedure that has one cannot commit, and each stretch is a transaction. The setting is that of the store's own sessions: a version of
-- TimescaleDB that decompresses what a DELETE takes would stop at 100,000 rows.
CREATE OR REPLACE PROCEDURE bar_retention_job(job_id integer, config jsonb)
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
        PERFORM set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true);
        PERFORM public.retain_bars(stretch, 'wyckoff retention', correlation);
        COMMIT;
    END LOOP;
END
$$;

CREATE PROCEDURE time_series_retention_job(job_id integer, config jsonb)
LANGUAGE plpgsql
AS $$
DECLARE
    correlation CONSTANT uuid := gen_random_uuid();
    series_table text;
    cutoff timestamptz;
    stretch timestamptz;
BEGIN
    FOREACH series_table IN ARRAY ARRAY['trades', 'quotes', 'order_book_snapshots', 'indicators'] LOOP
        cutoff := public.retention_cutoff(series_table);
        LOOP
            stretch := public.retention_stretch(series_table, cutoff);
            EXIT WHEN stretch IS NULL;
            PERFORM set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true);
            PERFORM public.retain_time_series(series_table, stretch, 'wyckoff retention', correlation);
            COMMIT;
        END LOOP;
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION retention_cutoff(text), is_hypertable(text), retention_stretch(text, timestamptz),
    retain_time_series(text, timestamptz, text, uuid) FROM PUBLIC;
REVOKE ALL ON PROCEDURE time_series_retention_job(integer, jsonb) FROM PUBLIC;

-- Without a row in retention_policies the job finds nothing to do.
DO $$
BEGIN
    IF bars_are_hypertable() THEN
        PERFORM add_job('public.time_series_retention_job', INTERVAL '1 day');
    END IF;
END
$$;
