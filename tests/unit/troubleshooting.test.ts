import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { errorCodes } from '../setup/error-codes.js';

const PAGE = 'docs/troubleshooting.md';
const text = readFileSync(fileURLToPath(new URL(`../../${PAGE}`, import.meta.url)), 'utf8');

/** In the first column of a table: one code, or several that mean the same. */
const documented = new Map<string, number>();
for (const [, cell = ''] of text.matchAll(/^\| (`[A-Z][A-Z0-9_]*`(?:, `[A-Z][A-Z0-9_]*`)*) \|/gm))
  for (const [, code = ''] of cell.matchAll(/`(\w+)`/g)) documented.set(code, (documented.get(code) ?? 0) + 1);

it('every code that the sources can make has a line', () => {
  const missing = [...errorCodes()]
    .filter(([code]) => !documented.has(code))
    .map(
      ([code, file]) => `${PAGE} lacks a line for a code of src/${file}: | \`${code}\` | what happened | what to do |`,
    );
  expect(missing).toEqual([]);
});

it('every line is of a code that the sources can make, and there is one', () => {
  const codes = errorCodes();
  const stale = [...documented]
    .filter(([code, lines]) => !codes.has(code) || lines > 1)
    .map(
      ([code, lines]) => `${PAGE} has ${lines} of ${code}, which ${codes.has(code) ? 'needs one' : 'no source makes'}`,
    );
  expect(stale).toEqual([]);
});

it('codes are found wherever they are made', () => {
  const codes = errorCodes();
  for (const code of [
    'CIRCUIT_OPEN', // the first argument of an error
    'INGEST_CLOSED', // of its super()
    'UNIQUE_VIOLATION', // a property
    'UNEXPECTED', // behind a ??
    'PATTERN_REJECTED', // also a type of event
    'CAMPAIGN_LIMIT', // through a function of its own
    'TIMESCALE_LICENSE',
    'EVENT_CHANGED', // a type
    'P3018', // one word
    'ALLOCATION_TOO_PRECISE', // put together
    'ORDER_BOOKS_INVALID',
  ])
    expect(codes.has(code), code).toBe(true);
  for (const word of ['SIGNAL_FILLED', 'DB_HOST', 'TARGET_HIT', 'PG_VERSION'])
    expect(codes.has(word), word).toBe(false);
});

it('names only classes of errors that there are', async () => {
  const errors: Readonly<Record<string, unknown>> = await import('../../src/errors.js');
  const headings = [...text.matchAll(/^## (\w+Error(?:, \w+Error)*)$/gm)].flatMap(([, names = '']) =>
    names.split(', '),
  );
  expect(headings.length).toBeGreaterThan(12);
  expect(headings.filter((name) => !(name in errors))).toEqual([]);
});
