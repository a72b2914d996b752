/** Ids by their start: a whole one takes half of a terminal's line, and nobody types it. */
import { InvalidInputError, NotFoundError } from '../../errors.js';
import { type IdColumn, idsByPrefix } from '../../repositories/ledger/id-prefix.js';
import type { LedgerRow, LedgerTable } from '../../repositories/ledger/ledger-table.js';
import { missing } from '../../repositories/ledger/missing.js';
import type { Ledger } from './ledger.js';

const UUID_LENGTH = 36;
const NAMED = 5;

/** The id of a row that starts so. @throws NotFoundError, InvalidInputError ID_AMBIGUOUS */
export async function resolveRow<Entity extends LedgerRow>(
  { session }: Pick<Ledger, 'session'>,
  table: LedgerTable<Entity>,
  start: string,
  listedBy: string,
): Promise<string> {
  const id = await resolveId({ session }, { name: table.name, column: 'id' }, table.noun, start);
  if (id !== undefined) return id;
  if (start.length === UUID_LENGTH) throw await session.withClient((client) => missing(client, table, start));
  throw unknownStart(`${table.entityType}_UNKNOWN`, table.noun, start, listedBy);
}

/** The one id of a column that starts so, if any does. @throws InvalidInputError ID_AMBIGUOUS */
export async function resolveId(
  { session }: Pick<Ledger, 'session'>,
  column: IdColumn,
  noun: string,
  start: string,
): Promise<string | undefined> {
  const ids = await session.withClient((client) => idsByPrefix(client, column, start, NAMED + 1));
  if (ids.length <= 1) return ids[0];
  const rule = `the start of more than one ${noun}'s id`;
  const hint = `write more of it: ${ids.slice(0, NAMED).join(', ')}${ids.length > NAMED ? ' and more' : ''}`;
  throw new InvalidInputError([{ code: 'ID_AMBIGUOUS', path: '', value: start, rule, hint }], 'id');
}

export function unknownStart(code: string, noun: string, start: string, listedBy: string): NotFoundError {
  const which = start.length === UUID_LENGTH ? start : `whose id starts with ${start}`;
  return new NotFoundError(code, `there is no ${noun} ${which}`, { hint: `"${listedBy}" shows their ids` });
}
