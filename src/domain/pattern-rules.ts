import { readRatio } from './amount.js';
import { readChoice } from './choice.js';
import { Decimal, type DecimalInput, fromScaled, RATIO } from './decimal.js';
import { PATTERN_TYPES, type PatternType } from './pattern-types.js';
import type { Report } from './problem.js';

export const SEVERITIES = ['reject', 'warn'] as const;
/** What breaking a rule does: the pattern is refused, or created with a warning. */
export type Severity = (typeof SEVERITIES)[number];

/** What the volume_ratio of a pattern has to be. */
export type VolumeLimit = { readonly below: Decimal } | { readonly atMost: Decimal } | { readonly atLeast: Decimal };

/** The rules of patterns that a user of the store may set. */
export interface PatternRules {
  /** A type outside its usual phase. */
  readonly unusualPhase: Severity;
  /** A volume ratio outside its type's limit. */
  readonly volume: Severity;
  /** What volume ratio a type asks for. */
  readonly volumeLimits: Readonly<Partial<Record<PatternType, VolumeLimit>>>;
}

type VolumeLimitInput =
  | { readonly below: DecimalInput }
  | { readonly atMost: DecimalInput }
  | { readonly atLeast: DecimalInput };

/** What differs from {@link DEFAULT_PATTERN_RULES}; a limit that is null is lifted. */
export interface PatternRulesInput {
  readonly unusualPhase?: Severity | undefined;
  readonly volume?: Severity | undefined;
  readonly volumeLimits?: Readonly<Partial<Record<PatternType, VolumeLimitInput | null>>> | undefined;
}

/** A spring on little volume, a sign of strength on much: supply has dried up, demand has come in. */
export const DEFAULT_PATTERN_RULES: PatternRules = {
  unusualPhase: 'reject',
  volume: 'warn',
  volumeLimits: {
    SPRING: { below: new Decimal('0.7') },
    SOS: { atLeast: new Decimal('1.5') },
    LPS: { atMost: new Decimal('1.0') },
    UTAD: { atLeast: new Decimal('1.2') },
  },
};

const SETTINGS: readonly string[] = ['unusualPhase', 'volume', 'volumeLimits'] satisfies (keyof PatternRules)[];

/** The defaults with what a user of the store sets. */
export function readPatternRules(input: PatternRulesInput, report: Report): PatternRules | undefined {
  if (!isPlainObject(input)) {
    report({ code: 'RULES_INVALID', path: '', value: input, rule: 'not an object with rules' });
    return undefined;
  }
  let sound = true;
  const refuse: Report = (problem) => {
    sound = false;
    report(problem);
  };
  // A setting that is misspelt would otherwise leave its default in force, and nobody know.
  for (const path of Object.keys(input)) readChoice(path, SETTINGS, 'a rule', path, refuse);
  const { unusualPhase = DEFAULT_PATTERN_RULES.unusualPhase, volume = DEFAULT_PATTERN_RULES.volume } = input;
  const phaseSeverity = readChoice(unusualPhase, SEVERITIES, 'a severity', 'unusualPhase', refuse);
  const volumeSeverity = readChoice(volume, SEVERITIES, 'a severity', 'volume', refuse);
  const volumeLimits = readVolumeLimits(input.volumeLimits ?? {}, refuse);
  if (!sound || !phaseSeverity || !volumeSeverity) return undefined;
  return { unusualPhase: phaseSeverity, volume: volumeSeverity, volumeLimits };
}

function readVolumeLimits(limits: object, report: Report): PatternRules['volumeLimits'] {
  const volumeLimits: Partial<Record<PatternType, VolumeLimit>> = { ...DEFAULT_PATTERN_RULES.volumeLimits };
  if (!isPlainObject(limits)) {
    const rule = 'not an object with a limit for each pattern type';
    report({ code: 'RULES_INVALID', path: 'volumeLimits', value: limits, rule });
    return volumeLimits;
  }
  for (const [name, limit] of Object.entries(limits)) {
    const path = `volumeLimits.${name}`;
    const type = readChoice(name, PATTERN_TYPES, 'a pattern type', path, report);
    if (type === undefined) continue;
    delete volumeLimits[type];
    const read = limit === null ? undefined : readVolumeLimit(limit, path, report);
    if (read) volumeLimits[type] = read;
  }
  return volumeLimits;
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readVolumeLimit(limit: unknown, path: string, report: Report): VolumeLimit | undefined {
  const entries = Object.entries(Object(limit) as Readonly<Record<string, unknown>>);
  const [kind, value] = entries[0] ?? [];
  if (entries.length === 1 && (kind === 'below' || kind === 'atMost' || kind === 'atLeast')) {
    const ratio = readRatio(value, `${path}.${kind}`, report);
    if (ratio === undefined) return undefined;
    const bound = fromScaled(ratio, RATIO.scale);
    return kind === 'below' ? { below: bound } : kind === 'atMost' ? { atMost: bound } : { atLeast: bound };
  }
  const hint = "write { below: '0.7' }, or null to lift the limit";
  report({ code: 'LIMIT_INVALID', path, value: limit, rule: 'a limit has one of below, atMost, atLeast', hint });
  return undefined;
}

/** The limit as a sentence, where a volume ratio breaks it. */
export function brokenVolumeLimit(type: PatternType, volumeRatio: Decimal, rules: PatternRules): string | undefined {
  const limit = rules.volumeLimits[type];
  if (limit === undefined) return undefined;
  const whose = `the volume ratio of a ${type} is`;
  if ('below' in limit) return volumeRatio.lessThan(limit.below) ? undefined : `${whose} below ${limit.below}`;
  if ('atMost' in limit)
    return volumeRatio.lessThanOrEqualTo(limit.atMost) ? undefined : `${whose} at most ${limit.atMost}`;
  return volumeRatio.greaterThanOrEqualTo(limit.atLeast) ? undefined : `${whose} at least ${limit.atLeast}`;
}
