import fc from 'fast-check';
import type { Mood } from './dice.js';
import type { DrawName } from './draw.js';

/** A move that is drawn when its turn comes: the world as it is then and these rolls decide it. */
export interface Turn {
  readonly name?: DrawName | undefined;
  readonly mood: Mood;
  readonly rolls: readonly number[];
}

/** Turns that are taken one by one, or in one transaction, which may be rolled back in the end. */
export interface Group {
  readonly where: 'alone' | 'committed' | 'rolled back';
  readonly turns: readonly Turn[];
}

export interface Sequence {
  /** Whether an unusual volume warns or refuses. */
  readonly volumeRule: 'warn' | 'reject';
  readonly groups: readonly Group[];
}

const rolls = fc.array(fc.nat({ max: 9_999 }), { minLength: 24, maxLength: 24 }).map((all) => all as readonly number[]);
const where = fc.oneof(
  { weight: 5, arbitrary: fc.constant('alone' as const) },
  { weight: 4, arbitrary: fc.constant('committed' as const) },
  { weight: 2, arbitrary: fc.constant('rolled back' as const) },
);

const group: fc.Arbitrary<Group> = fc.record({
  where,
  turns: fc.array(fc.record({ mood: fc.constant('wild' as const), rolls }), {
    minLength: 1,
    maxLength: 7,
    size: 'max',
  }),
});

function calm(...names: readonly DrawName[]): fc.Arbitrary<readonly Turn[]> {
  return fc.tuple(...names.map((name) => rolls.map((all) => ({ name, mood: 'calm' as const, rolls: all }))));
}

/** From a range to positions in a campaign, so that what follows has something to go wrong with. */
const story: fc.Arbitrary<readonly Group[]> = fc
  .tuple(
    fc.constantFrom('alone' as const, 'committed' as const),
    calm('range', 'pattern', 'confirmation', 'campaign'),
    fc.array(calm('signal', 'approval', 'fill', 'entry'), { maxLength: 3, size: 'max' }),
  )
  .map(([place, opening, positions]) => [{ where: place, turns: [...opening, ...positions.flat()] }]);

/** The values of what is written, one after the other, each at some boundary. */
const boundaries: fc.Arbitrary<readonly Group[]> = fc
  .array(
    fc.record({
      name: fc.constantFrom<DrawName[]>(
        ...(['pattern', 'pattern', 'pattern', 'signal', 'signal', 'signal'] as const),
        ...(['range', 'entry', 'backtest', 'exit'] as const),
      ),
      mood: fc.constant('picky' as const),
      rolls,
    }),
    { minLength: 1, maxLength: 14, size: 'max' },
  )
  .map((turns) => [{ where: 'alone', turns }]);

export const sequences: fc.Arbitrary<Sequence> = fc
  .record({
    volumeRule: fc.constantFrom('warn' as const, 'reject' as const),
    story: fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 4, arbitrary: story }),
    boundaries: fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: boundaries }),
    groups: fc.array(group, { minLength: 1, maxLength: 4, size: 'max' }),
  })
  .map(({ volumeRule, story: opening, boundaries: edges, groups }) => ({
    volumeRule,
    groups: [...opening, ...edges, ...groups],
  }));
