import { randomUUID } from 'node:crypto';
import type { Report } from './problem.js';

/** A UUID that says, to the compiler, what it identifies. */
export type Id<Entity extends string> = string & { readonly __entity: Entity };

/** The UUID of a trading range. */
export type TradingRangeId = Id<'TRADING_RANGE'>;
/** The UUID of a pattern. */
export type PatternId = Id<'PATTERN'>;
/** The UUID of a signal. */
export type SignalId = Id<'SIGNAL'>;
/** The UUID of a campaign. */
export type CampaignId = Id<'CAMPAIGN'>;
/** The UUID of a result of a backtest. */
export type BacktestResultId = Id<'BACKTEST_RESULT'>;

/** As PostgreSQL writes it. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** An id for something that does not exist yet. The client makes it, so that a create that is sent twice is recognised. */
export function newId<T extends Id<string>>(): T {
  return randomUUID() as string as T;
}

/** Reads a UUID, in lower case. */
export function readId<T extends Id<string>>(value: unknown, path: string, report: Report): T | undefined {
  const id = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
  if (id !== undefined && UUID.test(id)) return id as T;
  const hint = "a UUID such as '3f2b6c1e-8d3a-4a55-9c0e-2f7d1b9a6e04'";
  report({ code: 'ID_INVALID', path, value, rule: 'not an id', hint });
  return undefined;
}

/** As {@link readId}, and null where nothing is given. */
export function readOptionalId<T extends Id<string>>(value: unknown, path: string, report: Report) {
  return value === undefined || value === null ? null : readId<T>(value, path, report);
}

/** As {@link readId}, and a new id where none is given. */
export function readOrMakeId<T extends Id<string>>(value: unknown, path: string, report: Report): T | undefined {
  return value === undefined ? newId<T>() : readId<T>(value, path, report);
}
