import type pg from 'pg';
import { expect } from 'vitest';
import { InvalidInputError, type Problem, WyckoffError } from '../../src/errors.js';

/** Every row of the ledger, with what changes when it is updated, and how many events there are. */
export async function ledgerContent(raw: pg.Client): Promise<Readonly<Record<string, unknown>>> {
  const tables = ['trading_ranges', 'patterns', 'signals', 'campaigns', 'backtest_results', 'audit_chains'];
  const rows = tables.map(
    (table) => `(SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM ${table} t) AS ${table}`,
  );
  const found = await raw.query(`SELECT (SELECT count(*)::int FROM audit_trail) AS events, ${rows.join(', ')}`);
  return found.rows[0];
}

/** What an attempt fails with, once it is certain that it changed nothing in the ledger. */
export async function refusal(raw: pg.Client, attempt: () => Promise<unknown>): Promise<WyckoffError> {
  const before = await ledgerContent(raw);
  const error = await attempt().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, 'it is refused').toBeInstanceOf(WyckoffError);
  expect(await ledgerContent(raw), 'nothing is written').toEqual(before);
  return error as WyckoffError;
}

/** The problems of an input that is refused. */
export async function problemsOf(raw: pg.Client, attempt: () => Promise<unknown>): Promise<readonly Problem[]> {
  const error = await refusal(raw, attempt);
  expect(error).toBeInstanceOf(InvalidInputError);
  return (error as InvalidInputError).problems;
}

/** Problems as `CODE path: rule`, with the position in front where there is one. */
export async function refusedFor(raw: pg.Client, attempt: () => Promise<unknown>): Promise<string[]> {
  const problems = await problemsOf(raw, attempt);
  return problems.map(({ row, code, path, rule }) => `${row === undefined ? '' : `${row} `}${code} ${path}: ${rule}`);
}
