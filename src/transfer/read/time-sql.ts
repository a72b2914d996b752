import type { TextLayout } from './layouts/text-layout.js';

/** SQL that reads the plain times of a file. `moment` is the time as written, its time of day behind a blank where that stands apart. */
export interface TimeSql {
  /** The pattern of a time in one column; of a date, and a time of day, that stand apart. */
  readonly whole: string;
  readonly date: string;
  readonly ofDay: string;
  readonly zoned: string;
  readonly slashed: string;
  /** Milliseconds as written. */
  readonly written: string;
  readonly utc: string;
}

const CLOCK = String.raw`([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?`;
const EXACT_CLOCK = String.raw`([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.0{1,9})?)?`;
const ISO_DATE = String.raw`\d{4}-\d\d-\d\d`;
const SLASHED_DATE = String.raw`\d{1,2}/\d{1,2}/\d{4}`;
const ISO = String.raw`${ISO_DATE}([ T]${EXACT_CLOCK}(Z|[+-](0\d|1[0-5])(:?[0-5]\d)?)?)?`;
const SLASHED = String.raw`${SLASHED_DATE}( \d{1,2}:\d\d(:\d\d)?)?`;
const EPOCHS = {
  s: String.raw`\d{9,10}`,
  ms: String.raw`\d{13}`,
  us: String.raw`\d{13}000`,
  ns: String.raw`\d{13}000000`,
};

/** What the first time looks like decides what is plain. Everything else is read one by one, and means the same. */
export function timeSql({ times, firstTime }: TextLayout): TimeSql {
  if (/^(\d{9,10}|\d{13}|\d{16}|\d{19})$/.test(firstTime)) {
    const whole = times.epoch ? EPOCHS[times.epoch] : Object.values(EPOCHS).join('|');
    const written = "TRY_CAST(CASE WHEN length(moment) < 13 THEN moment || '000' ELSE left(moment, 13) END AS BIGINT)";
    return { whole, date: whole, ofDay: '', zoned: 'true', slashed: 'false', written, utc: 'written' };
  }
  if (/^\d{8}( |$)/.test(firstTime)) return numbered(String.raw`\d{8}`, '%Y%m%d');
  if (/^\d{4}\.\d\d\.\d\d/.test(firstTime)) return numbered(String.raw`\d{4}\.\d\d\.\d\d`, '%Y.%m.%d');
  return {
    whole: times.dates === 'day-first' ? ISO : `${ISO}|${SLASHED}`,
    date: times.dates === 'day-first' ? ISO_DATE : `${ISO_DATE}|${SLASHED_DATE}`,
    ofDay: CLOCK,
    // Nearly all that have a zone end with Z: the patterns that the others need took a sixth of the time of parsing.
    zoned: "length(moment) > 10 AND (ends_with(moment, 'Z') OR regexp_matches(moment, '[+]|:.*-'))",
    slashed: "contains(moment, '/')",
    written: `epoch_ms(CASE
      WHEN slashed THEN try_strptime(moment, ['%m/%d/%Y %H:%M', '%m/%d/%Y', '%m/%d/%Y %H:%M:%S'])
      WHEN ends_with(moment, 'Z') THEN TRY_CAST(left(moment, -1) AS TIMESTAMP)
      WHEN zoned THEN TRY_CAST(regexp_extract(moment, '^.{10}[^Z+-]*') AS TIMESTAMP)
      ELSE TRY_CAST(moment AS TIMESTAMP) END)`,
    utc: "CASE WHEN zoned AND NOT ends_with(moment, 'Z') THEN epoch_ms(TRY_CAST(moment AS TIMESTAMPTZ)) ELSE written END",
  };
}

function numbered(date: string, form: string): TimeSql {
  const forms = ['', ' %H:%M', ' %H:%M:%S', ' %H%M%S'].map((clock) => `'${form}${clock}'`).join(', ');
  return {
    whole: `${date}( ${CLOCK})?`,
    date,
    ofDay: String.raw`${CLOCK}|\d{6}`,
    zoned: 'false',
    slashed: 'false',
    written: `epoch_ms(try_strptime(moment, [${forms}]))`,
    utc: 'written',
  };
}
