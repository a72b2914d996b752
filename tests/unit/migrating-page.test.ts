import { expect, it } from 'vitest';
import { compile } from '../setup/compile.js';
import { readBlocks } from '../setup/page-blocks.js';

it('the code of docs/migrating.md compiles', async () => {
  const pieces = readBlocks('docs/migrating.md').filter(({ language }) => language === 'ts');
  expect(pieces.length).toBeGreaterThan(9);
  const named = pieces.map(({ heading, source }, index) => ({ name: `${heading}, piece ${index}`, source }));
  expect(await compile(named)).toEqual([]);
}, 180_000);
