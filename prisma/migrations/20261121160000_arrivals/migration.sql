-- What arrives, for those who subscribe: one row a series and transaction, written with the rows themselves. A NOTIFY alone is lost with the
-- connection; here a reader finds what it missed. A reader keeps a snapshot (pg_current_snapshot): news is what that one does not see and its own
-- does. So transactions that commit out of order lose nothing, and a long one delays nobody but itself.

-- CreateTable
CREATE TABLE "arrivals" (
    "xid" BIGINT NOT NULL,
    "id" BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    "kind" VARCHAR(10) NOT NULL,
    "symbol" VARCHAR(20) NOT NULL,
    "timeframe" VARCHAR(5) NOT NULL DEFAULT '',
    "first_timestamp" TIMESTAMPTZ(6) NOT NULL,
    "last_timestamp" TIMESTAMPTZ(6) NOT NULL,
    "known_from" TIMESTAMPTZ(6) NOT NULL,
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "pk_arrivals" PRIMARY KEY ("xid", "id")
);

-- From here on: what Prisma cannot express. An identity, not a serial: who may insert needs no right on the sequence.

ALTER TABLE "arrivals"
    ADD CONSTRAINT "chk_arrivals_kind" CHECK (kind IN ('bar', 'trade', 'quote', 'orderBook', 'floor')),
    ADD CONSTRAINT "chk_arrivals_window" CHECK (first_timestamp <= last_timestamp);

COMMENT ON TABLE "arrivals" IS 'What was written, one row a series and transaction, for a day: what subscriptions read. The row of kind floor says up to which xid rows were pruned.';
COMMENT ON COLUMN "arrivals"."known_from" IS 'The created_at of the rows that were written: of bars or later, of trades, quotes and order books exactly.';

INSERT INTO "arrivals" (xid, id, kind, symbol, first_timestamp, last_timestamp, known_from)
OVERRIDING SYSTEM VALUE VALUES (0, 0, 'floor', '', 'epoch', 'epoch', 'epoch');

-- Wakes whoever waits. A listener that waits holds the lock 1465472838 (shared): a NOTIFY makes the commits of the whole server wait for each other,
-- so there is none where nobody waits. Both calls of the lock stand in one expression: nothing can cancel between them. No SET search_path: it
-- would cost more than the rest.
CREATE FUNCTION arrivals_wake() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF NOT (CASE WHEN pg_catalog.pg_try_advisory_lock(1465472838) THEN pg_catalog.pg_advisory_unlock(1465472838) ELSE false END) THEN
        PERFORM pg_catalog.pg_notify('wyckoff_arrivals', '');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER arrivals_wake AFTER INSERT ON arrivals FOR EACH STATEMENT EXECUTE FUNCTION arrivals_wake();

-- Every thousandth row removes up to two thousand that are older than a day: so it is done on every layout, by whoever writes. What is removed is all
-- that transactions up to one xid wrote, and the floor remembers that xid. At other isolations a row that somebody else removed would be an error.
-- In a database that was copied from another server, rows and floor of that one may be of transactions that are still to come here: they do not count.
CREATE FUNCTION arrivals_prune() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    cut bigint;
    horizon bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' OR NOT pg_try_advisory_xact_lock(1465472839) THEN
        RETURN NEW;
    END IF;
    horizon := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    WITH oldest AS MATERIALIZED (SELECT xid, known_from < clock_timestamp() - INTERVAL '1 day' AS aged
                                 FROM arrivals WHERE kind <> 'floor' AND xid < horizon ORDER BY xid, id LIMIT 2000)
    SELECT max(xid) INTO cut FROM oldest WHERE aged AND xid < coalesce((SELECT min(xid) FROM oldest WHERE NOT aged), 9223372036854775807);
    IF cut IS NOT NULL THEN
        DELETE FROM arrivals WHERE xid <= cut AND kind <> 'floor';
        UPDATE arrivals SET xid = cut WHERE kind = 'floor' AND id = 0 AND (xid <= cut OR xid >= horizon);
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER arrivals_prune BEFORE INSERT ON arrivals FOR EACH ROW WHEN (NEW.id % 1000 = 0) EXECUTE FUNCTION arrivals_prune();

-- A series whose first bars go, by retention too, says so.
CREATE FUNCTION bar_series_shorten() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO public.arrivals (xid, kind, symbol, timeframe, first_timestamp, last_timestamp, known_from, deleted)
    VALUES (pg_catalog.pg_current_xact_id()::text::bigint, 'bar', NEW.symbol, NEW.timeframe, OLD.first_timestamp,
            coalesce(NEW.first_timestamp - INTERVAL '1 millisecond', OLD.last_timestamp), NEW.updated_at, true);
    RETURN NULL;
END
$$;

CREATE TRIGGER bar_series_shorten AFTER UPDATE ON bar_series FOR EACH ROW
    WHEN (OLD.first_timestamp IS NOT NULL AND coalesce(NEW.first_timestamp > OLD.first_timestamp, true))
    EXECUTE FUNCTION bar_series_shorten();

REVOKE ALL ON FUNCTION arrivals_wake(), arrivals_prune(), bar_series_shorten() FROM PUBLIC;
