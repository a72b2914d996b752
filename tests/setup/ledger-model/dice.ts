/** Rolls that were drawn beforehand, so that a move follows from them and the world alone. A roll of zero is always the plainest choice. */
export class Dice {
  readonly #rolls: readonly number[];
  #next = 0;

  constructor(
    rolls: readonly number[],
    /** Makes only moves that should be accepted. */
    readonly calm: boolean,
  ) {
    this.#rolls = rolls;
  }

  /** 0 to `sides` - 1. */
  roll(sides: number): number {
    const roll = this.#rolls[this.#next] ?? 0;
    this.#next += 1;
    return roll % sides;
  }

  pick<T>(choices: readonly [T, ...T[]] | readonly T[]): T {
    return choices[this.roll(choices.length)]!;
  }

  /** True in so many of a hundred. */
  chance(percent: number): boolean {
    return this.roll(100) >= 100 - percent;
  }

  /** As {@link chance}, never where the dice are calm: something that may well be refused. */
  mischief(percent: number): boolean {
    return this.chance(percent) && !this.calm;
  }
}
