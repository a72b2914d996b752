/** The 11 bytes every binary COPY starts with, then 4 bytes of flags and 4 of an extension's length (0). */
const HEADER_LENGTH = 19;
const TRAILER = -1;

/** PostgreSQL counts microseconds from 2000-01-01. */
const EPOCH_2000 = 946_684_800_000;
const EPOCH_2000_MICROSECONDS = 946_684_800_000_000;
const TWO_32 = 2 ** 32;
/** The sign of a NUMERIC. */
const NEGATIVE = 0x4000;

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
/** Where the low half of a 64-bit integer stands among its two 32-bit ones. */
const LOW = LITTLE_ENDIAN ? 0 : 1;

/** Reads the rows of a binary COPY, field by field, straight into typed arrays. */
export class BinaryRowReader {
  #buffer: Buffer = Buffer.alloc(0);
  /** Of the same bytes: its reads are the quicker ones. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  #offset = 0;
  #started = false;

  /** Takes the next bytes of the stream and calls `onRow` for each row that is whole; the rest waits for the next bytes. */
  push(chunk: Buffer, onRow: (row: BinaryRowReader) => void): void {
    const rest = this.#buffer.length - this.#offset;
    this.#buffer = rest === 0 ? chunk : Buffer.concat([this.#buffer.subarray(this.#offset), chunk]);
    this.#view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.length);
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
    const view = this.#view;
    const length = view.getInt32(this.#offset);
    const high = view.getInt32(this.#offset + 4);
    const low = view.getUint32(this.#offset + 8);
    this.#offset += 4 + Math.max(length, 0);
    return length < 0 ? Number.NaN : Math.floor((high * TWO_32 + low) / 1000) + EPOCH_2000;
  }

  /** TIMESTAMPTZ, which must not be NULL, as microseconds since the epoch. */
  microseconds(): bigint {
    return this.int8() + BigInt(EPOCH_2000_MICROSECONDS);
  }

  /** As {@link microseconds}, into the place of a column as {@link int8To} takes it. */
  microsecondsTo(halves: Int32Array, place: number): void {
    const view = this.#view;
    const since2000 = view.getInt32(this.#offset + 4) * TWO_32 + view.getUint32(this.#offset + 8);
    const since = since2000 + EPOCH_2000_MICROSECONDS;
    // Before 1715 the first may have lost digits where the second is a safe integer again.
    if (Number.isSafeInteger(since2000) && Number.isSafeInteger(since)) {
      putSafe(since, halves, place);
      this.#offset += 12;
    } else putWide(this.microseconds(), halves, place);
  }

  /** Whether the next field is NULL; then it has been read. */
  takeNull(): boolean {
    if (this.#view.getInt32(this.#offset) >= 0) return false;
    this.#offset += 4;
    return true;
  }

  /** NUMERIC[] of one dimension, which must not be NULL, as `value x 10^scale`. */
  scaledArray(scale: 4 | 8): bigint[] {
    const dimensions = this.#view.getInt32(this.#offset + 4);
    const count = dimensions === 0 ? 0 : this.#view.getInt32(this.#offset + 16);
    this.#offset += dimensions === 0 ? 16 : 24;
    return Array.from({ length: count }, () => this.scaled(scale, 0n));
  }

  /** The text of JSONB, which must not be NULL. A byte in front of it names its version. */
  jsonb(): string {
    const start = this.#offset + 4;
    this.#offset = start + this.#view.getInt32(this.#offset);
    return this.#buffer.toString('utf8', start + 1, this.#offset);
  }

  /** INT8 or BIGINT, which must not be NULL. */
  int8(): bigint {
    const value = this.#view.getBigInt64(this.#offset + 4);
    this.#offset += 12;
    return value;
  }

  /** As {@link int8}, into the place of a column that is given as 32-bit integers, two for each of its own. */
  int8To(halves: Int32Array, place: number): void {
    halves[2 * place + LOW] = this.#view.getInt32(this.#offset + 8);
    halves[2 * place + 1 - LOW] = this.#view.getInt32(this.#offset + 4);
    this.#offset += 12;
  }

  /** NUMERIC as `value x 10^scale`, where scale is a multiple of 4 and the column's own; `whenNull` for NULL. */
  scaled(scale: 0 | 4 | 8, whenNull: bigint): bigint {
    const start = this.#offset;
    const value = this.#safeScaled(scale);
    if (value === undefined) return whenNull;
    return Number.isNaN(value) ? this.#wideScaled(start, scale) : BigInt(value);
  }

  /** As {@link scaled}, into the place of a column as {@link int8To} takes it; false, and nothing is written, for NULL. No BigInt is made. */
  scaledTo(scale: 0 | 4 | 8, halves: Int32Array, place: number): boolean {
    const start = this.#offset;
    const value = this.#safeScaled(scale);
    if (value === undefined) return false;
    if (Number.isNaN(value)) putWide(this.#wideScaled(start, scale), halves, place);
    else putSafe(value, halves, place);
    return true;
  }

  /** Undefined for NULL, NaN for a value that a float may not hold; in any case behind the field. */
  #safeScaled(scale: 0 | 4 | 8): number | undefined {
    const view = this.#view;
    const start = this.#offset;
    const length = view.getInt32(start);
    this.#offset = start + 4 + Math.max(length, 0);
    if (length < 0) return undefined;
    // Groups of four decimal digits; the first is worth 10000^weight.
    const stored = view.getUint16(start + 4);
    if (stored === 0) return 0;
    const groups = view.getInt16(start + 6) + scale / 4 + 1;
    if (groups > 4) return Number.NaN;
    let value = 0;
    for (let group = 0; group < groups; group += 1) {
      value = value * 10_000 + (group < stored ? view.getUint16(start + 12 + 2 * group) : 0);
    }
    // Four groups may pass 2^53: then the float has lost digits.
    if (value > Number.MAX_SAFE_INTEGER) return Number.NaN;
    return view.getUint16(start + 8) === NEGATIVE ? -value : value;
  }

  #wideScaled(start: number, scale: 0 | 4 | 8): bigint {
    const view = this.#view;
    const stored = view.getUint16(start + 4);
    const groups = view.getInt16(start + 6) + scale / 4 + 1;
    let value = 0n;
    for (let group = 0; group < groups; group += 1) {
      value = value * 10_000n + BigInt(group < stored ? view.getUint16(start + 12 + 2 * group) : 0);
    }
    return view.getUint16(start + 8) === NEGATIVE ? -value : value;
  }

  text(): string | null {
    const start = this.#offset + 4;
    const length = this.#view.getInt32(this.#offset);
    this.#offset = start + Math.max(length, 0);
    return length < 0 ? null : this.#buffer.toString('utf8', start, start + length);
  }

  /** Where the row that starts at the offset ends, or undefined while it is not whole or at the trailer. */
  #rowEnd(): number | undefined {
    const view = this.#view;
    const { byteLength } = view;
    let position = this.#offset;
    if (position + 2 > byteLength) return undefined;
    const fields = view.getInt16(position);
    if (fields === TRAILER) return undefined;
    position += 2;
    for (let field = 0; field < fields; field += 1) {
      if (position + 4 > byteLength) return undefined;
      const length = view.getInt32(position);
      position += 4 + Math.max(length, 0);
    }
    return position <= byteLength ? position : undefined;
  }
}

function putSafe(value: number, halves: Int32Array, place: number): void {
  halves[2 * place + LOW] = value; // cut to its low 32 bits, as two's complement has them
  halves[2 * place + 1 - LOW] = Math.floor(value / TWO_32);
}

function putWide(value: bigint, halves: Int32Array, place: number): void {
  halves[2 * place + LOW] = Number(BigInt.asIntN(32, value));
  halves[2 * place + 1 - LOW] = Number(BigInt.asIntN(32, value >> 32n));
}
