-- Signals are looked up by their symbol, as patterns and campaigns are.
CREATE INDEX "idx_signals_symbol" ON "signals"("symbol", "generated_at" DESC);

-- As before, but the head of a chain is inserted only where there is none, instead of an INSERT ... ON CONFLICT DO NOTHING for every event.
CREATE OR REPLACE FUNCTION audit_trail_place() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    head audit_chains;
    tail audit_trail;
BEGIN
    SELECT * INTO head FROM audit_chains WHERE correlation_id = NEW.correlation_id FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO audit_chains (correlation_id) VALUES (NEW.correlation_id) ON CONFLICT DO NOTHING;
        SELECT * INTO STRICT head FROM audit_chains WHERE correlation_id = NEW.correlation_id FOR UPDATE;
    END IF;
    SELECT * INTO tail FROM audit_trail WHERE correlation_id = NEW.correlation_id AND seq > head.length ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(tail.seq, head.length) + 1;
    NEW.prev_hash := CASE WHEN tail.seq IS NULL THEN head.last_hash ELSE tail.row_hash END;
    NEW.row_hash := audit_trail_hash(NEW);
    RETURN NEW;
END
$$;

-- In the hash no metadata and a JSON null are the same: only one of them may be there.
ALTER TABLE "audit_trail" ADD CONSTRAINT "chk_audit_trail_metadata" CHECK (metadata <> 'null'::jsonb);
