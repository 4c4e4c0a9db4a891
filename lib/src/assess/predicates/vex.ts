import { PackageURL } from 'packageurl-js';
import type { VexFact } from '../../routines/facts.ts';
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

/** What one product means: the whole image, the package of a purl, or something else than this image. */
export type Product = 'image' | 'other' | { readonly purl: string };

/**
 * What a purl, or a digest, names.
 * A `pkg:oci` is an image: this one where its version is our digest, or where it has none and the repository ends in its name.
 * Refuses what is no purl.
 */
export function productOf(text: string, image: VexImage, where: string): Product {
  if (text === image.digest) return 'image';
  if (!text.startsWith('pkg:')) return refuse(`${where} is no purl: ${JSON.stringify(text.slice(0, 200))}`);
  const purl = parsePurl(text) ?? refuse(`${where} is no valid purl: ${JSON.stringify(text.slice(0, 200))}`);
  if (purl.type !== 'oci' && purl.type !== 'docker') return { purl: text };
  if (purl.version) return purl.version === image.digest ? 'image' : 'other';
  const last = image.repository.slice(image.repository.lastIndexOf('/') + 1);
  return purl.name === last.toLowerCase() ? 'image' : 'other';
}

/** Products as facts have them: none where the whole image is meant; undefined where nothing of it is. */
export function productsOf(products: readonly Product[]): readonly string[] | undefined {
  if (products.length === 0 || products.includes('image')) return [];
  const purls = products.flatMap((product) => (typeof product === 'object' ? [product.purl] : []));
  return purls.length === 0 ? undefined : purls;
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

function parsePurl(text: string): PackageURL | undefined {
  try {
    return PackageURL.fromString(text);
  } catch {
    return undefined;
  }
}
