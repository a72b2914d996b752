/** The heads of the audit chains in a file: what `wyckoff audit verify` keeps, to compare the trail with later. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { UUID } from '../domain/identifier.js';
import { InvalidInputError } from '../errors.js';
import { type AuditHead, headLine } from '../repositories/audit/heads.js';

const FORMAT = 'wyckoff audit heads 1';
const LENGTH = /^(?:0|[1-9]\d{0,18})$/;
const HASH = /^[0-9a-f]{64}$/;

/** Writes one JSON document, `heads` and then the `digest` over them, beside the file; it takes the file's place when it is whole. */
export class HeadsFile {
  readonly #path: string;
  readonly #part: string;
  readonly #file: FileHandle;
  #separator = '\n';

  private constructor(path: string, part: string, file: FileHandle) {
    this.#path = path;
    this.#part = part;
    this.#file = file;
  }

  /** @throws InvalidInputError HEADS_FILE_UNWRITABLE */
  static async create(path: string): Promise<HeadsFile> {
    const part = `${path}.${process.pid}.part`;
    const file = await open(part, 'w').catch((error: Error) => {
      throw refusal('HEADS_FILE_UNWRITABLE', path, `cannot be written: ${error.message}`);
    });
    await file.write(`{\n  "format": "${FORMAT}",\n  "taken_at": "${new Date().toISOString()}",\n  "heads": [`);
    return new HeadsFile(path, part, file);
  }

  async add(heads: readonly AuditHead[]): Promise<void> {
    const lines = heads.map(({ correlationId, length, hash }) => {
      const line = `${this.#separator}    ${JSON.stringify({ correlation_id: correlationId, length: `${length}`, hash })}`;
      this.#separator = ',\n';
      return line;
    });
    await this.#file.write(lines.join(''));
  }

  async finish(digest: string): Promise<void> {
    await this.#file.write(`\n  ],\n  "digest": "${digest}"\n}\n`);
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#part, this.#path).catch((error: Error) => {
      throw refusal('HEADS_FILE_UNWRITABLE', this.#path, `cannot be written: ${error.message}`);
    });
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => {}); // closed already, where it was the rename that failed
    await rm(this.#part, { force: true });
  }
}

/** @throws InvalidInputError HEADS_FILE_UNREADABLE, HEADS_FILE_BROKEN: a file that was cut or changed would hide what it is there to show */
export async function readHeadsFile(path: string): Promise<AuditHead[]> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw refusal('HEADS_FILE_UNREADABLE', path, `cannot be read: ${error.message}`);
  });
  const broken = (why: string) =>
    refusal(
      'HEADS_FILE_BROKEN',
      path,
      `not what --save-heads wrote: ${why}`,
      'take a copy of the file that is whole; one that was cut or changed proves nothing',
    );
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw broken((error as Error).message);
  }
  const { format, heads, digest } = (document ?? {}) as Readonly<Record<string, unknown>>;
  if (format !== FORMAT || !Array.isArray(heads)) throw broken(`its format is not "${FORMAT}"`);
  const read = heads.map((head: unknown, index) => {
    const found = readHead(head);
    if (!found) throw broken(`heads[${index}] is not a head`);
    return found;
  });
  const hash = createHash('sha256');
  for (const head of read) hash.update(headLine(head));
  if (hash.digest('hex') !== digest) throw broken('the digest in it is not that of its heads');
  return read;
}

function readHead(value: unknown): AuditHead | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { correlation_id: correlationId, length, hash } = value as Readonly<Record<string, unknown>>;
  if (typeof correlationId !== 'string' || !UUID.test(correlationId)) return undefined;
  if (typeof length !== 'string' || !LENGTH.test(length)) return undefined;
  if (hash !== null && (typeof hash !== 'string' || !HASH.test(hash))) return undefined;
  return { correlationId, length: BigInt(length), hash };
}

function refusal(code: string, path: string, rule: string, hint?: string): InvalidInputError {
  return new InvalidInputError([{ code, path: '', value: path, rule, ...(hint && { hint }) }], 'heads file');
}
