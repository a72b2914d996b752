/** What a command works with: opened by the configuration, closed whatever happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, MigrationPolicy } from '../database/database.js';
import type { Store, StoreOptions } from '../store.js';
import type { BarStore } from '../transfer/backends/bar-store.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** Milliseconds, once the command was told to stop. */
const LONGEST_CLOSE = 3_000;

/** The command was told to stop, and what it had opened is closed. */
export class Interruption extends Error {
  readonly #signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.#signal = signal;
  }

  /** Ends as if the signal had not been caught, so that a shell or a supervisor sees what it sent. */
  endProcess(): void {
    process.kill(process.pid, this.#signal);
  }
}

/**
 * Opens the store and closes it after `use`. `signal` is aborted when the command is told to stop; with `patience`, in milliseconds, `use` has so
 * long to end by itself, with the store still open.
 */
export function withStore<T>(
  use: (store: Store, signal: AbortSignal) => Promise<T>,
  { patience, ...options }: StoreOptions & { readonly patience?: number } = {},
): Promise<T> {
  return closing(
    async () => {
      const { openStore } = await import('../store.js');
      return openStore(options);
    },
    use,
    patience,
  );
}

/** Opens the bars where WYCKOFF_BACKEND has them, and closes them after `use`. Of files no database is started. */
export function withBars<T>(use: (bars: BarStore, signal: AbortSignal) => Promise<T>): Promise<T> {
  return closing(async () => {
    const { openBarStore } = await import('../transfer/backends/open-bar-store.js');
    return openBarStore();
  }, use);
}

/** As {@link withStore}, for what works below the repositories. */
export function withDatabase<T>(
  use: (database: Database, signal: AbortSignal) => Promise<T>,
  migrations?: MigrationPolicy,
): Promise<T> {
  return closing(async () => {
    const [{ readConfig }, { Database }] = await Promise.all([
      import('../config.js'),
      import('../database/database.js'),
    ]);
    return Database.open(readConfig(), migrations);
  }, use);
}

/** For what needs no database. It is waited for after a signal too, so that it can remove its temporary files. */
export function withSignal<T>(use: (signal: AbortSignal) => Promise<T>): Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  return closing(
    async () => ({ close: () => running.then(undefined, () => {}).then(() => {}) }),
    (_, signal) => {
      const result = use(signal);
      running = result;
      return result;
    },
  );
}

/**
 * The first SIGINT or SIGTERM ends the wait for `use` and closes; the second one is the system's: it ends the process at once.
 * @throws Interruption
 */
async function closing<Opened extends { close(): Promise<void> }, T>(
  open: () => Promise<Opened>,
  use: (opened: Opened, signal: AbortSignal) => Promise<T>,
  patience = 0,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const interrupt = (name: NodeJS.Signals) => {
    ignoreSignals();
    process.stderr.write('\nStopping: closing the database first. Once more stops at once.\n');
    controller.abort(new Interruption(name));
  };
  const ignoreSignals = () => {
    for (const name of SIGNALS) process.removeListener(name, interrupt);
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  try {
    const opened = await open();
    const used = use(opened, signal);
    try {
      return await Promise.race([aborted(signal), used]);
    } finally {
      if (signal.aborted && patience > 0) await Promise.race([used.catch(() => {}), sleep(patience)]);
      // A statement that runs on would hold the close up; the server undoes it when the process is gone.
      if (signal.aborted) await Promise.race([opened.close(), sleep(LONGEST_CLOSE)]);
      else await opened.close();
    }
  } finally {
    ignoreSignals();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
