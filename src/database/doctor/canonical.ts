/**
 * One text for one definition. What the server prints of an expression is not what it prints again once that text was run, as a restore from a
 * dump does: constants of a list get their cast one by one, and ANDs that were nested come out flat. Both ways to print become the latter.
 */
export function canonical(definition: string): string {
  const onOneLine = definition.replace(/\s*\n\s*/g, ' ');
  const casts = onOneLine.replace(
    /\(ARRAY\[((?:'(?:[^']|'')*'::character varying(?:, )?)+)\]\)::text\[\]/g,
    (_, items: string) => `ARRAY[${items.replace(/'(?:[^']|'')*'::character varying/g, '($&)::text')}]`,
  );
  return render(flatten(parse(casts)));
}

/** Text outside of parentheses, a quoted text, or what stands in parentheses. */
type Part = string | { readonly quoted: string } | { readonly inside: readonly Part[] };

function parse(text: string): Part[] {
  const open: Part[][] = [[]];
  for (const [token] of text.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]|[^'"()]+/g)) {
    if (token === '(') open.push([]);
    else if (token === ')') {
      const inside = open.pop()!;
      open.at(-1)?.push({ inside });
    } else open.at(-1)?.push(/^['"]/.test(token) ? { quoted: token } : token);
  }
  return open[0]!;
}

function render(parts: readonly Part[]): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      return 'quoted' in part ? part.quoted : `(${render(part.inside)})`;
    })
    .join('');
}

/** `(a AND b) AND c` is `a AND b AND c`; the server prints each AND and each OR in parentheses of its own. */
function flatten(parts: readonly Part[]): Part[] {
  const flat = parts.map((part) =>
    typeof part === 'object' && 'inside' in part ? { inside: flatten(part.inside) } : part,
  );
  return flat.flatMap((part, at) => {
    if (typeof part === 'string' || 'quoted' in part) return [part];
    const joins = [' AND ', ' OR '].some(
      (operator) =>
        stands(flat, at, operator) && part.inside.some((inner) => isText(inner) && inner.includes(operator)),
    );
    return joins ? part.inside : [part];
  });
}

/** Whether the part is, as a whole, one of those that `operator` joins. */
function stands(parts: readonly Part[], at: number, operator: string): boolean {
  const [before, after] = [parts[at - 1], parts[at + 1]];
  if (before === undefined && after === undefined) return false;
  return (
    (before === undefined || (isText(before) && before.endsWith(operator))) &&
    (after === undefined || (isText(after) && after.startsWith(operator)))
  );
}

function isText(part: Part): part is string {
  return typeof part === 'string';
}
