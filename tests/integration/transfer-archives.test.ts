import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../src/errors.js';
import { listSources, openSource, type SourceOptions } from '../../src/transfer/read/archive/source.js';
import { zipFile } from '../setup/zip-file.js';
import { csv, days, directory, file, useCsvDirectory } from './csv-files.js';

useCsvDirectory();

let temporary: string;
const { TMPDIR } = process.env;
beforeAll(async () => {
  temporary = join(directory, 'temporary');
  await mkdir(temporary);
  process.env.TMPDIR = temporary;
});
afterAll(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
});

const unpackedFiles = () => readdirSync(temporary);
const text = csv(...days(300));
const gzip = gzipSync(text);

async function unpacked(path: string, options?: SourceOptions): Promise<string> {
  const source = await openSource(path, options);
  try {
    return await readFile(source.path, 'utf8');
  } finally {
    await source.close();
  }
}

async function refusal(path: string, options?: SourceOptions): Promise<InvalidInputError> {
  const opened = await openSource(path, options).catch((error: unknown) => error);
  expect(unpackedFiles()).toEqual([]);
  if (opened instanceof InvalidInputError) return opened;
  throw new Error(`not refused: ${String(opened)}`, { cause: opened });
}

describe('gzip', () => {
  it('is unpacked to a file that only this user may read, and that goes at the end', async () => {
    const source = await openSource(await file(gzip, 'AAPL_1d.csv.gz'));
    expect(source).toMatchObject({ packed: true, tellingNames: [expect.stringMatching(/AAPL_1d\.csv$/)] });
    expect(await readFile(source.path, 'utf8')).toBe(text);
    const [folder] = unpackedFiles();
    expect(statSync(join(temporary, folder!)).mode & 0o777).toBe(0o700);
    expect(statSync(source.path).mode & 0o777).toBe(0o600);
    await source.close();
    expect(unpackedFiles()).toEqual([]);
  });

  it('is told by its first bytes, and a plain file is left where it is', async () => {
    expect(await unpacked(await file(gzip, 'AAPL.csv'))).toBe(text);
    const path = await file(text, 'AAPL.csv.gz');
    expect(await openSource(path)).toMatchObject({ path, packed: false });
  });

  it.each([
    ['several members', Buffer.concat([gzip, gzipSync('more\n')]), `${text}more\n`],
    ['padding', Buffer.concat([gzip, Buffer.alloc(100_000)]), text],
    ['nothing', gzipSync(''), ''],
  ])('of %s', async (_, content, expected) => {
    expect(await unpacked(await file(content, 'AAPL.csv.gz'))).toBe(expected);
  });

  it.each([
    ['cut off', gzip.subarray(0, -20)],
    ['cut off in its checksum', gzip.subarray(0, -3)],
    ['of another checksum', Buffer.concat([gzip.subarray(0, -8), Buffer.alloc(8, 1)])],
    ['with garbage behind', Buffer.concat([gzip, Buffer.from('garbage')])],
    ['with garbage behind padding', Buffer.concat([gzip, Buffer.alloc(10), Buffer.from('garbage')])],
    ['with half a member behind', Buffer.concat([gzip, gzip.subarray(0, 12)])],
    ['of two bytes', gzip.subarray(0, 2)],
  ])('%s is refused', async (_, content) => {
    expect(await refusal(await file(content, 'AAPL.csv.gz'))).toMatchObject({ code: 'ARCHIVE_DAMAGED' });
  });

  it('in gzip, and Parquet in gzip, are refused', async () => {
    expect(await refusal(await file(gzipSync(gzip)))).toMatchObject({
      code: 'ARCHIVE_NESTED',
      hint: 'unpack the outer one',
    });
    expect(await refusal(await file(gzipSync('PAR1abc')))).toMatchObject({ code: 'ARCHIVE_NESTED', hint: 'unpack it' });
  });

  it('that is a bomb is refused while it is unpacked', async () => {
    const bomb = await file(gzipSync(Buffer.alloc(2 ** 26, '2024-01-01,1,1,1,1,1\n')));
    expect(await refusal(bomb)).toMatchObject({
      code: 'ARCHIVE_TOO_LARGE',
      problems: [{ rule: 'it unpacks to more than 200 times its size, as files of bars never do' }],
    });
    const limits = { bytes: text.length - 1, ratio: 200 };
    expect(await refusal(await file(gzip), { limits })).toMatchObject({
      code: 'ARCHIVE_TOO_LARGE',
      problems: [{ rule: `it unpacks to more than ${text.length - 1} bytes` }],
    });
  });

  it('ends with its signal, before and while it is unpacked, and leaves nothing', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(openSource(await file(gzip), { signal })).rejects.toThrow('enough');
    expect(unpackedFiles()).toEqual([]);
    const large = await file(gzipSync(randomBytes(2 ** 25).toString('hex'), { level: 1 }));
    const controller = new AbortController();
    const opened = openSource(large, { signal: controller.signal });
    while (unpackedFiles().length === 0) await setImmediate();
    controller.abort(new Error('enough'));
    await expect(opened).rejects.toThrow('enough');
    expect(unpackedFiles()).toEqual([]);
  });
});

