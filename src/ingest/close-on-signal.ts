import type { Ingest } from './ingest.js';
import type { IngestReport } from './report.js';

interface Closable {
  readonly ingest: Ingest;
  close(): Promise<void>;
}

export interface CloseOnSignalOptions {
  /** Default: SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Milliseconds for the rows to be written, as of `ingest.close()`. Default 10,000. */
  readonly timeout?: number;
  /** Hears what became of the rows, before the process's exit status is set. */
  readonly onClosed?: (report: IngestReport) => void;
}

/**
 * For the owner of a process: at the first SIGTERM or SIGINT the ingest writes what it can, and the store is closed. The exit status is then 0 only
 * if nothing was lost (rows on the disk are not: the next process writes them), and 1 otherwise. The process ends when it has nothing more to do; a
 * second signal ends it at once. Answers how to let go of the signals.
 */
export function closeOnSignal(store: Closable, options: CloseOnSignalOptions = {}): () => void {
  const { signals = ['SIGTERM', 'SIGINT'], timeout, onClosed } = options;
  const letGo = () => {
    for (const signal of signals) process.removeListener(signal, close);
  };
  const close = async () => {
    letGo();
    try {
      const report = await store.ingest.close(timeout === undefined ? {} : { timeout });
      process.exitCode = report.left + report.dropped > 0 ? 1 : 0;
      onClosed?.(report);
      await store.close();
    } catch (error) {
      process.exitCode = 1;
      process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  };
  for (const signal of signals) process.on(signal, close);
  return letGo;
}
