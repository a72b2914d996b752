/** `1 table`, `17 tables`, `1,234 indexes`: for messages. */
export function counted(count: number, one: string, more = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : more}`;
}
