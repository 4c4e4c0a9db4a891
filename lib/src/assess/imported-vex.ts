import type { RepositoryFacts } from '../routines/facts.ts';
import type { FindingFact } from '../routines/facts/findings.ts';
import type { Scope } from '../routines/records.ts';
import { matchesScope } from '../routines/scope.ts';
import {
  namesImage,
  parsePurl,
  purlMatches,
  type StatedProduct,
  type VexImage,
  type VexStatus,
} from './predicates/vex.ts';
import { inVersionRange } from './predicates/version-range.ts';

/** A VEX document that is no attestation of one image: somebody, or a feed, brought it in for the images of some repositories. */
export interface ImportedVex {
  /** by which its publisher knows it, else its digest */
  readonly id: string;
  /** of its bytes */
  readonly digest: string;
  /** as the document says; absent: it does not */
  readonly author?: string;
  /** who brought it in: `user/ann`, `feed/vendor` */
  readonly by: string;
  readonly scope: Scope;
  readonly statements: readonly ImportedStatement[];
}

/** What it says of one vulnerability. */
export interface ImportedStatement {
  readonly vulnerability: string;
  readonly aliases: readonly string[];
  readonly status: VexStatus;
  readonly justification?: string;
  /** at least one */
  readonly products: readonly ImportedProduct[];
  /** milliseconds since 1970; 0 where the document does not say */
  readonly at: number;
}

/** An image, a package, or a package where it is in an image. */
export type ImportedProduct = Pick<StatedProduct, 'image' | 'purl' | 'versions'>;

/** A statement that counts for a finding. */
export interface AppliedStatement {
  readonly status: string;
  readonly justification?: string;
  readonly at: number;
  readonly by: string;
  readonly author?: string;
  /** what of two that are alike in all else comes first */
  readonly evidence: string;
}

/** The image that is asked about. */
export interface VexPlace {
  readonly image: VexImage;
  /** absent: it is not judged as one of any repository, and nothing that was brought in counts */
  readonly repository?: RepositoryFacts;
}

interface Entry {
  readonly document: ImportedVex;
  readonly statement: ImportedStatement;
}

/**
 * Ways in which databases write the name of a vulnerability. A statement is about those findings that have one of these names,
 * letter for letter: so can they be looked up.
 */
function namesOfVulnerability(name: string): string[] {
  const upper = name.toUpperCase();
  const ghsa = upper.startsWith('GHSA-') ? [`GHSA-${name.slice('GHSA-'.length).toLowerCase()}`] : [];
  return [...new Set([name, upper, ...ghsa])];
}

/** All names of vulnerabilities that these documents speak of, as they are looked up. */
export function namesInVex(documents: Iterable<Pick<ImportedVex, 'statements'>>): Set<string> {
  const names = new Set<string>();
  for (const { statements } of documents)
    for (const { vulnerability, aliases } of statements)
      for (const name of [vulnerability, ...aliases])
        for (const written of namesOfVulnerability(name)) names.add(written);
  return names;
}

/** By name; made once for each list of documents, for as long as that is in force. */
const indexes = new WeakMap<readonly ImportedVex[], ReadonlyMap<string, readonly Entry[]>>();

function indexOf(documents: readonly ImportedVex[]): ReadonlyMap<string, readonly Entry[]> {
  const known = indexes.get(documents);
  if (known) return known;
  const index = new Map<string, Entry[]>();
  for (const document of documents)
    for (const statement of document.statements) {
      for (const name of namesInVex([{ statements: [statement] }])) {
        const entries = index.get(name);
        if (entries) entries.push({ document, statement });
        else index.set(name, [{ document, statement }]);
      }
    }
  indexes.set(documents, index);
  return index;
}

/** What the documents that were brought in say of a finding of an image. */
export function appliedVex(
  documents: readonly ImportedVex[],
  finding: FindingFact,
  { image, repository }: VexPlace,
): AppliedStatement[] {
  if (documents.length === 0 || repository === undefined) return [];
  const index = indexOf(documents);
  const entries = new Set([finding.advisory, ...finding.aliases].flatMap((name) => index.get(name) ?? []));
  const applied: AppliedStatement[] = [];
  for (const { document, statement } of entries) {
    const { status, justification, at, products } = statement;
    if (!products.some((product) => isMeant(product, status, finding, image))) continue;
    if (!matchesScope(document.scope, repository)) continue;
    const { by, author, digest } = document;
    applied.push({
      status,
      at,
      by,
      evidence: digest,
      ...(justification === undefined ? {} : { justification }),
      ...(author === undefined ? {} : { author }),
    });
  }
  return applied;
}

function isMeant(
  { image: named, purl, versions }: ImportedProduct,
  status: VexStatus,
  finding: FindingFact,
  image: VexImage,
): boolean {
  if (named !== undefined && !isNamed(named, image)) return false;
  if (purl !== undefined && !purlMatches(purl, finding.purl)) return false;
  if (versions === undefined) return purl !== undefined || named !== undefined;
  const within =
    purl === undefined ? undefined : inVersionRange(versions, finding.ecosystem, finding.version);
  // where it cannot be told, what makes matters worse counts, and what excuses does not
  return within ?? (status === 'affected' || status === 'under_investigation');
}

/**
 * As `namesImage`; but since nobody attested it for this image, a purl without a digest must not demand more than can be told
 * here: a `repository_url` is that of the repository, and any other qualifier, such as a tag, makes it something else.
 */
function isNamed(text: string, image: VexImage): boolean {
  if (!namesImage(text, image)) return false;
  const purl = parsePurl(text);
  if (purl === undefined || purl.version) return true;
  return Object.entries(purl.qualifiers ?? {}).every(
    ([name, value]) =>
      name === 'repository_url' && (value === image.repository || value.endsWith(`/${image.repository}`)),
  );
}
