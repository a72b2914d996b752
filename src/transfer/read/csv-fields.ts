/** The fields of one line of CSV (RFC 4180), or undefined where its quotes do not close. A field never runs over its line's end. */
export function splitFields(line: string, delimiter: string): string[] | undefined {
  if (!line.includes('"')) return line.split(delimiter);
  const fields: string[] = [];
  let start = 0;
  for (;;) {
    let end: number;
    if (line[start] === '"') {
      QUOTED.lastIndex = start;
      const quoted = QUOTED.exec(line)?.[0];
      if (quoted === undefined) return undefined;
      fields.push(quoted.slice(1, -1).replaceAll('""', '"'));
      end = start + quoted.length;
    } else {
      const next = line.indexOf(delimiter, start);
      end = next < 0 ? line.length : next;
      const plain = line.slice(start, end);
      if (plain.includes('"')) return undefined;
      fields.push(plain);
    }
    if (end === line.length) return fields;
    if (line[end] !== delimiter) return undefined;
    start = end + 1;
  }
}

const QUOTED = /"[^"]*(?:""[^"]*)*"/y;
