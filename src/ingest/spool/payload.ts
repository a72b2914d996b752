import type { Json } from '../../domain/json.js';
import { groupOf, type NewEntry, newEntry } from '../entry.js';
import type { KindName, RowOptions } from '../kinds/kind.js';
import { KINDS } from '../kinds/kinds.js';

interface Payload {
  readonly kind: KindName;
  readonly options: RowOptions;
  /** The rows of each entry. */
  readonly entries: readonly (readonly Json[])[];
}

/** Entries, and characters, of a record. A count fits 16 bits. */
const MOST_ENTRIES = 1_000;
const LONGEST = 2 ** 20;

/** Entries of one lane and group, in parts that a record holds each. */
export function* encodeEntries(entries: readonly NewEntry[]): Generator<{ count: number; payload: Buffer }> {
  const [first] = entries;
  if (first === undefined) return;
  const { kind, options } = first.group;
  const head = `{"kind":"${kind.name}","options":${JSON.stringify(options)},"entries":[`;
  let [text, count] = [head, 0];
  for (const { rows } of entries) {
    if (count === MOST_ENTRIES || (count > 0 && text.length > LONGEST)) {
      yield { count, payload: Buffer.from(`${text}]}`) };
      [text, count] = [head, 0];
    }
    text += `${count > 0 ? ',' : ''}[`;
    for (let index = 0; index < rows.length; index += 1)
      text += `${index > 0 ? ',' : ''}${JSON.stringify(kind.encode(rows[index]!))}`;
    text += ']';
    count += 1;
  }
  yield { count, payload: Buffer.from(`${text}]}`) };
}

export function decodeEntries(payload: Buffer, lane: number): NewEntry[] {
  const { kind: name, options, entries } = JSON.parse(payload.toString('utf8')) as Payload;
  const kind = KINDS[name];
  const group = groupOf(kind, options);
  return entries.map((rows) =>
    newEntry(
      group,
      rows.map((row) => kind.decode(row)),
      [],
      lane,
    ),
  );
}
