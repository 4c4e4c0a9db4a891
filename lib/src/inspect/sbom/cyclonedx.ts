import { createHash } from 'node:crypto';
import type { Digest } from '../../oci/digest.ts';
import { digestHex } from '../../oci/digest.ts';
import type { ImageInventory, Package } from '../inventory.ts';

/** What an SBOM is about, and when it was made. */
export interface SbomSubject {
  readonly digest: Digest;
  /** name of the image, such as its repository */
  readonly name: string;
  readonly time: Date;
}

/** A JSON value of a CycloneDX document. */
export type CycloneDx = Readonly<Record<string, unknown>>;

/** A UUID (RFC 9562, version 8) that follows from the digest, so that the same image gives the same document. */
function serialNumber(digest: Digest): string {
  const bytes = createHash('sha256').update(`https://wharfinger.dev/sbom/cyclonedx/${digest}`).digest();
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return `urn:uuid:${groups.join('-')}`;
}

function property(name: string, value: string): CycloneDx {
  return { name: `wharfinger:${name}`, value };
}

function licencesOf(licence: string | undefined): CycloneDx {
  // Not every record holds an SPDX expression; a name is valid whatever it is.
  return licence === undefined || licence === '' ? {} : { licenses: [{ license: { name: licence } }] };
}

function componentOf(found: Package, inventory: ImageInventory): CycloneDx {
  const slash = found.name.lastIndexOf('/');
  const isGrouped = found.type === 'npm' && slash > 0;
  const layer = inventory.layers[found.layer];
  return {
    type: 'library',
    'bom-ref': `${found.purl}#${found.path}`,
    ...(isGrouped ? { group: found.name.slice(0, slash) } : {}),
    name: isGrouped ? found.name.slice(slash + 1) : found.name,
    version: found.version,
    ...licencesOf(found.licence),
    purl: found.purl,
    properties: [
      property('path', found.path),
      property('layer', String(found.layer)),
      ...(layer === undefined ? [] : [property('layer:digest', layer.digest)]),
      ...(layer?.diffId === undefined ? [] : [property('layer:diffId', layer.diffId)]),
      ...(found.match.name === found.name
        ? []
        : [property('source', `${found.match.name} ${found.match.version}`)]),
    ],
  };
}

function systemOf(inventory: ImageInventory): readonly CycloneDx[] {
  const { distribution } = inventory;
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
 * Writes an inventory as a CycloneDX 1.6 document (ECMA-424), a plain JSON value. The same inventory, subject and time
 * give the same document. What the inventory lacks is said as `compositions`: incomplete where something may be hidden.
 */
export function toCycloneDx(inventory: ImageInventory, subject: SbomSubject): CycloneDx {
  const root = `image:${subject.digest}`;
  const components = inventory.packages.map((found) => componentOf(found, inventory));
  // A package that a file records twice is one component.
  const distinct = [...new Map(components.map((one) => [one['bom-ref'], one])).values()];
  const isSha512 = subject.digest.startsWith('sha512:');
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialNumber(subject.digest),
    version: 1,
    metadata: {
      timestamp: subject.time.toISOString(),
      tools: { components: [{ type: 'application', name: 'wharfinger' }] },
      component: {
        type: 'container',
        'bom-ref': root,
        name: subject.name,
        version: subject.digest,
        hashes: [{ alg: isSha512 ? 'SHA-512' : 'SHA-256', content: digestHex(subject.digest) }],
      },
      properties: inventory.problems
        .filter((problem) => problem.hides)
        .map(({ code, message, path }) =>
          property(`problem:${code}`, path === undefined ? message : `${path}: ${message}`),
        ),
    },
    components: [...systemOf(inventory), ...distinct],
    compositions: [{ aggregate: inventory.complete ? 'unknown' : 'incomplete', assemblies: [root] }],
  };
}
