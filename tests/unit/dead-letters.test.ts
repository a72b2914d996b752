import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DeadLetters } from '../../src/ingest/dead-letters.js';

const LETTER = { time: '', kind: 'bar', code: 'X', message: '', attempts: 1, options: {}, rows: [] } as const;

test('letters that another process took out meanwhile are taken out', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-letters-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const [mine, others] = [new DeadLetters(directory), new DeadLetters(directory)];
  await mine.append([{ ...LETTER, id: 'a/0/1' }]);
  await Promise.all([mine.remove(new Set(['a/0/1'])), others.remove(new Set(['a/0/1']))]);
  expect(await mine.list()).toEqual([]);
});
