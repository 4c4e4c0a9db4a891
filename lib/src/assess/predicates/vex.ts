import { PackageURL } from 'packageurl-js';
import { isDigest } from '../../oci/digest.ts';
import type { VexFact } from '../../routines/facts/evidence.ts';
import { parseTime } from '../../routines/time.ts';
import { refuse } from '../../signing/refusal.ts';

/** What an image is known by in VEX documents. */
export interface VexImage {
  readonly digest: string;
  readonly repository: string;
}

/** One statement about one vulnerability, and when it was made: of two that contradict each other the later counts. */
export interface VexStatement extends VexFact {
  /** milliseconds since 1970; 0 where the document does not say */
  readonly at: number;
}

/** From the best to the worst. */
export const vexStatuses = ['not_affected', 'fixed', 'under_investigation', 'affected'] as const;
export type VexStatus = (typeof vexStatuses)[number];

/** A product as a document names it, whatever image is asked about. */
export interface StatedProduct {
  /** digest or purl of an image that is meant, or of which the package is a part; empty: what the document is about */
  readonly image?: string;
  /** purl of a package */
  readonly purl?: string;
  /** purl of another package, as part of which this one is meant */
  readonly within?: string;
  /** versions that are meant, as a range of `vers`, or in words that nobody can read */
  readonly versions?: string;
}

/** One statement of a document, whatever image is asked about. */
export interface StatedVex extends Omit<VexStatement, 'products' | 'status'> {
  readonly status: VexStatus;
  /** absent: it names none at all; empty: none that is named in a way that is known here */
  readonly products?: readonly StatedProduct[];
}

/** A VEX document. */
export interface VexDocument {
  /** by which its publisher knows it; absent: it has none */
  readonly id?: string;
  /** who says so; absent: it does not say */
  readonly author?: string;
  readonly statements: readonly StatedVex[];
  /** the purl of what it is about; absent: it does not say */
  readonly subject?: string;
}

/** What a purl, or a digest, names. A `pkg:oci` is an image. Refuses what is no purl. */
export function productOf(text: string, where: string): StatedProduct {
  if (isDigest(text)) return { image: text };
  if (!text.startsWith('pkg:')) return refuse(`${where} is no purl: ${JSON.stringify(text.slice(0, 200))}`);
  const purl = parsePurl(text) ?? refuse(`${where} is no valid purl: ${JSON.stringify(text.slice(0, 200))}`);
  return purl.type === 'oci' || purl.type === 'docker' ? { image: text } : { purl: text };
}

/**
 * True if a digest or `pkg:oci` names this image: by its digest, or where it has no version, by the last part of the repository.
 */
export function namesImage(text: string, image: VexImage): boolean {
  if (text === image.digest) return true;
  const purl = parsePurl(text);
  if (purl === undefined) return false;
  if (purl.version) return purl.version === image.digest;
  const last = image.repository.slice(image.repository.lastIndexOf('/') + 1);
  return purl.name === last.toLowerCase();
}

/**
 * What the statements of a document that was attested for an image say of it. One without products is about the whole image; what is
 * about something else is left out.
 */
export function aboutImage(statements: readonly StatedVex[], image: VexImage): VexStatement[] {
  return statements.flatMap(({ products = [{ image: '' }], ...rest }) => {
    const meant = products.filter(
      ({ image: named, versions }) =>
        versions === undefined && (named === undefined || named === '' || namesImage(named, image)),
    );
    if (meant.length === 0) return [];
    const whole = meant.some(({ purl }) => purl === undefined);
    return [{ ...rest, products: whole ? [] : meant.map(({ purl }) => purl!) }];
  });
}

/** A time of a document; 0 where it has none. */
export function timeOf(value: unknown): number {
  return typeof value === 'string' ? (parseTime(value) ?? 0) : 0;
}

/**
 * True if a product names this package: same type, namespace and name; version and qualifiers the same as far as the product
 * has them.
 */
export function purlMatches(product: string, installed: string): boolean {
  const [wanted, found] = [parsePurl(product), parsePurl(installed)];
  if (wanted === undefined || found === undefined) return false;
  const same = (['type', 'namespace', 'name'] as const).every(
    (part) => (wanted[part] ?? '') === (found[part] ?? ''),
  );
  if (!same || (wanted.version && wanted.version !== found.version)) return false;
  return Object.entries(wanted.qualifiers ?? {}).every(([name, value]) => found.qualifiers?.[name] === value);
}

/** A purl, read; undefined: it is none. */
export function parsePurl(text: string): PackageURL | undefined {
  try {
    return PackageURL.fromString(text);
  } catch {
    return undefined;
  }
}
