import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

/** Waits until so many sessions of the database wait for a lock. */
export async function untilWaiting(raw: pg.Client, sessions = 1): Promise<void> {
  const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  while ((await raw.query(waiting)).rowCount! < sessions) await sleep(5);
}

/** Waits until so many other sessions of the database are left: the server takes a moment to end one whose connection is closed. */
export async function untilSessions(raw: pg.Client, sessions: number): Promise<void> {
  const others =
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
  while ((await raw.query(others)).rowCount! > sessions) await sleep(5);
}
