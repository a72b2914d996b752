import {
  ConflictError,
  IllegalMoveError,
  InvalidInputError,
  NotFoundError,
  StaleVersionError,
  type Store,
  type Transaction,
} from '../../../src/index.js';
import { agree } from './agree.js';
import { Dice } from './dice.js';
import { drawMove } from './draw.js';
import { type Move, type MoveName, make, predict } from './moves.js';
import { asAnswered, plainEntity } from './plain.js';
import { BY_THE_STORE, type Row, TABLES, type Table } from './rows.js';
import type { Group, Turn } from './sequences.js';
import type { Kind, World } from './world.js';

type Repositories = Omit<Transaction, 'transaction'>;

/** What was played: a line for each move, to be read when something disagrees, and which moves the store accepted at all. */
export interface Journal {
  readonly lines: string[];
  readonly accepted: Set<MoveName>;
}

class RolledBack extends Error {}

/** Plays one group on the store and in the model; answers the world after it. */
export async function playGroup(store: Store, world: World, group: Group, journal: Journal): Promise<World> {
  if (group.where === 'alone') {
    for (const turn of group.turns) await playTurn(store, world, turn, journal);
    return world;
  }
  const inside = world.copy();
  journal.lines.push(`transaction, ${group.where}`);
  const playing = store.transaction({ actor: 'model', retries: 0 }, async (tx) => {
    for (const turn of group.turns) await playTurn(tx, inside, turn, journal);
    if (group.where === 'rolled back') throw new RolledBack();
  });
  if (group.where === 'committed') await playing;
  else
    await playing.catch((error: unknown) => {
      if (!(error instanceof RolledBack)) throw error;
    });
  return group.where === 'committed' ? inside : world;
}

async function playTurn(repositories: Repositories, world: World, turn: Turn, journal: Journal): Promise<void> {
  const move = drawMove(world, new Dice(turn.rolls, turn.mood), turn.name);
  const before = world.copy();
  const outcome = predict(world, move);
  const answer = await answerOf(repositories, move);
  journal.lines.push(`${move.name} ${JSON.stringify(move.args)} -> ${answer.kind ?? 'accepted'}`);
  if (answer.kind === undefined) journal.accepted.add(move.name);
  if (outcome.refused) {
    if (answer.kind && outcome.refused.has(answer.kind)) return;
    agree(`${move.name}: the model refuses it, by one of ${[...outcome.refused].join(', ')}`, answer.kind, 'refused');
  }
  agree(`${move.name}: the model accepts it`, answer.error, undefined);
  const rows = answer.rows.map((row, index) => settled(world, before, row, outcome.rows?.[index]));
  agree(
    `${move.name}: the answer`,
    rows,
    outcome.rows?.map((row) => asAnswered(stored(world, row.id) ?? row)),
  );
}

async function answerOf(repositories: Repositories, move: Move) {
  try {
    return { rows: (await make(repositories, move)).map(plainEntity) };
  } catch (error) {
    const kind = kindOf(error);
    if (kind === undefined) throw error;
    return { kind, error, rows: [] };
  }
}

function kindOf(error: unknown): Kind | undefined {
  if (error instanceof NotFoundError) return 'NotFound';
  if (error instanceof StaleVersionError) return 'StaleVersion';
  if (error instanceof IllegalMoveError) return 'IllegalMove';
  if (error instanceof ConflictError) return 'Conflict';
  return error instanceof InvalidInputError ? 'InvalidInput' : undefined;
}

/** Gives the model the instants that the store's clock has set, if they can be such: no update is before the last one. */
function settled(world: World, before: World, answer: Readonly<Record<string, unknown>>, row: Row | undefined) {
  if (row === undefined) return answer;
  const set = Object.entries(row).filter(([, value]) => value === BY_THE_STORE);
  if (set.length === 0) return answer;
  const instants = Object.fromEntries(set.map(([column]) => [column, answer[column]]));
  for (const [column, value] of Object.entries(instants)) {
    const sound = typeof value === 'string' && !Number.isNaN(Date.parse(value));
    agree(`${row.id}: ${column} is an instant`, sound ? value : null, value);
  }
  const former = stored(before, row.id);
  if (!former) agree(`${row.id}: created_at and updated_at`, new Set(Object.values(instants)).size, 1);
  else if ('updated_at' in former) {
    const later = Date.parse(String(instants.updated_at)) >= Date.parse(former.updated_at);
    agree(`${row.id}: updated_at is not before ${former.updated_at}`, later, true);
  }
  world.settle(tableOf(world, row.id), { ...row, ...instants } as Row);
  return answer;
}

function stored(world: World, id: string): Row | undefined {
  return world.rows[tableOf(world, id)].get(id);
}

function tableOf(world: World, id: string): Table {
  return TABLES.find((table) => world.rows[table].has(id)) ?? 'trading_ranges';
}
