import type { Session } from '../../database/session.js';
import type { Json } from '../../domain/json.js';
import type { Report } from '../../domain/problem.js';

export type KindName = 'bar' | 'trade' | 'quote' | 'orderBook';

/** How rows are to be written; kept with them, since they may be written by another process. */
export interface RowOptions {
  readonly volumeScale?: number | undefined;
  readonly allowNonPositive?: boolean | undefined;
  readonly allowEmptySide?: boolean | undefined;
  readonly replace?: boolean | undefined;
}

/** How a caller's rows are read. */
export interface ReadOptions extends RowOptions {
  /** As {@link TickRules.onCut}. */
  readonly onCut?: (() => void) | undefined;
}

/** All that tells one kind of rows from another, from `add` to its table. A row is an input of its repository, with exact text for decimals. */
export interface Kind<Row extends object = object> {
  readonly name: KindName;
  /** What the rows are called in messages. */
  readonly subject: string;
  /** The caller's row as it was at this moment; what is wrong is reported. */
  read(input: never, options: ReadOptions, report: Report): Row | undefined;
  /** Rows of one series are written in their order. */
  seriesOf(row: Row): string;
  instantOf(row: Row): string;
  /** What tells it from others of its instant: empty where a series has one row at an instant, null where the source gave nothing. */
  idOf(row: Row): string | null;
  /** Whether the later of two rows with the same id takes the former's place. */
  newestWins(options: RowOptions): boolean;
  encode(row: Row): Json;
  /** It may take what it is given to pieces. @throws where it is not what {@link encode} gave */
  decode(json: Json): Row;
  write(session: Session, rows: readonly Row[], options: RowOptions): Promise<unknown>;
}
