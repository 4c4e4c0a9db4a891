import type { StatementReport } from './chain-source.ts';

/**
 * What may have been statements of a type, and does not count: those of the type, and those of which nobody can tell what they are.
 * @returns undefined: there are none; `revoked`: one of them is by a key that was revoked
 */
export function refusedOf(
  { refusedStatements }: StatementReport,
  type: string,
): { readonly reasons: readonly string[]; readonly revoked: boolean } | undefined {
  const found = refusedStatements.filter(({ predicateType }) => (predicateType ?? type) === type);
  if (found.length === 0) return undefined;
  return {
    reasons: found.map(({ reason }) => reason),
    revoked: found.some(({ code }) => code === 'revoked'),
  };
}
