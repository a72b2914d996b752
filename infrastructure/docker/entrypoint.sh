#!/bin/sh
# A container gets its password as a file, so that it is not shown with its environment; the store reads DB_PASSWORD.
set -eu
if [ -n "${DB_PASSWORD_FILE:-}" ]; then
  if ! DB_PASSWORD=$(cat "$DB_PASSWORD_FILE") || [ -z "$DB_PASSWORD" ]; then
    echo "DB_PASSWORD_FILE: $DB_PASSWORD_FILE is empty, or user $(id -u) may not read it" >&2
    exit 1
  fi
  export DB_PASSWORD
fi
exec "$@"
