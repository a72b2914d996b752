import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { passingName, sweep } from './leftovers.js';

const PREFIX = 'wyckoff-';
const swept = new Map<string, Promise<void>>();

/** A path in the temporary directory where nothing is yet. What killed processes had left there is removed before the first. */
export async function temporaryPath(): Promise<string> {
  const directory = tmpdir();
  const sweeping = swept.get(directory) ?? sweep(directory, PREFIX, '');
  swept.set(directory, sweeping);
  await sweeping;
  return join(directory, `${PREFIX}${await passingName()}`);
}
