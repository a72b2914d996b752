import type { Bar } from 'wyckoff-store';

/** Bars that closed beyond a level, and the bar that came back. */
export interface Excursion {
  readonly outside: readonly [Bar, ...Bar[]];
  readonly back: Bar;
}

/** The excursion that the last bar ends: it closed inside, and so many bars before it, at least one, closed outside. */
export function endedExcursion(
  bars: readonly Bar[],
  isOutside: (bar: Bar) => boolean,
  mostBars: number,
): Excursion | undefined {
  const back = bars.at(-1);
  if (!back || isOutside(back)) return undefined;
  const lastInside = bars.slice(0, -1).findLastIndex((bar) => !isOutside(bar));
  const [first, ...rest] = bars.slice(lastInside + 1, -1);
  return first && rest.length < mostBars ? { outside: [first, ...rest], back } : undefined;
}

/** How many bars `later` comes after `earlier`. */
export function barsBetween(bars: readonly Bar[], earlier: Date, later: Date): number {
  const indexOf = (at: Date) => bars.findIndex(({ timestamp }) => timestamp.getTime() === at.getTime());
  return indexOf(later) - indexOf(earlier);
}
