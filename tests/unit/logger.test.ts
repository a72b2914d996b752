import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** In a process of its own: the log goes to standard error. */
test('the log of an error has its code, and not the connection that an error of the driver carries', () => {
  const program = `
    const { createLogger } = await import('./src/observability/logger.ts');
    const error = Object.assign(new Error('lost'), { code: '57P01', client: { password: 'hunter2' } });
    createLogger('warn').warn({ err: error }, 'an idle connection was lost');`;
  const { stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  const { err } = JSON.parse(stderr);
  expect(err).toMatchObject({ type: 'Error', message: 'lost', code: '57P01', stack: expect.any(String) });
  expect(err).not.toHaveProperty('client');
});
