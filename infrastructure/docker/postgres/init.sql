-- The image runs this once, with psql as the superuser, in the database POSTGRES_DB, when the volume is empty. What is in the tables comes from
-- the migrations, and who may do what from `wyckoff roles apply`; here is only what has to be there before them.
\set password `cat "$DB_PASSWORD_FILE"`
SELECT :'password' = '' AS missing \gset
\if :missing
  DO $$ BEGIN RAISE EXCEPTION 'DB_PASSWORD_FILE names no file with a password that the user postgres may read'; END $$;
\endif

-- One transaction: the health check asks for the role, and so for all of it.
BEGIN;
-- Should the next statements fail, the password is not to stand in the log.
SET LOCAL log_min_error_statement = panic;
SET LOCAL log_statement = none;
SET LOCAL log_min_duration_statement = -1;

CREATE EXTENSION IF NOT EXISTS timescaledb;
-- The group is empty until `wyckoff roles apply` gives it its rights.
CREATE ROLE wyckoff_app NOLOGIN;
CREATE ROLE wyckoff LOGIN PASSWORD :'password' IN ROLE wyckoff_app;
COMMIT;
