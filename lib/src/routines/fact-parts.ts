import { hash } from 'node:crypto';
import type { Facts } from './facts.ts';
import type { FindingFact } from './facts/findings.ts';
import { rootOf } from './routine-reads.ts';

/** Digests of parts of the facts about one image, by which results of routines are found again. */
export interface FactParts {
  /** of a part as `readsOf` names it: equal for equal parts, and different where it is not known from where it is empty */
  digest(part: string): string;
  /** the same with other findings */
  withFindings(findings: Facts['findings']): FactParts;
}

/** Stand for what is not known, and for a field that is absent of what is: no digest is so short. */
const absent = '-';
const empty = '--';

/**
 * Digests of the parts of facts, each made when it is asked for, once.
 *
 * @param known digests made before, of what need not be in `facts`: all fields of an inventory that is not at hand
 */
export function partsOf(facts: Facts, known: Iterable<readonly [string, string]> = []): FactParts {
  const digests = new Map(known);
  const apart = [...digests].filter(([, digest]) => isKnown(digest)).map(([part]) => rootOf(part));
  return partsBeside(facts, digests, new Set(apart));
}

/** @param apart fields of the facts that are known, and not at hand */
function partsBeside(facts: Facts, digests: Map<string, string>, apart: ReadonlySet<keyof Facts>): FactParts {
  return {
    digest(part) {
      let digest = digests.get(part);
      if (digest === undefined) {
        const root = rootOf(part);
        digest = facts[root] === undefined && apart.has(root) ? empty : digestOfPart(facts, part);
        digests.set(part, digest);
      }
      return digest;
    },
    withFindings(findings) {
      const others = new Map(digests);
      others.delete('findings');
      return partsBeside({ ...facts, findings }, others, apart);
    },
  };
}

/** True where this is the digest of a part of something that is known, empty or not. */
export function isKnown(digest: string): boolean {
  return digest !== absent;
}

/** The digest of one part; of its text as it was put together, for another order of fields costs an evaluation and no more. */
export function digestOfPart(facts: Facts, part: string): string {
  const root = rootOf(part);
  const whole = facts[root] as Readonly<Record<string, unknown>> | undefined;
  const value = part === root ? whole : whole?.[part.slice(root.length + 1)];
  if (whole === undefined) return absent;
  if (value === undefined) return empty;
  return part === 'findings' ? digestOfFindings(facts.findings!) : digestOfText(JSON.stringify(value));
}

/** Many images say the same in few words, such as that there is none of something. */
const shortTexts = new Map<string, string>();
const longestShort = 96;
const mostShort = 4096;

function digestOfText(text: string): string {
  if (text.length > longestShort) return hash('sha256', text, 'base64url');
  let digest = shortTexts.get(text);
  if (digest === undefined) {
    if (shortTexts.size >= mostShort) shortTexts.clear();
    shortTexts.set(text, (digest = hash('sha256', text, 'base64url')));
  }
  return digest;
}

/** Images that are judged together have findings in common: of each there is one digest, of an image that of its digests. */
const digestsOfFindings = new WeakMap<FindingFact, string>();

function digestOfFindings(findings: readonly FindingFact[]): string {
  let all = 'findings';
  for (const finding of findings) all += ` ${digestOfFinding(finding)}`;
  return digestOfText(all);
}

/** SHA-256 of a finding as it was put together, in base64url. */
export function digestOfFinding(finding: FindingFact): string {
  let digest = digestsOfFindings.get(finding);
  if (digest === undefined) digestsOfFindings.set(finding, (digest = digestOfText(JSON.stringify(finding))));
  return digest;
}
