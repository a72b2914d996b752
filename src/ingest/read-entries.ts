import { readVolumeScale } from '../domain/amount.js';
import { readChoice } from '../domain/choice.js';
import { readOrThrow } from '../domain/problem.js';
import { InvalidInputError, type Problem } from '../errors.js';
import { groupOf, type NewEntry, newEntry } from './entry.js';
import type { Kind, ReadOptions, RowOptions } from './kinds/kind.js';

export interface AddOptions extends RowOptions {
  readonly nanoseconds?: 'reject' | 'cut' | undefined;
}

/** Reads what a caller adds: all of it, or none. @throws InvalidInputError naming every bad row by its position */
export function readEntries(kind: Kind, inputs: readonly unknown[], options: AddOptions): NewEntry[] {
  if (!Array.isArray(inputs)) {
    const rule = `not an array of ${kind.subject}`;
    const hint = 'put a single one into an array';
    throw new InvalidInputError([{ code: 'ROW_INVALID', path: '', value: inputs, rule, hint }], kind.subject);
  }
  const { volumeScale, nanoseconds = 'reject' } = options;
  if (volumeScale !== undefined) readOrThrow('options', (report) => readVolumeScale(volumeScale, report));
  readOrThrow('options', (report) => readChoice(nanoseconds, ['reject', 'cut'], 'nanoseconds', 'nanoseconds', report));
  const rules: ReadOptions = { ...options, onCut: nanoseconds === 'cut' ? () => {} : undefined };
  const group = groupOf(kind, options);
  const entries: NewEntry[] = [];
  /** Rows of this call without an id, by series and instant. */
  const unnamed = new Map<string, { rows: object[]; positions: number[] }>();
  const problems: Problem[] = [];
  for (let position = 0; position < inputs.length; position += 1) {
    const input = inputs[position];
    if (typeof input !== 'object' || input === null) {
      const rule = `not one of ${kind.subject}`;
      problems.push({ code: 'ROW_INVALID', path: '', value: input, rule, row: position });
      continue;
    }
    const row = kind.read(input as never, rules, (problem) => problems.push({ ...problem, row: position }));
    if (row === undefined || problems.length > 0) continue;
    const [rows, positions] = [[row], [position]];
    const entry = newEntry(group, rows, positions);
    const together = entry.unnamed ? unnamed.get(entry.key) : undefined;
    if (together) {
      together.rows.push(row);
      together.positions.push(position);
      continue;
    }
    if (entry.unnamed) unnamed.set(entry.key, { rows, positions });
    entries.push(entry);
  }
  if (problems.length > 0) throw new InvalidInputError(problems, kind.subject);
  return entries;
}
