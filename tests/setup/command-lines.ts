/** Runs several commands of `wyckoff` in one process, whose start takes longer than they do: each argument is one, e.g. `storage status`. */
import { run } from '../../src/cli/program.js';

process.stderr.write = process.stdout.write.bind(process.stdout);
for (const line of process.argv.slice(2)) {
  process.exitCode = 0;
  await run(line.split(' '));
  process.stdout.write(`\0${process.exitCode}\0`);
}
