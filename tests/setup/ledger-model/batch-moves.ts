import type { Row } from './rows.js';
import { type Kind, type Outcome, refused, type Values, type World } from './world.js';

type Create = (world: World, input: Values) => Outcome;

/** Many creates as one: all of them, or none. */
export function manyOf(create: Create): (world: World, inputs: readonly Values[]) => Outcome {
  return (world, inputs) => {
    if (new Set(inputs.map(({ id }) => id)).size < inputs.length) return refused('InvalidInput', 'Conflict');
    const trial = world.copy();
    const kinds = inputs.flatMap((input): Kind[] => [...(create(trial, input).refused ?? [])]);
    if (kinds.length > 0) return refused(...kinds);
    return { rows: inputs.flatMap((input): readonly Row[] => create(world, input).rows ?? []) };
  };
}
