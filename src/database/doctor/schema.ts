/** What the migrations make of an empty database, as far as it is the same on every layout and every PostgreSQL. */
export interface Schema {
  readonly tables: Readonly<Record<string, Table>>;
  /** By name and types of the arguments, e.g. `bar_retention_stretch(timestamp with time zone)`. */
  readonly functions: Readonly<Record<string, Routine>>;
}

export interface Table {
  readonly columns: Readonly<Record<string, Column>>;
  /** By name, as `ALTER TABLE ... ADD CONSTRAINT name` takes them. NOT NULL is a column's. */
  readonly constraints: Readonly<Record<string, string>>;
  /** By name, as whole statements. An index that a constraint brings is the constraint's. */
  readonly indexes: Readonly<Record<string, string>>;
  /** By name, as whole statements. */
  readonly triggers: Readonly<Record<string, string>>;
  /** As `ALTER TABLE ... REPLICA IDENTITY` takes it. */
  readonly replicaIdentity: string;
}

export interface Column {
  readonly type: string;
  readonly nullable: boolean;
  /** An expression; null: none. */
  readonly default: string | null;
}

export interface Routine {
  readonly kind: 'FUNCTION' | 'PROCEDURE';
  /** Everything before its body: `CREATE OR REPLACE FUNCTION ... LANGUAGE plpgsql`. */
  readonly head: string;
  /** Line by line. */
  readonly body: readonly string[];
}
