/** Files of bars with a few bytes changed, the same for the same seed. */
import { gzipSync } from 'node:zlib';
import { zipFile } from './zip-file.js';

/** mulberry32, https://github.com/cprosche/mulberry32 */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** 0 up to, but without, `sides`. */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.roll(from.length)]!;
  }
}

const HEADER = 'Date,Open,High,Low,Close,Volume';

export function barsText(rows = 40): string {
  const lines = Array.from({ length: rows }, (_, row) => {
    const date = new Date(Date.UTC(2024, 0, 1 + row)).toISOString().slice(0, 10);
    return `${date},${10 + row}.25,${12 + row}.5,${9 + row}.125,${11 + row},${100 * row}`;
  });
  return `${[HEADER, ...lines].join('\n')}\n`;
}

const TOKENS = [
  ...['"', '""', ',', ';', '\n', '\r', '\r\n', '\t', '\0', '-', '+', '.', '0', ' ', '\ufeff', '\u00a0', '%', "'"],
  ...['1e999', '1e-9', 'NaN', 'null', 'Infinity', '99999999999999999999', '0x10', '1,234.5', '1.234,5', '31/12/2024'],
  ...['2024-02-30', '2024-01-01', '1704067200000', '2024-01-01T00:00:00Z', '$1', '(1)', 'Volume', 'Date,Open', '\x1f'],
];

/** With `flip`, only single bytes change, and nothing moves. */
export function mutate(bytes: Buffer, dice: Dice, { from = 0, flip = false } = {}): Buffer {
  let mutated: Buffer = Buffer.from(bytes);
  for (let left = 1 + dice.roll(4); left > 0; left -= 1) {
    const at = from + dice.roll(Math.max(1, mutated.length - from));
    const end = Math.min(mutated.length, at + 1 + dice.roll(30));
    const [before, piece, after] = [mutated.subarray(0, at), mutated.subarray(at, end), mutated.subarray(end)];
    const changes: (() => Buffer)[] = [
      () => Buffer.concat([before, Buffer.from([dice.roll(256)]), mutated.subarray(at + 1)]),
      () => Buffer.concat([before, Buffer.from([(mutated[at] ?? 0) ^ (1 << dice.roll(8))]), mutated.subarray(at + 1)]),
      () => Buffer.concat([before, Buffer.from(dice.pick(TOKENS)), mutated.subarray(at)]),
      () => Buffer.concat([before, Buffer.from(dice.pick(TOKENS)), after]),
      () => Buffer.concat([before, after]),
      () => Buffer.concat([before, piece, piece, after]),
      () => (dice.roll(8) === 0 ? before : Buffer.concat([before, Buffer.alloc(piece.length), after])),
    ];
    mutated = dice.pick(flip ? changes.slice(0, 2) : changes)();
  }
  return mutated;
}

export interface MutatedFile {
  readonly kind: string;
  readonly name: string;
  readonly bytes: Buffer;
  /** What a text has, unpacked, where that is known. */
  readonly text?: Buffer;
}

/** `parquet` are whole Parquet files, by name. */
export function mutatedFile(seed: number, parquet: ReadonlyMap<string, Buffer>): MutatedFile {
  const dice = new Dice(seed);
  const text = Buffer.from(barsText());
  switch (dice.roll(10)) {
    case 0:
      return { kind: 'gzip', name: 'AAPL_1d.csv.gz', bytes: mutate(gzipSync(text), dice) };
    case 1: {
      const inside = mutate(text, dice);
      return { kind: 'text in gzip', name: 'AAPL_1d.csv.gz', bytes: gzipSync(inside), text: inside };
    }
    case 2: {
      const zip = zipFile({ name: 'AAPL_1d.csv', content: text, zip64: dice.roll(2) === 0 });
      return { kind: 'zip', name: 'AAPL_1d.zip', bytes: mutate(zip, dice) };
    }
    case 3:
    case 4:
    case 5: {
      const mutated = mutate(text, dice);
      return { kind: 'text', name: 'AAPL_1d.csv', bytes: mutated, text: mutated };
    }
    default: {
      const [name, whole] = dice.pick([...parquet]);
      const footer = whole.length - 8 - whole.readUInt32LE(whole.length - 8);
      return {
        kind: name,
        name: 'AAPL_1d.parquet',
        bytes: mutate(whole, dice, { from: dice.roll(4) === 0 ? footer : 0, flip: dice.roll(2) === 0 }),
      };
    }
  }
}
