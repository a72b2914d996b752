const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const EPOCH_2000 = 946_684_800_000;
const EPOCH_2000_MICROSECONDS = 946_684_800_000_000n;
const NEGATIVE = 0x4000;
const LARGEST_GROUP = 10_000;
const JSONB_VERSION = 1;
const EMPTY = Buffer.alloc(0);
/** Digit groups of the widest column, NUMERIC(28,8), and one for safety. */
const GROUPS = new Uint16Array(8);
const NUMERIC_OID = 1700;

/** Appends rows of a binary COPY to a buffer that {@link take} empties. */
export class BinaryRowWriter {
  length = 0;
  readonly #capacity: number;
  #buffer: Buffer;

  /** `capacity` is how many bytes it holds before it grows: for one row a large one would only be garbage, and its collection takes longer than the row. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  header(): void {
    this.#reserve(SIGNATURE.length);
    this.length += SIGNATURE.copy(this.#buffer, this.length);
  }

  trailer(): void {
    this.#reserve(2);
    this.length = this.#buffer.writeInt16BE(-1, this.length);
  }

  beginRow(fields: number): void {
    this.#reserve(2);
    this.length = this.#buffer.writeInt16BE(fields, this.length);
  }

  /** TIMESTAMPTZ from milliseconds since the epoch. */
  instant(milliseconds: number): void {
    const microseconds = (milliseconds - EPOCH_2000) * 1000;
    const high = Math.floor(microseconds / 2 ** 32);
    this.#reserve(12);
    this.length = this.#buffer.writeInt32BE(8, this.length);
    this.length = this.#buffer.writeInt32BE(high, this.length);
    this.length = this.#buffer.writeUInt32BE(microseconds - high * 2 ** 32, this.length);
  }

  /** TIMESTAMPTZ from microseconds since the epoch. */
  microseconds(at: bigint): void {
    this.int8(at - EPOCH_2000_MICROSECONDS);
  }

  int4(value: number): void {
    this.#reserve(8);
    this.length = this.#buffer.writeInt32BE(4, this.length);
    this.length = this.#buffer.writeInt32BE(value, this.length);
  }

  int8(value: bigint): void {
    this.#reserve(12);
    this.length = this.#buffer.writeInt32BE(8, this.length);
    this.length = this.#buffer.writeBigInt64BE(value, this.length);
  }

  /** NUMERIC from `value x 10^scale`: base 10000 digits, which a scale of 4, 8 or 12 fills exactly. */
  scaled(value: bigint | null, scale: 4 | 8 | 12): void {
    if (value === null) {
      this.null();
      return;
    }
    const negative = value < 0n;
    let count = 0;
    let rest = Number(negative ? -value : value);
    if (rest <= Number.MAX_SAFE_INTEGER) {
      while (rest > 0) {
        const next = Math.floor(rest / LARGEST_GROUP);
        GROUPS[count++] = rest - next * LARGEST_GROUP;
        rest = next;
      }
    } else {
      for (let large = negative ? -value : value; large > 0n; large /= 10_000n)
        GROUPS[count++] = Number(large % 10_000n);
    }
    this.#reserve(12 + 2 * count);
    const buffer = this.#buffer;
    let position = this.length;
    position = buffer.writeInt32BE(8 + 2 * count, position);
    position = buffer.writeUInt16BE(count, position);
    position = buffer.writeInt16BE(count - 1 - scale / 4, position); // weight of the first group
    position = buffer.writeUInt16BE(negative ? NEGATIVE : 0, position);
    position = buffer.writeUInt16BE(scale, position);
    for (let group = count - 1; group >= 0; group -= 1) position = buffer.writeUInt16BE(GROUPS[group]!, position);
    this.length = position;
  }

  /** NUMERIC[] of one dimension, likewise. */
  scaledArray(values: readonly bigint[], scale: 4 | 8): void {
    const start = this.length;
    const dimensions = values.length === 0 ? 0 : 1;
    this.#reserve(24);
    this.length = this.#buffer.writeInt32BE(dimensions, start + 4);
    this.length = this.#buffer.writeInt32BE(0, this.length); // no element is NULL
    this.length = this.#buffer.writeInt32BE(NUMERIC_OID, this.length);
    if (dimensions > 0) {
      this.length = this.#buffer.writeInt32BE(values.length, this.length);
      this.length = this.#buffer.writeInt32BE(1, this.length); // the first index
    }
    for (const value of values) this.scaled(value, scale);
    this.#buffer.writeInt32BE(this.length - start - 4, start);
  }

  /** JSONB from its text. */
  jsonb(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.#reserve(5 + bytes);
    this.length = this.#buffer.writeInt32BE(bytes + 1, this.length);
    this.length = this.#buffer.writeUInt8(JSONB_VERSION, this.length);
    this.length += this.#buffer.write(text, this.length);
  }

  text(value: string | null): void {
    if (value === null) {
      this.null();
      return;
    }
    const bytes = Buffer.byteLength(value);
    this.#reserve(4 + bytes);
    this.length = this.#buffer.writeInt32BE(bytes, this.length);
    this.length += this.#buffer.write(value, this.length);
  }

  null(): void {
    this.#reserve(4);
    this.length = this.#buffer.writeInt32BE(-1, this.length);
  }

  /** What was written so far; the writer starts anew on a buffer of its own, since the stream keeps this one until it is sent. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.length);
    this.#buffer = EMPTY;
    this.length = 0;
    return taken;
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#capacity, this.#buffer.length * 2, this.length + bytes));
    this.#buffer.copy(larger, 0, 0, this.length);
    this.#buffer = larger;
  }
}
