import { basename } from 'node:path';
import { TIMEFRAMES, type Timeframe } from '../../domain/timeframe.js';

const TELLING_NAME = new RegExp(`^([A-Z0-9^$][A-Z0-9.=&$^-]*)(?:_(${TIMEFRAMES.join('|')}))?\\.(?:csv|txt)$`);

/**
 * What a file's name tells of its series. A name tells it when it is `SYMBOL.csv` or `SYMBOL_TIMEFRAME.csv` (or `.txt`) and nothing else,
 * the symbol in upper case as tickers are written: `AAPL_1d.csv`, `BRK.B.csv`, but neither `prices.csv` nor `yahoo_AAPL_2004_2018.csv`.
 */
export function seriesOfFileName(path: string): { symbol?: string; timeframe?: Timeframe } {
  const [, symbol, timeframe] = TELLING_NAME.exec(basename(path)) ?? [];
  return { ...(symbol ? { symbol } : {}), ...(timeframe ? { timeframe: timeframe as Timeframe } : {}) };
}