describe('zip', () => {
  const entry = { name: 'bars/AAPL_1d.csv', content: text };

  it('of one file is that file', async () => {
    const path = await file(zipFile({ name: 'bars/', content: '', method: 0 }, entry), 'any.zip');
    expect(await listSources(path)).toEqual([path]);
    const source = await openSource(path);
    expect(source.tellingNames).toEqual(['bars/AAPL_1d.csv', path.replace('.zip', '.csv')]);
    expect(await readFile(source.path, 'utf8')).toBe(text);
    await source.close();
  });

  it('of several files is several, and says so', async () => {
    const path = await file(
      zipFile(
        entry,
        { name: 'MSFT.csv', content: 'msft', method: 0 },
        { name: 'zip64.txt', content: 'large', zip64: true },
        { name: 'old.csv.gz', content: gzip },
        { name: '__MACOSX/._MSFT.csv', content: 'x' },
        { name: '.hidden.csv', content: 'x' },
        { name: 'README.txt', content: 'x' },
        { name: 'chart.png', content: 'x' },
      ),
      'any.zip',
    );
    const names = ['bars/AAPL_1d.csv', 'MSFT.csv', 'zip64.txt', 'old.csv.gz'].map((name) => `${path}!${name}`);
    expect(await listSources(path)).toEqual(names);
    expect(await unpacked(names[0]!)).toBe(text);
    expect(await unpacked(names[1]!)).toBe('msft');
    expect(await unpacked(names[2]!)).toBe('large');
    expect(await refusal(names[3]!)).toMatchObject({ code: 'ARCHIVE_NESTED' });
    expect(await refusal(path)).toMatchObject({
      code: 'ARCHIVE_HAS_SEVERAL_FILES',
      hint: `name one of them: '${path}!bars/AAPL_1d.csv'`,
    });
    expect(await refusal(`${path}!TSLA.csv`)).toMatchObject({
      code: 'ARCHIVE_ENTRY_MISSING',
      hint: 'there is bars/AAPL_1d.csv, MSFT.csv, zip64.txt, old.csv.gz',
    });
  });

  it('is left alone where a file has such a name', async () => {
    const path = await file(text, 'any.zip!AAPL.csv');
    expect(await openSource(path)).toMatchObject({ path, packed: false });
  });

  it.each<[string, Buffer, string, string?]>([
    ['no entry', zipFile(), 'ARCHIVE_HAS_NO_FILE', 'it is empty'],
    [
      'no rows',
      zipFile({ name: 'a.png', content: 'x' }, { name: 'b.pdf', content: 'x' }),
      'ARCHIVE_HAS_NO_FILE',
      'it has a.png, b.pdf',
    ],
    [
      'a spreadsheet',
      zipFile({ name: '[Content_Types].xml', content: 'x' }, { name: 'xl/workbook.xml', content: 'x' }),
      'ARCHIVE_HAS_NO_FILE',
      'export the spreadsheet as CSV',
    ],
    ['an archive', zipFile({ name: '0.zip', content: zipFile(entry) }), 'ARCHIVE_NESTED'],
    ['Parquet', zipFile({ name: 'AAPL.parquet', content: 'PAR1' }), 'ARCHIVE_NESTED'],
    ['an encrypted entry', zipFile({ ...entry, flags: 1 }), 'ARCHIVE_ENCRYPTED'],
    ['another method', zipFile({ ...entry, method: 93 }), 'ARCHIVE_METHOD_UNKNOWN'],
    ['a path upwards', zipFile({ ...entry, name: 'a/../../AAPL.csv' }), 'ARCHIVE_NAME_INVALID'],
    ['an absolute path', zipFile({ ...entry, name: '/etc/AAPL.csv' }), 'ARCHIVE_NAME_INVALID'],
    ['a drive', zipFile({ ...entry, name: 'C:/AAPL.csv' }), 'ARCHIVE_NAME_INVALID'],
    ['backslashes', zipFile({ ...entry, name: '..\\AAPL.csv' }), 'ARCHIVE_NAME_INVALID'],
    ['a name for the terminal', zipFile({ ...entry, name: '\u001b[2JAAPL.csv' }), 'ARCHIVE_NAME_INVALID'],
    ['no name', zipFile({ ...entry, name: '' }), 'ARCHIVE_NAME_INVALID'],
    [
      'a symbolic link',
      zipFile({ name: 'AAPL.csv', content: '/etc/passwd', unixMode: 0o120777 }),
      'ARCHIVE_NAME_INVALID',
    ],
    ['a name twice', zipFile(entry, entry), 'ARCHIVE_NAME_INVALID'],
    ['two names of an entry', zipFile({ ...entry, localName: 'bars/MSFT_1d.csv' }), 'ARCHIVE_DAMAGED'],
    ['entries over one another', zipFile(entry, { ...entry, name: 'b.csv', sharesPart: 0 }), 'ARCHIVE_DAMAGED'],
    ['a size too small', zipFile({ ...entry, size: 10 }), 'ARCHIVE_DAMAGED'],
    ['a size too large', zipFile({ ...entry, size: text.length + 1 }), 'ARCHIVE_DAMAGED'],
    ['a huge size', zipFile({ ...entry, size: 0xfffffff0 }), 'ARCHIVE_TOO_LARGE'],
    ['another checksum', zipFile({ ...entry, crc: 1 }), 'ARCHIVE_DAMAGED'],
    ['an end that is cut off', zipFile(entry).subarray(0, -30), 'ARCHIVE_DAMAGED'],
    ['a bomb', zipFile({ name: 'a.csv', content: Buffer.alloc(2 ** 25) }), 'ARCHIVE_TOO_LARGE'],
    ['a bomb that lies', zipFile({ name: 'a.csv', content: Buffer.alloc(2 ** 25), size: 100 }), 'ARCHIVE_DAMAGED'],
  ])('with %s is refused', async (_, content, code, hint) => {
    expect(await refusal(await file(content, 'any.zip'))).toMatchObject({ code, ...(hint ? { hint } : {}) });
  });
});
