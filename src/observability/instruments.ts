import { Counter, Gauge, type Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

/** A value with its labels, at the moment of a scrape. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

interface Instrument {
  readonly registry: Registry;
  readonly name: string;
  readonly help: string;
}

/** A gauge that asks for its value at each scrape; undefined: it has none. */
export function gaugeOf(
  { registry, name, help }: Instrument,
  value: () => number | undefined | Promise<number | undefined>,
): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const now = await value();
      if (now === undefined) this.remove();
      else this.set(now);
    },
  });
}

/** Likewise with labels; what is not answered any more is no longer shown. */
export function gaugesOf(
  { registry, name, help, labelNames }: Instrument & { readonly labelNames: readonly string[] },
  samples: () => readonly Sample[] | Promise<readonly Sample[]>,
): void {
  new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      return refill(this, samples);
    },
  });
}

/** A counter of what somebody else counts. */
export function counterOf(
  { registry, name, help, labelNames = [] }: Instrument & { readonly labelNames?: readonly string[] },
  samples: () => readonly Sample[] | Promise<readonly Sample[]>,
): void {
  new Counter({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      return refill(this, samples);
    },
  });
}

async function refill(
  instrument: Pick<Counter, 'reset' | 'inc'>,
  samples: () => readonly Sample[] | Promise<readonly Sample[]>,
): Promise<void> {
  const now = await samples();
  instrument.reset();
  for (const { labels, value } of now) instrument.inc(labels, value);
}
