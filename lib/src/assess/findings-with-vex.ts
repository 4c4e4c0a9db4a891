import type { SignerFact } from '../routines/facts/evidence.ts';
import type { FindingFact } from '../routines/facts/findings.ts';
import { appliedVex, type AppliedStatement, type ImportedVex, type VexPlace } from './imported-vex.ts';
import { purlMatches, vexStatuses, type VexStatement } from './predicates/vex.ts';

type SignedVex = SignerFact & VexStatement;

/**
 * Findings with what VEX statements say of them that count here: those that trusted signers attested for the image, and those of
 * documents that were brought in. Each names the advisory or one of its aliases, and the package or the whole image. Of what
 * one source says the latest counts, of several of one time the worst; of several sources the one that says worst, and the
 * finding names the others that say better.
 */
export function withVex(
  findings: readonly FindingFact[],
  statements: readonly SignedVex[],
  imported: readonly ImportedVex[] = [],
  place?: VexPlace,
): readonly FindingFact[] {
  if (statements.length === 0 && imported.length === 0) return findings;
  const byName = new Map<string, SignedVex[]>();
  for (const statement of statements)
    for (const name of namesOf(statement.vulnerability, statement.aliases))
      byName.set(name, [...(byName.get(name) ?? []), statement]);
  return findings.map((finding) => {
    const attested = new Set(
      namesOf(finding.advisory, finding.aliases).flatMap((name) => byName.get(name) ?? []),
    );
    const about: AppliedStatement[] = [...attested]
      .filter(
        ({ products }) => products.length === 0 || products.some((purl) => purlMatches(purl, finding.purl)),
      )
      .map(({ key, ...said }) => ({ ...said, by: key }));
    if (place) about.push(...appliedVex(imported, finding, place));
    return about.length === 0 ? finding : { ...finding, vex: settled(about) };
  });
}

/** What counts of several statements. */
function settled(about: readonly AppliedStatement[]): NonNullable<FindingFact['vex']> {
  const sources = Map.groupBy(about, ({ by, author }) => JSON.stringify([by, author]));
  const latest = [...sources.values()].map(
    (said) => said.toSorted((a, b) => b.at - a.at || worse(a, b) || compare(a.evidence, b.evidence))[0]!,
  );
  latest.sort((a, b) => worse(a, b) || b.at - a.at || compare(a.by, b.by) || compare(a.evidence, b.evidence));
  const { status, justification, by, author } = latest[0]!;
  const against = latest.filter((one) => one.status !== status).map((one) => `${one.by}: ${one.status}`);
  return {
    status,
    ...(justification === undefined ? {} : { justification }),
    by,
    ...(author === undefined ? {} : { author }),
    ...(against.length > 0 && { against: [...new Set(against)].slice(0, mostAgainst) }),
  };
}

/** Those who say better are named so that people see it, not to be counted. */
const mostAgainst = 10;

/** Names of vulnerabilities are written in upper and lower case (GHSA). */
function namesOf(id: string, aliases: readonly string[]): string[] {
  return [...new Set([id, ...aliases].map((name) => name.toUpperCase()))];
}

function worse(a: AppliedStatement, b: AppliedStatement): number {
  const order: readonly string[] = vexStatuses;
  return order.indexOf(b.status) - order.indexOf(a.status);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
