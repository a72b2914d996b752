-- How far live rows that wait in local files (the spool) have come. A position is set in the transaction that writes the rows up to it, so that a
-- file which is read again after a crash writes none of them twice.

-- CreateTable
CREATE TABLE "ingest_positions" (
    "spool_id" UUID NOT NULL,
    "lane" SMALLINT NOT NULL,
    "position" BIGINT NOT NULL DEFAULT 0,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pk_ingest_positions" PRIMARY KEY ("spool_id", "lane")
);

-- From here on: what Prisma cannot express.

ALTER TABLE "ingest_positions"
    ADD CONSTRAINT "chk_ingest_positions_lane" CHECK (lane >= 0),
    ADD CONSTRAINT "chk_ingest_positions_position" CHECK (position >= 0);

-- Every batch updates its row: room on the page lets it do so without touching the index.
ALTER TABLE "ingest_positions" SET (fillfactor = 50);

COMMENT ON COLUMN "ingest_positions"."position" IS 'How many rows of this lane of the spool are in their tables or in the dead letters.';
