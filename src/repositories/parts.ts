/** Rows a statement: as one document, half a million of them would be longer than a string can be. */
const PART = 20_000;

/** The rows in parts, each for one statement. */
export function* partsOf<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let from = 0; from < rows.length; from += PART) yield rows.slice(from, from + PART);
}
