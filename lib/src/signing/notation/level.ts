/** Kinds of checks that a trust policy speaks of, besides integrity, which is always enforced (trust policy specification). */
export const checks = ['authenticity', 'authenticTimestamp', 'expiry', 'revocation'] as const;

export type Check = (typeof checks)[number];

export const actions = ['enforce', 'log', 'skip'] as const;

/** What a failed check does: refuse the signature, be told with it, or not be made. */
export type CheckAction = (typeof actions)[number];

export const levels = ['strict', 'permissive', 'audit'] as const;

/** Named sets of actions. */
export type Level = (typeof levels)[number];

/** What each check does at a level. */
export type Enforcement = Readonly<Record<Check, CheckAction>>;

const byLevel: Readonly<Record<Level, Enforcement>> = {
  strict: {
    authenticity: 'enforce',
    authenticTimestamp: 'enforce',
    expiry: 'enforce',
    revocation: 'enforce',
  },
  permissive: { authenticity: 'enforce', authenticTimestamp: 'log', expiry: 'log', revocation: 'log' },
  audit: { authenticity: 'log', authenticTimestamp: 'log', expiry: 'log', revocation: 'log' },
};

/**
 * What each check does. A level and its overrides are as in trustpolicy.json, with one exception: authenticity is enforced
 * whatever they say, for a signature by nobody known is nobody's signature.
 */
export function enforcementOf(level: Level = 'strict', override: Partial<Enforcement> = {}): Enforcement {
  return { ...byLevel[level], ...override, authenticity: 'enforce' };
}
