import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeDirectory } from '../../src/database/make-directory.js';

test('directories are made down to the last, by several at a time, and what cannot be made ends', async () => {
  const root = await mkdtemp(join(tmpdir(), 'wyckoff-make-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const deep = join(root, 'a', 'b', 'c');
  await Promise.all([makeDirectory(deep, 0o700), makeDirectory(deep, 0o700), makeDirectory(join(root, 'a'), 0o700)]);
  await makeDirectory(deep);
  expect((await stat(deep)).mode & 0o777).toBe(0o700);
  await makeDirectory('/');
  await writeFile(join(root, 'file'), '');
  await expect(makeDirectory(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeDirectory(join(root, 'file', 'a', 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeDirectory('/proc/nowhere/at/all')).rejects.toThrow(); // which Node's own tries forever on Linux
});
