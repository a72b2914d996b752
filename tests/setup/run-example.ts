import { ts } from 'ts-morph';
import * as wyckoffStore from '../../src/index.js';

const AsyncFunction = (async () => {}).constructor as new (
  ...parameters: string[]
) => (...given: unknown[]) => Promise<unknown>;

const quiet = { log: () => {}, error: () => {} };

/** Runs a piece of code of a page, with what it takes as given by name. What it prints is thrown away. */
export async function runExample(source: string, rows: object): Promise<unknown> {
  const take = (name: string) => (name === 'wyckoff-store' ? wyckoffStore : import(name));
  const given = { ...rows, take, console: quiet };
  return new AsyncFunction(...Object.keys(given), runnable(source))(...Object.values(given));
}

/** As the body of a function: in a block of its own it may use the names of what is given for its own. */
function runnable(source: string): string {
  const { outputText } = ts.transpileModule(source, { compilerOptions: { target: ts.ScriptTarget.ES2022 } });
  const code = outputText
    .replace(/^import (\{[^}]+\}) from ('[^']+');$/gm, 'const $1 = await take($2);')
    .replace(/^export \{\};$/m, '');
  return `{${code}}`;
}
