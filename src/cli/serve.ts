/** `wyckoff serve`: metrics for Prometheus and health for probes. */
import { type Command, InvalidArgumentError } from 'commander';
import { Interruption, withStore } from './context.js';
import { note } from './output.js';

export function registerServeCommand(program: Command): void {
  program
    .command('serve')
    .description('serve /metrics, /health/live and /health/ready until stopped')
    .option('--host <address>', 'the address to listen on; 0.0.0.0 is every network of this machine', '127.0.0.1')
    .option('--port <number>', 'the port; 0 takes a free one', readPort, 9464)
    .addHelpText(
      'after',
      '\n/health/live says that this process answers, /health/ready that it reaches the database (200, otherwise 503).\n' +
        '\nExit status: 0 when it was told to stop, 1 when it cannot serve.\nExample: wyckoff serve --port 9464',
    )
    .action(serve);
}

async function serve(options: { host: string; port: number }): Promise<void> {
  try {
    await withStore(
      async (store, signal) => {
        const url = await store.serve(options);
        note(`Serving ${url}/metrics, ${url}/health/live and ${url}/health/ready. Ctrl-C stops it.`);
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      },
      { metrics: true },
    );
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
  }
}

function readPort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
  }
  return Number(text);
}
