/** `calm`: only what should be accepted. `picky`: on a sound move, always a value at a boundary. `wild`: a bit of everything. */
export type Mood = 'calm' | 'picky' | 'wild';

/** Rolls that were drawn beforehand, so that a move follows from them and the world alone. A roll of zero is always the plainest choice. */
export class Dice {
  readonly #rolls: readonly number[];
  readonly #mood: Mood;
  #next = 0;

  constructor(rolls: readonly number[], mood: Mood) {
    this.#rolls = rolls;
    this.#mood = mood;
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

  /** As {@link chance}, for what may well be refused. */
  mischief(percent: number): boolean {
    return this.chance(percent) && this.#mood === 'wild';
  }

  /** As {@link chance}, for a value at a boundary or just beyond it. */
  twist(percent: number): boolean {
    return this.#mood === 'picky' || this.mischief(percent);
  }
}
