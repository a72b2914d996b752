/** What became of a table's sample rows. `added` + `same` + `reset` + `differing` are all of them, unless a series was left alone. */
export interface LoadedTable {
  readonly table: string;
  readonly rows: number;
  readonly added: number;
  readonly same: number;
  /** Sample bars that had been changed, and have their values again; what they said stays as revisions. */
  readonly reset: number;
  /** Ids of rows that are there with other values, or that another row stands in the way of. They are left as they are. */
  readonly differing: readonly string[];
}
