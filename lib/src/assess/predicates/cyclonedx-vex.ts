import { refuse } from '../../signing/refusal.ts';
import { objectOf, type Fields } from '../../signing/strict-fields.ts';
import { exactly } from './version-range.ts';
import { absent, optionalList, optionalObject, optionalText, textOf } from './predicate-fields.ts';
import {
  productOf,
  timeOf,
  type StatedProduct,
  type StatedVex,
  type VexDocument,
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
export function readCycloneDxVex(document: Fields): VexDocument {
  const metadata = optionalObject(document['metadata'], 'metadata');
  const purls = new Map<string, string>();
  collectPurls(optionalList(document['components'], 'components'), purls, 1);
  const component = optionalObject(metadata['component'], 'metadata.component');
  const references = { purls, subject: optionalText(component['bom-ref'], 'bom-ref') };
  const made = timeOf(metadata['timestamp']);
  const id = optionalText(document['serialNumber'], 'serialNumber');
  const author = authorOf(metadata);
  const subject = optionalText(component['purl'], 'metadata.component.purl');
  return {
    ...(id === undefined ? {} : { id }),
    ...(author === undefined ? {} : { author }),
    ...(subject === undefined ? {} : { subject }),
    statements: optionalList(document['vulnerabilities'], 'vulnerabilities').flatMap((value, at) => {
      const where = `vulnerabilities[${at}]`;
      const fields = objectOf(value, where);
      return absent(fields['analysis']) ? [] : readVulnerability(fields, where, made, references);
    }),
  };
}

function authorOf(metadata: Fields): string | undefined {
  const [first] = optionalList(metadata['authors'], 'metadata.authors');
  for (const who of [first, metadata['supplier'], metadata['manufacturer'], metadata['manufacture']]) {
    const name = optionalText(optionalObject(who, 'metadata')['name'], 'metadata: a name');
    if (name !== undefined) return name;
  }
  return undefined;
}

interface References {
  readonly purls: ReadonlyMap<string, string>;
  /** of what the document is about */
  readonly subject: string | undefined;
}

function readVulnerability(fields: Fields, where: string, made: number, references: References): StatedVex[] {
  const analysis = objectOf(fields['analysis'], `${where}.analysis`);
  // an analysis may give a response and no state
  if (absent(analysis['state'])) return [];
  const status = statuses.get(analysis['state']) ?? refuse(`${where}.analysis.state is not known`);
  const justification = optionalText(analysis['justification'], `${where}.analysis.justification`);
  const aliases = optionalList(fields['references'], `${where}.references`).map((reference, at) =>
    textOf(objectOf(reference, `${where}.references[${at}]`)['id'], `${where}.references[${at}].id`),
  );
  const affected = optionalList(fields['affects'], `${where}.affects`);
  return [
    {
      vulnerability: textOf(fields['id'], `${where}.id`),
      aliases,
      status,
      ...(justification === undefined ? {} : { justification }),
      ...(affected.length > 0 && {
        products: affected.flatMap((one, at) => {
          const place = `${where}.affects[${at}]`;
          return readAffected(objectOf(one, place), place, references, status);
        }),
      }),
      at: timeOf(analysis['lastUpdated']) || timeOf(fields['updated']) || made,
    },
  ];
}

/** A component of the document, or of another (BOM-Link, `urn:cdx:…#ref`) where its reference is a purl. */
function readAffected(
  fields: Fields,
  where: string,
  { purls, subject }: References,
  status: VexStatus,
): StatedProduct[] {
  const ref = textOf(fields['ref'], `${where}.ref`);
  const linked = ref.startsWith('urn:cdx:') ? decoded(ref.slice(ref.indexOf('#') + 1)) : ref;
  const product = ref === subject ? { image: '' } : productOf(purls.get(ref) ?? linked, where);
  const versions = optionalList(fields['versions'], `${where}.versions`);
  if (versions.length === 0) return [product];
  return versions.flatMap((one, at) => {
    const place = `${where}.versions[${at}]`;
    const said = objectOf(one, place);
    // what is listed as unaffected is meant by an analysis that says so, and by no other
    const isMeant =
      absent(said['status']) ||
      said['status'] === 'affected' ||
      (said['status'] === 'unaffected' && status === 'not_affected');
    if (!isMeant) return [];
    const version = optionalText(said['version'], `${place}.version`);
    const range = version === undefined ? textOf(said['range'], `${place}.range`) : exactly(version);
    return [{ ...product, versions: range }];
  });
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
