/** One image in one repository, and all that decides about it. */
export interface Case {
  /** namespace/name; says what the case is */
  readonly repository: string;
  readonly gate: (typeof gates)[number];
  readonly signature: (typeof signatures)[number];
  readonly flaw: (typeof flaws)[number];
  readonly rule: (typeof rules)[number];
}

export const gates = ['warn', 'hold', 'official'] as const;

/** Who signed it, and whether that counts. */
export const signatures = ['none', 'good', 'stranger', 'revoked', 'future', 'over', 'stamp'] as const;

/** What advisories say of its packages, and what a waiver says of that. */
export const flaws = ['clean', 'flawed', 'waived', 'lapsed', 'uncovered'] as const;

/** What applies besides: a hold by hand, a binding that denies, in its window or not, or with grace. */
export const rules = ['plain', 'held', 'open', 'closed', 'grace'] as const;

/** Every second of all combinations, so that every pair of states is there. */
export const cases: readonly Case[] = gates.flatMap((gate, g) =>
  signatures.flatMap((signature, s) =>
    flaws.flatMap((flaw, f) =>
      rules
        .filter((_, r) => (g + s + f + r) % 2 === 0)
        .map((rule) => ({ repository: `${gate}-${signature}/${flaw}-${rule}`, gate, signature, flaw, rule })),
    ),
  ),
);
