import { setTimeout as sleep } from 'node:timers/promises';

export interface MetricsText {
  /** The value of a series as it is written, labels included; undefined where it is not there. */
  (series: string): number | undefined;
  /** Of all series of a name. */
  sum(name: string): number;
  /** Names of the samples, e.g. with `_bucket`. */
  readonly names: ReadonlySet<string>;
}

/** What a scrape answers: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function readMetrics(text: string): MetricsText {
  const values = new Map<string, number>();
  const names = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', labels = '', value = ''] = /^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)$/.exec(line) ?? [];
    if (name === '') throw new Error(`not a sample: ${line}`);
    values.set(`${name}${labels}`, Number(value));
    names.set(`${name}${labels}`, name);
  }
  const read = (series: string) => values.get(series);
  const sum = (name: string) =>
    [...values].reduce((total, [series, value]) => (names.get(series) === name ? total + value : total), 0);
  return Object.assign(read, { sum, names: new Set(names.values()) });
}

/** A scrape that shows the database: one that is asked for longer than a scrape waits is shown by a later one. */
export async function scrapeOf(metrics: { metrics(): Promise<string> }): Promise<MetricsText> {
  for (;;) {
    const read = readMetrics(await metrics.metrics());
    if (read('wyckoff_database_up') === 1) return read;
    await sleep(20);
  }
}
