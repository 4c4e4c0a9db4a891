import { digestHex } from '../../oci/digest.ts';
import type { ImageInventory, Package } from '../inventory.ts';
import { declaredLicence } from './declared-licence.ts';
import {
  gapsOf,
  hexOf,
  packagesOf,
  splitName,
  subjectParts,
  type SbomDocument,
  type SbomSubject,
} from './sbom-parts.ts';
import { isOfSystem } from '../packages/package-types.ts';

/** Versions of CycloneDX that are written. */
export const cycloneDxVersions = ['1.6', '1.7'] as const;

export type CycloneDxVersion = (typeof cycloneDxVersions)[number];

/** A UUID (RFC 9562, version 8) that follows from the subject, so that the same image gives the same document. */
function serialNumber(subject: SbomSubject): string {
  const hex = hexOf('cyclonedx', subject.digest, String(subject.layer ?? ''));
  const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  const groups = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
  ];
  return `urn:uuid:${[...groups, hex.slice(20, 32)].join('-')}`;
}

function property(name: string, value: string): SbomDocument {
  return { name: `wharfinger:${name}`, value };
}

function licencesOf(found: Package): SbomDocument {
  const licence = declaredLicence(found);
  if (licence === undefined) return {};
  return { licenses: ['expression' in licence ? licence : { license: { name: licence.name } }] };
}

function componentOf(ref: string, found: Package, inventory: ImageInventory): SbomDocument {
  const layer = inventory.layers[found.layer];
  return {
    type: 'library',
    'bom-ref': ref,
    ...splitName(found),
    version: found.version,
    ...licencesOf(found),
    purl: found.purl,
    evidence: { occurrences: [{ location: found.path }] },
    properties: [
      property('path', found.path),
      property('layer', String(found.layer)),
      ...(layer === undefined ? [] : [property('layer:digest', layer.digest)]),
      ...(layer?.diffId === undefined ? [] : [property('layer:diffId', layer.diffId)]),
      // Elsewhere it is the same name, as advisories write it.
      ...(!isOfSystem(found.type) || found.match.name === found.name
        ? []
        : [property('source', `${found.match.name} ${found.match.version}`)]),
      ...(found.owner === undefined ? [] : [property('owner', `${found.owner.type} ${found.owner.name}`)]),
    ],
  };
}

function systemOf({ distribution }: ImageInventory): readonly SbomDocument[] {
  if (distribution === undefined || distribution.source === 'none') return [];
  return [
    {
      type: 'operating-system',
      'bom-ref': `os:${distribution.id}`,
      name: distribution.id,
      ...(distribution.version === undefined ? {} : { version: distribution.version }),
      ...(distribution.name === undefined ? {} : { description: distribution.name }),
    },
  ];
}

/**
 * Writes an inventory as a CycloneDX document (ECMA-424), a plain JSON value. The same inventory, subject and time
 * give the same document. What the inventory lacks is said as `compositions`: incomplete where something may be hidden.
 */
export function toCycloneDx(
  inventory: ImageInventory,
  subject: SbomSubject,
  version: CycloneDxVersion = '1.6',
): SbomDocument {
  const { digest, name } = subjectParts(inventory, subject);
  const root = `${subject.layer === undefined ? 'image' : 'layer'}:${digest}`;
  const components = [
    ...systemOf(inventory),
    ...packagesOf(inventory, subject).map(([ref, found]) => componentOf(ref, found, inventory)),
  ];
  const alg = digest.startsWith('sha512:') ? 'SHA-512' : 'SHA-256';
  const gaps = gapsOf(inventory);
  return {
    $schema: `http://cyclonedx.org/schema/bom-${version}.schema.json`,
    bomFormat: 'CycloneDX',
    specVersion: version,
    serialNumber: serialNumber(subject),
    version: 1,
    metadata: {
      timestamp: subject.time.toISOString(),
      tools: { components: [{ type: 'application', name: 'wharfinger' }] },
      component: {
        type: 'container',
        'bom-ref': root,
        name,
        version: digest,
        hashes: [{ alg, content: digestHex(digest) }],
        ...(subject.layer === undefined ? {} : { properties: [property('image', subject.digest)] }),
      },
      properties: gaps.map((gap) => property('problem', gap)),
    },
    components,
    dependencies: [{ ref: root, dependsOn: components.map((one) => one['bom-ref']) }],
    compositions: [{ aggregate: gaps.length === 0 ? 'unknown' : 'incomplete', assemblies: [root] }],
  };
}
