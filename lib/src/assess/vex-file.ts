import { digestOf, type Digest } from '../oci/digest.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { WharfingerError } from '../errors.ts';
import { refusalReason } from '../signing/refusal.ts';
import { objectOf, type Fields } from '../signing/strict-fields.ts';
import type { ImportedProduct, ImportedStatement } from './imported-vex.ts';
import { readCsafVex } from './predicates/csaf-vex.ts';
import { readCycloneDxVex } from './predicates/cyclonedx-vex.ts';
import { readOpenVex } from './predicates/openvex.ts';
import { productOf, type StatedProduct, type VexDocument } from './predicates/vex.ts';

/** A VEX document as it lies in a file. */
export interface VexFile {
  readonly format: 'OpenVEX' | 'CycloneDX' | 'CSAF';
  /** by which its publisher knows it, else its digest */
  readonly id: string;
  readonly digest: Digest;
  /** as it says; absent: it does not */
  readonly author?: string;
  readonly statements: readonly ImportedStatement[];
  /** statements of which no product is named in a way that is known here */
  readonly passedOver: number;
}

/** Larger documents are not read, in bytes. */
export const largestVexFile = 16 * 1024 * 1024;

/** Most statements that one document may make, and most products that these may name. */
export const mostVexStatements = 100_000;
const mostProducts = 200_000;
/** With the name of a feed before it, it is the name of a record. */
const longestId = 160;

/**
 * Reads a document of OpenVEX, CycloneDX or CSAF that is about packages or images wherever they are. A statement that names nothing
 * would be about everything, and refuses the document; one that names only what is unknown here, such as a product by a name for
 * people, or a part of another product than an image, is counted and left out.
 *
 * @param name what to call it in messages
 * @throws WharfingerError VEX_INVALID
 */
export function readVexFile(bytes: Uint8Array, name: string): VexFile {
  const refused = (what: string): never => {
    throw new WharfingerError('VEX_INVALID', { what: `${name}: ${what}` });
  };
  if (bytes.length > largestVexFile) refused(`it is larger than ${largestVexFile} bytes`);
  const value = parseStrictJson(bytes, refused);
  try {
    const { format, document } = documentIn(objectOf(value, 'the document'));
    return { format, ...apartFromImages(document, digestOf(bytes), refused) };
  } catch (error) {
    const reason = refusalReason(error);
    if (reason === undefined) throw error;
    return refused(reason);
  }
}

function documentIn(fields: Fields): { readonly format: VexFile['format']; readonly document: VexDocument } {
  if (fields['bomFormat'] === 'CycloneDX') return { format: 'CycloneDX', document: readCycloneDxVex(fields) };
  if (fields['@context'] === undefined && fields['document'] !== undefined)
    return { format: 'CSAF', document: readCsafVex(fields) };
  return { format: 'OpenVEX', document: readOpenVex(fields) };
}

function apartFromImages(
  { id, author, statements, subject }: VexDocument,
  digest: Digest,
  refused: (what: string) => never,
): Omit<VexFile, 'format'> {
  if (statements.length > mostVexStatements) refused(`it has more than ${mostVexStatements} statements`);
  const about = subject === undefined ? undefined : productOf(subject, 'what it is about');
  const read: ImportedStatement[] = [];
  let named = 0;
  for (const { products, ...rest } of statements) {
    if (products === undefined)
      return refused(`it says ${rest.status} of ${rest.vulnerability} and not of what`);
    const meant = products.flatMap((product) => knownProduct(product, about));
    named += meant.length;
    if (named > mostProducts) refused(`it names more than ${mostProducts} products`);
    if (meant.length > 0) read.push({ ...rest, at: Math.trunc(rest.at), products: meant });
  }
  return {
    id: id === undefined || id.length > longestId ? digest : id,
    digest,
    ...(author === undefined ? {} : { author: author.slice(0, 200) }),
    statements: read,
    passedOver: statements.length - read.length,
  };
}

function knownProduct(product: StatedProduct, about: StatedProduct | undefined): ImportedProduct[] {
  const { within, ...rest } = product;
  if (within !== undefined) return [];
  if (rest.image !== '') return [rest];
  // what a document calls itself about must be named in it
  if (about === undefined) return [];
  const { image: _, ...part } = rest;
  if (part.purl !== undefined && about.purl !== undefined) return [];
  return [{ ...about, ...part }];
}
