-- What was imported, file by file. A file's rows and its row here are one transaction, so a file that is here is in its tables, whole: a run that was
-- killed goes on behind it, and a second run leaves it alone. What a file wrote needs no list of its bars: all of them have the created_at that
-- import_series remembers, and what they replaced are revisions that carry the file's id.

-- CreateTable
CREATE TABLE "import_runs" (
    "id" UUID NOT NULL,
    "actor" VARCHAR(100) NOT NULL,
    "options" JSONB NOT NULL,
    "status" VARCHAR(10) NOT NULL DEFAULT 'running',
    "started_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(6),
    "undone_at" TIMESTAMPTZ(6),
    "skipped" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "pk_import_runs" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "import_files" (
    "id" UUID NOT NULL,
    "run_id" UUID NOT NULL,
    "path" TEXT NOT NULL,
    "content_hash" BYTEA NOT NULL,
    "bytes" BIGINT NOT NULL,
    "reading" JSONB NOT NULL,
    "status" VARCHAR(10) NOT NULL,
    "error" TEXT,
    "rows" BIGINT NOT NULL DEFAULT 0,
    "duplicates" BIGINT NOT NULL DEFAULT 0,
    "rejected" BIGINT NOT NULL DEFAULT 0,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "finished_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "undone_at" TIMESTAMPTZ(6),

    CONSTRAINT "pk_import_files" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "import_series" (
    "file_id" UUID NOT NULL,
    "kind" VARCHAR(10) NOT NULL,
    "symbol" VARCHAR(20) NOT NULL,
    "timeframe" VARCHAR(5) NOT NULL DEFAULT '',
    "name" VARCHAR(50) NOT NULL DEFAULT '',
    "first_timestamp" TIMESTAMPTZ(6) NOT NULL,
    "last_timestamp" TIMESTAMPTZ(6) NOT NULL,
    "inserted" BIGINT NOT NULL,
    "changed" BIGINT NOT NULL,
    "unchanged" BIGINT NOT NULL,
    "written_first" TIMESTAMPTZ(6),
    "written_last" TIMESTAMPTZ(6),
    "known_from" TIMESTAMPTZ(6),
    "checksum" BYTEA,
    "undone_from" TIMESTAMPTZ(6),

    CONSTRAINT "pk_import_series" PRIMARY KEY ("file_id", "kind", "symbol", "timeframe", "name")
);

-- CreateIndex
CREATE INDEX "idx_import_runs_started_at" ON "import_runs"("started_at" DESC);

-- CreateIndex
CREATE INDEX "idx_import_files_run" ON "import_files"("run_id");

-- CreateIndex
CREATE INDEX "idx_import_files_content_hash" ON "import_files"("content_hash");

-- CreateIndex
CREATE INDEX "idx_import_series_series" ON "import_series"("kind", "symbol", "timeframe");

-- AddForeignKey
ALTER TABLE "import_files" ADD CONSTRAINT "fk_import_files_run" FOREIGN KEY ("run_id") REFERENCES "import_runs"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "import_series" ADD CONSTRAINT "fk_import_series_file" FOREIGN KEY ("file_id") REFERENCES "import_files"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- From here on: what Prisma cannot express.

ALTER TABLE "import_runs"
    ADD CONSTRAINT "chk_import_runs_status" CHECK (status IN ('running', 'finished', 'aborted', 'undone')),
    ADD CONSTRAINT "chk_import_runs_undone" CHECK ((status = 'undone') = (undone_at IS NOT NULL)),
    ADD CONSTRAINT "chk_import_runs_skipped" CHECK (skipped >= 0);

ALTER TABLE "import_files"
    ADD CONSTRAINT "chk_import_files_status" CHECK (status IN ('imported', 'failed', 'undone')),
    ADD CONSTRAINT "chk_import_files_undone" CHECK ((status = 'undone') = (undone_at IS NOT NULL)),
    ADD CONSTRAINT "chk_import_files_error" CHECK ((status = 'failed') = (error IS NOT NULL)),
    ADD CONSTRAINT "chk_import_files_hash" CHECK (octet_length(content_hash) = 32),
    ADD CONSTRAINT "chk_import_files_counts" CHECK (bytes >= 0 AND rows >= 0 AND duplicates >= 0 AND rejected >= 0);

ALTER TABLE "import_series"
    ADD CONSTRAINT "chk_import_series_kind" CHECK (kind IN ('bar', 'trade', 'quote', 'orderBook', 'indicator')),
    ADD CONSTRAINT "chk_import_series_timeframe" CHECK ((kind IN ('bar', 'indicator')) = (timeframe <> '')),
    ADD CONSTRAINT "chk_import_series_name" CHECK ((kind = 'indicator') = (name <> '')),
    ADD CONSTRAINT "chk_import_series_counts" CHECK (inserted >= 0 AND changed >= 0 AND unchanged >= 0),
    ADD CONSTRAINT "chk_import_series_window" CHECK (first_timestamp <= last_timestamp),
    ADD CONSTRAINT "chk_import_series_written" CHECK ((written_first IS NULL) = (inserted + changed = 0)
        AND (written_last IS NULL) = (written_first IS NULL) AND coalesce(written_first <= written_last, true)),
    ADD CONSTRAINT "chk_import_series_bars" CHECK (kind <> 'bar' OR (known_from IS NOT NULL AND checksum IS NOT NULL)),
    ADD CONSTRAINT "chk_import_series_checksum" CHECK (octet_length(checksum) = 32);

COMMENT ON TABLE "import_files" IS 'Files that were imported, in one transaction with their rows; the id is the run_id of the revisions that they left. One that is imported here is not imported again.';
COMMENT ON COLUMN "import_series"."known_from" IS 'Of bars: the created_at of all that was written; no other write of the series has it.';
COMMENT ON COLUMN "import_series"."undone_from" IS 'Of bars: the created_at of what was restored when the file was undone.';
