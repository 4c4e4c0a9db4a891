import { refuse } from '../../signing/refusal.ts';
import { objectOf, type Fields } from '../../signing/strict-fields.ts';
import { absent, optionalList, optionalObject, optionalText, textOf } from './predicate-fields.ts';
import {
  productOf,
  productsOf,
  timeOf,
  type Product,
  type VexImage,
  type VexStatement,
  type VexStatus,
} from './vex.ts';

const statuses: ReadonlyMap<unknown, VexStatus> = new Map<unknown, VexStatus>([
  ['resolved', 'fixed'],
  ['resolved_with_pedigree', 'fixed'],
  ['exploitable', 'affected'],
  ['in_triage', 'under_investigation'],
  ['false_positive', 'not_affected'],
  ['not_affected', 'not_affected'],
]);

/** Components are nested in each other; deeper than this nobody nests them. */
const deepest = 16;

/**
 * Reads what a CycloneDX document says of vulnerabilities (cyclonedx.org, 1.4 and later, `vulnerabilities`). Those without an
 * analysis are found, not judged, and are left out. Refuses by `refuse`.
 */
export function readCycloneDxVex(document: Fields, image: VexImage): VexStatement[] {
  const metadata = optionalObject(document['metadata'], 'metadata');
  const purls = new Map<string, string>();
  collectPurls(optionalList(document['components'], 'components'), purls, 1);
  const subject = optionalText(
    optionalObject(metadata['component'], 'metadata.component')['bom-ref'],
    'bom-ref',
  );
  const references = { purls, subject };
  const made = timeOf(metadata['timestamp']);
  return optionalList(document['vulnerabilities'], 'vulnerabilities').flatMap((value, at) => {
    const where = `vulnerabilities[${at}]`;
    const fields = objectOf(value, where);
    return absent(fields['analysis']) ? [] : readVulnerability(fields, where, made, references, image);
  });
}

interface References {
  readonly purls: ReadonlyMap<string, string>;
  /** of what the document is about */
  readonly subject: string | undefined;
}

function readVulnerability(
  fields: Fields,
  where: string,
  made: number,
  references: References,
  image: VexImage,
): VexStatement[] {
  const analysis = objectOf(fields['analysis'], `${where}.analysis`);
  // an analysis may give a response and no state
  if (absent(analysis['state'])) return [];
  const status = statuses.get(analysis['state']) ?? refuse(`${where}.analysis.state is not known`);
  const justification = optionalText(analysis['justification'], `${where}.analysis.justification`);
  const aliases = optionalList(fields['references'], `${where}.references`).map((reference, at) =>
    textOf(objectOf(reference, `${where}.references[${at}]`)['id'], `${where}.references[${at}].id`),
  );
  const products = productsOf(
    optionalList(fields['affects'], `${where}.affects`).map((affected, at) =>
      readAffected(
        objectOf(affected, `${where}.affects[${at}]`),
        `${where}.affects[${at}]`,
        references,
        image,
      ),
    ),
  );
  if (products === undefined) return [];
  return [
    {
      vulnerability: textOf(fields['id'], `${where}.id`),
      aliases,
      status,
      ...(justification === undefined ? {} : { justification }),
      products,
      at: timeOf(analysis['lastUpdated']) || timeOf(fields['updated']) || made,
    },
  ];
}

/** A component of the document, or of another (BOM-Link, `urn:cdx:…#ref`) where its reference is a purl. */
function readAffected(
  fields: Fields,
  where: string,
  { purls, subject }: References,
  image: VexImage,
): Product {
  if (optionalList(fields['versions'], `${where}.versions`).length > 0)
    refuse(`${where} speaks of ranges of versions, which are not read`);
  const ref = textOf(fields['ref'], `${where}.ref`);
  if (ref === subject) return 'image';
  const purl = purls.get(ref);
  if (purl !== undefined) return productOf(purl, image, where);
  const linked = ref.startsWith('urn:cdx:') ? decoded(ref.slice(ref.indexOf('#') + 1)) : ref;
  return productOf(linked, image, where);
}

function decoded(text: string): string {
  if (text.startsWith('pkg:')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function collectPurls(components: readonly unknown[], found: Map<string, string>, depth: number): void {
  if (depth > deepest) refuse('its components are nested too deeply');
  for (const [at, value] of components.entries()) {
    const fields = objectOf(value, `components[${at}]`);
    const ref = optionalText(fields['bom-ref'], 'bom-ref');
    const purl = optionalText(fields['purl'], 'purl');
    if (ref !== undefined && purl !== undefined) found.set(ref, purl);
    collectPurls(optionalList(fields['components'], 'components'), found, depth + 1);
  }
}
