const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** Bytes as a person reads them, in powers of 1024: `1.4 GB`. */
export function sized(bytes: number): string {
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(value < 10 && value > 0 ? 1 : 0)} ${UNITS[unit]}`;
}

/** What compression did to a size. Near-empty chunks become larger. */
export function savedText(before: number, after: number): string {
  const percent = before === 0 ? 0 : Math.floor((1 - after / before) * 100);
  return percent >= 0 ? `${percent}% saved` : `${-percent}% more: the chunks are nearly empty`;
}
