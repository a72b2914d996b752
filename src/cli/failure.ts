import { describeProblem, InvalidInputError, WyckoffError } from '../errors.js';

const SHOWN_PROBLEMS = 20;

/** Tells on standard error why a command failed. An error that nobody expected comes with its stack. */
export function reportFailure(error: unknown): void {
  if (!(error instanceof WyckoffError)) {
    complain(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    complain('This is a fault in wyckoff-store, not in what you did: please report it with the lines above.');
    return;
  }
  complain(`error: ${error.message} [${error.code}]`);
  if (error instanceof InvalidInputError && error.problems.length > 1) {
    for (const problem of error.problems.slice(0, SHOWN_PROBLEMS)) complain(`  ${describeProblem(problem)}`);
    const rest = error.problems.length - SHOWN_PROBLEMS;
    if (rest > 0) complain(`  and ${rest.toLocaleString('en-US')} more`);
  }
  if (error.hint) complain(`hint: ${error.hint}`);
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}
