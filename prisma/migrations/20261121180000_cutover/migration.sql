-- The way of the bars from files into the database: its phase, how far the copy has come, and what was written to the database and waits to be
-- written to the files. A writer holds the phase's row FOR SHARE until it commits, and a step takes it FOR UPDATE: no write straddles a step.

-- CreateTable
CREATE TABLE "cutovers" (
    "scope" VARCHAR(20) NOT NULL,
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "phase" VARCHAR(20) NOT NULL DEFAULT 'files',
    "started_at" TIMESTAMPTZ(6),
    "verified_at" TIMESTAMPTZ(6),
    "stopped_at" TIMESTAMPTZ(6),
    "archived_to" TEXT,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pk_cutovers" PRIMARY KEY ("scope")
);

-- CreateTable
CREATE TABLE "cutover_progress" (
    "symbol" VARCHAR(20) NOT NULL,
    "timeframe" VARCHAR(5) NOT NULL,
    "copied_until" TIMESTAMPTZ(6),
    "done" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "pk_cutover_progress" PRIMARY KEY ("symbol", "timeframe")
);

-- CreateTable
CREATE TABLE "cutover_outbox" (
    "id" BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    "operation" VARCHAR(10) NOT NULL,
    "document" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pk_cutover_outbox" PRIMARY KEY ("id")
);

-- From here on: what Prisma cannot express. An identity, not a serial: who may insert needs no right on the sequence.

ALTER TABLE "cutovers"
    ADD CONSTRAINT "chk_cutovers_scope" CHECK (scope = 'bars'),
    ADD CONSTRAINT "chk_cutovers_phase" CHECK (phase IN ('files', 'dual', 'backfilled', 'verified', 'switched', 'restoring', 'stopped', 'archiving', 'archived'));
ALTER TABLE "cutover_outbox"
    ADD CONSTRAINT "chk_cutover_outbox_operation" CHECK (operation IN ('upsert', 'delete', 'deleted'));

COMMENT ON TABLE "cutovers" IS 'Which side of a cutover from files is written and read, one row a scope. A row that is not there cannot be locked: the migration makes it.';
COMMENT ON COLUMN "cutovers"."stopped_at" IS 'The files have what the database was told by this instant.';
COMMENT ON TABLE "cutover_outbox" IS 'Writes that are in the database and not yet in the files, in the order in which they are to be made there; deleted: what was deleted from the files alone after a cutover was rolled back, and the next one is to delete from the database.';

INSERT INTO "cutovers" (scope) VALUES ('bars');
