import { type Backend, type ConfigOptions, readConfig } from '../../config.js';
import type { BarStore } from './bar-store.js';
import type { FileFormat } from './files/series-path.js';

export interface BarStoreOptions extends ConfigOptions {
  /** Default: WYCKOFF_BACKEND, and `postgres` without it. */
  readonly backend?: Backend;
  /** The folder of the files. Default: WYCKOFF_BARS_DIR, and `bars` without it. */
  readonly barsDirectory?: string;
  /** How the file of a new series is written; default: as the files that are there, CSV where there is none. */
  readonly format?: FileFormat;
  /** Whom the audit trail names. Default: the application name (DB_APPLICATION_NAME). */
  readonly actor?: string;
}

/**
 * Opens the bars where the configuration has them: `postgres`, the database alone; `files`, a folder alone, without any database; `dual`, both of
 * them, each as far as the phase of the cutover says (docs/cutover.md). Close it after use.
 *
 * @throws ConfigError; of `postgres` and `dual` all that `openStore` throws
 */
export async function openBarStore(options: BarStoreOptions = {}): Promise<BarStore> {
  const { format, actor, ...rest } = options;
  const config = readConfig(rest);
  if (config.backend === 'files') {
    const { FileBars } = await import('./files/file-bars.js');
    return new FileBars(config.barsDirectory, { format });
  }
  const [{ Database }, { BarRepository }, { databaseBars }] = await Promise.all([
    import('../../database/database.js'),
    import('../../repositories/bars/bar-repository.js'),
    import('./bar-store.js'),
  ]);
  const database = await Database.open(config);
  const context = { actor: actor ?? config.pool.applicationName };
  if (config.backend === 'postgres') {
    const bars = new BarRepository(database.pool, context, () => database.layout.aggregates);
    return databaseBars(bars, () => database.close());
  }
  const [{ DualBars }, { FileBars }, { UnitsOfWork }] = await Promise.all([
    import('./dual/dual-bars.js'),
    import('./files/file-bars.js'),
    import('../../database/unit-of-work.js'),
  ]);
  return new DualBars({
    ...context,
    files: new FileBars(config.barsDirectory, { format, governed: true }),
    session: database.pool,
    units: new UnitsOfWork(database.pool, database.log),
    log: database.log,
    close: () => database.close(),
  });
}
