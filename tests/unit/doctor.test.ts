import { describe, expect, test } from 'vitest';
import { canonical } from '../../src/database/doctor/canonical.js';
import { judgeClock } from '../../src/database/doctor/check-clock.js';
import { judgeDisk } from '../../src/database/doctor/check-disk.js';
import { statementOf } from '../../src/database/doctor/check-server.js';
import { quoted } from '../../src/database/doctor/compare-names.js';
import { writeManifest } from '../../src/database/doctor/manifest.js';
import { judgeExtension } from '../../src/database/layouts/extension.js';

describe('one text for one definition', () => {
  test('constants of a list get their cast one by one', () => {
    const printed =
      "CHECK (((phase)::text = ANY ((ARRAY['A'::character varying, 'it''s (B)'::character varying])::text[])))";
    const again =
      "CHECK (((phase)::text = ANY (ARRAY[('A'::character varying)::text, ('it''s (B)'::character varying)::text])))";
    expect(canonical(printed)).toBe(again);
    expect(canonical(again)).toBe(again);
  });

  test('what is joined by the same word comes out flat, and nothing else does', () => {
    expect(canonical('CHECK ((((a > 1) AND (a < 2)) AND ((b > 1) AND (b < 2))))')).toBe(
      'CHECK (((a > 1) AND (a < 2) AND (b > 1) AND (b < 2)))',
    );
    for (const text of [
      'CHECK (((a OR b) AND c))',
      'CHECK ((a OR (b AND c)))',
      'CHECK ((NOT (a AND b)))',
      'CHECK ((f((a AND b), c) AND d))',
      `CHECK ((a = ' AND ') AND (b))`,
      'CHECK ((a) = (b AND c))',
    ])
      expect(canonical(text)).toBe(text);
  });

  test('lines become one', () => {
    expect(canonical('CHECK (\nCASE\n    WHEN a THEN b\nEND)')).toBe('CHECK ( CASE WHEN a THEN b END)');
  });
});

test('the clock: what the way took is no difference', () => {
  expect(judgeClock(900, 1).differences).toBeUndefined();
  expect(judgeClock(-3_000, 2_500).differences).toBeUndefined();
  expect(judgeClock(-3_000, 10).differences).toMatchObject([{ found: '3.0 s behind' }]);
  expect(judgeClock(90_000, 1)).toMatchObject({
    differences: [{ expected: "1.0 s from this machine's at most", found: '90.0 s ahead' }],
  });
});

test('the disk: a gigabyte at least', () => {
  expect(judgeDisk('8 MB in this database', 2 ** 30, '/data')).toEqual({
    checked: '8 MB in this database, 1,024 MB free',
  });
  expect(judgeDisk('', 2 ** 30 - 1, '/data').differences).toMatchObject([{ object: '/data', found: '1,024 MB free' }]);
});

test('names are quoted where SQL would read something else', () => {
  expect(['signals', 'user', 'target_1', 'Mixed', 'a"b', '1st'].map(quoted)).toEqual([
    'signals',
    '"user"',
    'target_1',
    '"Mixed"',
    '"a""b"',
    '"1st"',
  ]);
});

test('the manifest has a line for each column, and wraps what is longer', () => {
  const column = { type: 'text', nullable: false, default: null };
  const table = { columns: { a: column }, constraints: {}, indexes: {}, triggers: {}, replicaIdentity: 'DEFAULT' };
  const text = writeManifest({
    tables: { t: table },
    functions: { f: { kind: 'FUNCTION', head: 'x'.repeat(200), body: ['', 'y'] } },
  });
  expect(text).toContain('"a": { "type": "text", "nullable": false, "default": null }\n');
  expect(text).toContain('      "body": ["", "y"]\n');
  expect(JSON.parse(text).tables.t).toEqual(table);
});

test('of an extension that cannot be used as it is, the mend is the statement', () => {
  const mendOf = (row: Parameters<typeof judgeExtension>[0]) => {
    const extension = judgeExtension(row);
    return extension.state === 'unusable' ? statementOf(extension.error.hint!) : undefined;
  };
  const there = { available: '2.28.3', installed: null, schema: null, preloaded: true, license: null, libraries: '' };
  expect(mendOf({ ...there, preloaded: false })).toBe(
    'ALTER SYSTEM SET shared_preload_libraries = timescaledb; -- and restart the server',
  );
  expect(mendOf({ ...there, installed: '2.17.0' })).toMatch(
    /^ALTER EXTENSION timescaledb UPDATE; -- in this database, as the first/,
  );
});
