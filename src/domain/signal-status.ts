/** Every status that a signal may have. */
export const SIGNAL_STATUSES = [
  'PENDING',
  'APPROVED',
  'REJECTED',
  'FILLED',
  'STOPPED',
  'TARGET_HIT',
  'EXPIRED',
] as const;
/** Where a signal stands. */
export type SignalStatus = (typeof SIGNAL_STATUSES)[number];

/** The legal moves of a signal: what each status may become. One that may become nothing is final. */
export const SIGNAL_MOVES: Readonly<Record<SignalStatus, readonly SignalStatus[]>> = {
  PENDING: ['APPROVED', 'REJECTED', 'EXPIRED'],
  APPROVED: ['FILLED', 'EXPIRED'],
  FILLED: ['STOPPED', 'TARGET_HIT'],
  REJECTED: [],
  STOPPED: [],
  TARGET_HIT: [],
  EXPIRED: [],
};

export function canMove(from: SignalStatus, to: SignalStatus): boolean {
  return SIGNAL_MOVES[from].includes(to);
}

/** What a signal of this status may become, as the hint of a refused move. */
export function nextStatuses(from: SignalStatus): string {
  const next = SIGNAL_MOVES[from];
  if (next.length === 0) return `${from} is final`;
  return `from ${from} it may become ${next.slice(0, -1).join(', ')} or ${next.at(-1)}`;
}
