import { open } from 'node:fs/promises';
import { type InvalidInputError, WyckoffError } from '../../../errors.js';
import { sizeOfFile } from '../csv-text.js';
import { fileError } from '../file-problem.js';

const MAGIC = 'PAR1';
const ENCRYPTED_MAGIC = 'PARE';
/** Magic, length of the footer, magic. */
const TAIL = 8;

/** Whether a file begins as Parquet does. */
export async function isParquet(path: string): Promise<boolean> {
  const { head } = await ends(path);
  return head === MAGIC || head === ENCRYPTED_MAGIC;
}

/** @throws InvalidInputError `PARQUET_DAMAGED` or `PARQUET_ENCRYPTED` where the file as a whole cannot be Parquet that is read here */
export async function checkFooter(path: string, name: string): Promise<void> {
  const { head, tail, footer, size } = await ends(path);
  if (tail === ENCRYPTED_MAGIC || head === ENCRYPTED_MAGIC) throw encrypted(name);
  if (tail !== MAGIC) throw damaged(name, 'the file does not end as Parquet does: it was cut off');
  if (head !== MAGIC || footer === 0 || footer > size - TAIL - MAGIC.length)
    throw damaged(name, 'its footer is broken');
}

async function ends(path: string) {
  const size = await sizeOfFile(path);
  const file = await open(path).catch((cause: Error) => {
    throw fileError({ code: 'FILE_UNREADABLE', path: '', value: path, rule: cause.message });
  });
  try {
    const head = Buffer.alloc(MAGIC.length);
    const tail = Buffer.alloc(TAIL);
    await file.read(head, 0, MAGIC.length, 0);
    if (size >= TAIL) await file.read(tail, 0, TAIL, size - TAIL);
    return { size, head: head.toString('latin1'), tail: tail.toString('latin1', 4), footer: tail.readUInt32LE(0) };
  } finally {
    await file.close();
  }
}

export function damaged(name: string, reason: string): InvalidInputError {
  const hint = 'write the file again, or get it again: it is not whole';
  return fileError({ code: 'PARQUET_DAMAGED', path: '', value: name, rule: reason, hint });
}

function encrypted(name: string): InvalidInputError {
  const rule = 'the file is encrypted, and encrypted files are not read';
  return fileError({ code: 'PARQUET_ENCRYPTED', path: '', value: name, rule, hint: 'write it without a key' });
}

/** What DuckDB says where the machine, and not the file, is at fault. */
const NOT_THE_FILE = /^(?:INTERRUPT|Interrupted)|No space left|temp_directory|Could not write/i;

/** Runs a statement that reads the file, and tells what DuckDB says of a damaged one as what it is. */
export async function readingFile<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain(name, error);
  }
}

export function explain(name: string, error: unknown): unknown {
  if (!(error instanceof WyckoffError) || error.code !== 'DUCKDB_FAILED') return error;
  const said = error.cause instanceof Error ? error.cause.message : error.message;
  if (NOT_THE_FILE.test(said)) return error;
  if (said.startsWith('Out of Memory')) {
    const rule = 'its row groups are larger than the memory that reading may take';
    const hint = 'write it with smaller row groups: of bars some 100,000 rows, of deep order books some hundred';
    return fileError({ code: 'ROW_GROUP_TOO_LARGE', path: '', value: name, rule, hint });
  }
  if (/encrypted/i.test(said)) return encrypted(name);
  return damaged(name, `it cannot be read: ${readable(said)}`);
}

const SHOWN = 200;

/** Its first line without what is not text: a message may quote bytes of the file. */
function readable(message: string): string {
  const [line = ''] = message.split('\n\nLINE ');
  return line
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, SHOWN)
    .trim();
}
