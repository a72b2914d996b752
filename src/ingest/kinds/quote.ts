import type { Json } from '../../domain/json.js';
import { formatMicroseconds } from '../../domain/microseconds.js';
import { type QuoteInput, readQuote } from '../../domain/quote.js';
import { QUOTES } from '../../repositories/quotes.js';
import { upsertRows } from '../../repositories/time-series/upsert.js';
import type { Kind } from './kind.js';
import { instantOf, optionalAmount, parseMicroseconds, seriesOf, symbolOf, type TickRow } from './tick.js';

interface QuoteRow extends TickRow, Omit<QuoteInput, 'timestamp' | 'symbol'> {
  readonly sequence: bigint | null;
}

export const QUOTE: Kind<QuoteRow> = {
  name: 'quote',
  subject: QUOTES.subject,
  read(input: QuoteInput, options, report) {
    const symbol = symbolOf(input, report);
    const quote = readQuote(input, options, report);
    if (!symbol || !quote) return undefined;
    const { timestamp, sequence } = quote;
    return {
      symbol,
      timestamp,
      sequence,
      bidPrice: optionalAmount(quote.bidPrice),
      bidSize: optionalAmount(quote.bidSize),
      askPrice: optionalAmount(quote.askPrice),
      askSize: optionalAmount(quote.askSize),
    };
  },
  seriesOf,
  instantOf,
  idOf: ({ sequence }) => sequence?.toString() ?? null,
  newestWins: () => true,
  encode({ timestamp, sequence, ...quote }) {
    return { ...quote, timestamp: formatMicroseconds(timestamp), sequence: sequence?.toString() ?? null } as Json;
  },
  decode(json) {
    const quote = json as unknown as QuoteRow & { readonly timestamp: string; readonly sequence: string | null };
    const sequence = quote.sequence === null ? null : BigInt(quote.sequence);
    return { ...quote, sequence, timestamp: parseMicroseconds(quote.timestamp) };
  },
  write: (session, quotes, { allowNonPositive }) => upsertRows(session, QUOTES, quotes, { allowNonPositive }),
};
