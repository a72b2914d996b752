import type { Report } from './problem.js';

/** Reads one of a fixed set of words. `name` says what it is: `a phase`. */
export function readChoice<Choice extends string>(
  value: unknown,
  choices: readonly Choice[],
  name: string,
  path: string,
  report: Report,
): Choice | undefined {
  if ((choices as readonly unknown[]).includes(value)) return value as Choice;
  const meant = choices.find(
    (choice) => typeof value === 'string' && choice.toLowerCase() === value.trim().toLowerCase(),
  );
  const hint = meant ? { hint: `write '${meant}'` } : {};
  report({ code: 'CHOICE_UNKNOWN', path, value, rule: `${name} is one of ${choices.join(', ')}`, ...hint });
  return undefined;
}
