/** The 11 bytes every binary COPY starts with, then 4 bytes of flags and 4 of an extension's length (0). */
const HEADER_LENGTH = 19;
const TRAILER = -1;

/** PostgreSQL counts microseconds from 2000-01-01. */
const EPOCH_2000 = 946_684_800_000;
const EPOCH_2000_MICROSECONDS = 946_684_800_000_000n;
const TWO_32 = 2 ** 32;

/** Reads the rows of a binary COPY, field by field, straight into typed arrays. */
export class BinaryRowReader {
  #buffer: Buffer = Buffer.alloc(0);
  #offset = 0;
  #started = false;

  /** Takes the next bytes of the stream and calls `onRow` for each row that is whole; the rest waits for the next bytes. */
  push(chunk: Buffer, onRow: (row: BinaryRowReader) => void): void {
    const rest = this.#buffer.length - this.#offset;
    this.#buffer = rest === 0 ? chunk : Buffer.concat([this.#buffer.subarray(this.#offset), chunk]);
    this.#offset = 0;
    if (!this.#started) {
      if (this.#buffer.length < HEADER_LENGTH) return;
      this.#offset = HEADER_LENGTH;
      this.#started = true;
    }
    for (;;) {
      const end = this.#rowEnd();
      if (end === undefined) return;
      this.#offset += 2;
      onRow(this);
      this.#offset = end;
    }
  }

  /** TIMESTAMPTZ as milliseconds since the epoch (exact for whole milliseconds); NaN for NULL. */
  instant(): number {
    const buffer = this.#buffer;
    const length = buffer.readInt32BE(this.#offset);
    const high = buffer.readInt32BE(this.#offset + 4);
    const low = buffer.readUInt32BE(this.#offset + 8);
    this.#offset += 4 + Math.max(length, 0);
    return length < 0 ? Number.NaN : Math.floor((high * TWO_32 + low) / 1000) + EPOCH_2000;
  }

  /** TIMESTAMPTZ, which must not be NULL, as microseconds since the epoch. */
  microseconds(): bigint {
    return this.int8() + EPOCH_2000_MICROSECONDS;
  }

  /** Whether the next field is NULL; then it has been read. */
  takeNull(): boolean {
    if (this.#buffer.readInt32BE(this.#offset) >= 0) return false;
    this.#offset += 4;
    return true;
  }

  /** NUMERIC[] of one dimension, which must not be NULL, as `value x 10^scale`. */
  scaledArray(scale: 4 | 8): bigint[] {
    const dimensions = this.#buffer.readInt32BE(this.#offset + 4);
    const count = dimensions === 0 ? 0 : this.#buffer.readInt32BE(this.#offset + 16);
    this.#offset += dimensions === 0 ? 16 : 24;
    return Array.from({ length: count }, () => this.scaled(scale, 0n));
  }

  /** The text of JSONB, which must not be NULL. A byte in front of it names its version. */
  jsonb(): string {
    const start = this.#offset + 4;
    this.#offset = start + this.#buffer.readInt32BE(this.#offset);
    return this.#buffer.toString('utf8', start + 1, this.#offset);
  }

  /** INT8 or BIGINT, which must not be NULL. */
  int8(): bigint {
    const value = this.#buffer.readBigInt64BE(this.#offset + 4);
    this.#offset += 12;
    return value;
  }

  /** NUMERIC as `value x 10^scale`, where scale is a multiple of 4 and the column's own; `whenNull` for NULL. */
  scaled(scale: 0 | 4 | 8, whenNull: bigint): bigint {
    const buffer = this.#buffer;
    const start = this.#offset;
    const length = buffer.readInt32BE(start);
    if (length < 0) {
      this.#offset = start + 4;
      return whenNull;
    }
    this.#offset = start + 4 + length;
    // Groups of four decimal digits; the first is worth 10000^weight.
    const stored = buffer.readUInt16BE(start + 4);
    if (stored === 0) return 0n;
    const groups = buffer.readInt16BE(start + 6) + scale / 4 + 1;
    const negative = buffer.readUInt16BE(start + 8) === 0x4000;
    if (groups <= 4) {
      let value = 0;
      for (let group = 0; group < groups; group += 1) {
        value = value * 10_000 + (group < stored ? buffer.readUInt16BE(start + 12 + 2 * group) : 0);
      }
      // Four groups may pass 2^53: then the float has lost digits and the integer way follows.
      if (value <= Number.MAX_SAFE_INTEGER) return BigInt(negative ? -value : value);
    }
    let value = 0n;
    for (let group = 0; group < groups; group += 1) {
      value = value * 10_000n + BigInt(group < stored ? buffer.readUInt16BE(start + 12 + 2 * group) : 0);
    }
    return negative ? -value : value;
  }

  text(): string | null {
    const start = this.#offset + 4;
    const length = this.#buffer.readInt32BE(this.#offset);
    this.#offset = start + Math.max(length, 0);
    return length < 0 ? null : this.#buffer.toString('utf8', start, start + length);
  }

  /** Where the row that starts at the offset ends, or undefined while it is not whole or at the trailer. */
  #rowEnd(): number | undefined {
    const buffer = this.#buffer;
    let position = this.#offset;
    if (position + 2 > buffer.length) return undefined;
    const fields = buffer.readInt16BE(position);
    if (fields === TRAILER) return undefined;
    position += 2;
    for (let field = 0; field < fields; field += 1) {
      if (position + 4 > buffer.length) return undefined;
      const length = buffer.readInt32BE(position);
      position += 4 + Math.max(length, 0);
    }
    return position <= buffer.length ? position : undefined;
  }
}
