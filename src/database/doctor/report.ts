/** Something in the database that is not as the code expects it. */
export interface Difference {
  /** What it is about, e.g. `signals.chk_signals_status`. */
  readonly object: string;
  readonly expected: string;
  readonly found: string;
  /** What follows from it, as a sentence without its full stop. */
  readonly meaning: string;
  /** One line that sets it right: a command of ours where there is one, else the statement that the owner or an administrator runs. */
  readonly mend: string;
}

/** What one check found. */
export interface Findings {
  /** What was looked at, and how much of it. */
  readonly checked: string;
  readonly differences?: readonly Difference[];
  /** Not wrong, and worth knowing: they do not fail the examination. */
  readonly warnings?: readonly Difference[];
  /** What could not be looked at, and why. */
  readonly notChecked?: readonly string[];
}

export const GROUPS = [
  ...(['server', 'migrations', 'tables', 'constraints', 'indexes', 'functions', 'triggers'] as const),
  ...(['hypertables', 'aggregates', 'jobs', 'grants', 'catalog', 'settings', 'clock', 'disk'] as const),
] as const;
export type GroupName = (typeof GROUPS)[number];

export interface Group {
  readonly name: GroupName;
  /** `not-checked`: nothing of it could be looked at. */
  readonly status: 'passed' | 'differs' | 'not-checked';
  readonly checked: string;
  readonly differences: readonly Difference[];
  readonly warnings: readonly Difference[];
  readonly notChecked: readonly string[];
}

export interface DoctorReport {
  /** No group has a difference. What was not checked is no difference: the groups tell of it. */
  readonly passed: boolean;
  readonly serverVersion: string;
  /** TimescaleDB's in this database. */
  readonly extensionVersion: string | null;
  readonly layout: 'plain' | 'timescale';
  readonly embedded: boolean;
  readonly database: string;
  readonly user: string;
  readonly groups: readonly Group[];
}

export function toGroup(name: GroupName, findings: Findings): Group {
  const { checked, differences = [], warnings = [], notChecked = [] } = findings;
  const unseen = checked === '' && notChecked.length > 0;
  const status = differences.length > 0 ? 'differs' : unseen ? 'not-checked' : 'passed';
  return { name, status, checked, differences, warnings, notChecked };
}
