import type { FindingFact, SignerFact } from '../routines/facts.ts';
import { purlMatches, vexStatuses, type VexStatement } from './predicates/vex.ts';

type SignedVex = SignerFact & VexStatement;

/**
 * Findings with what trusted VEX statements say of them: those that name the advisory or one of its aliases, and the package or
 * the whole image. Of several the latest counts, of several of one time the worst.
 */
export function withVex(
  findings: readonly FindingFact[],
  statements: readonly SignedVex[],
): readonly FindingFact[] {
  if (statements.length === 0) return findings;
  const byName = new Map<string, SignedVex[]>();
  for (const statement of statements)
    for (const name of namesOf(statement.vulnerability, statement.aliases))
      byName.set(name, [...(byName.get(name) ?? []), statement]);
  return findings.map((finding) => {
    const about = namesOf(finding.advisory, finding.aliases)
      .flatMap((name) => byName.get(name) ?? [])
      .filter(
        ({ products }) => products.length === 0 || products.some((purl) => purlMatches(purl, finding.purl)),
      );
    const [counts] = about.sort((a, b) => b.at - a.at || worse(a, b) || compare(a.evidence, b.evidence));
    if (counts === undefined) return finding;
    const { status, justification, key } = counts;
    return {
      ...finding,
      vex: { status, ...(justification === undefined ? {} : { justification }), by: key },
    };
  });
}

/** Names of vulnerabilities are written in upper and lower case (GHSA). */
function namesOf(id: string, aliases: readonly string[]): string[] {
  return [...new Set([id, ...aliases].map((name) => name.toUpperCase()))];
}

function worse(a: SignedVex, b: SignedVex): number {
  const order: readonly string[] = vexStatuses;
  return order.indexOf(b.status) - order.indexOf(a.status);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
