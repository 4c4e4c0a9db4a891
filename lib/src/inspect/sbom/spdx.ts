import { digestHex, type Digest } from '../../oci/digest.ts';
import type { ImageInventory, Package } from '../inventory.ts';
import { declaredLicence } from './declared-licence.ts';
import {
  gapsOf,
  hexOf,
  packagesOf,
  subjectParts,
  type SbomDocument,
  type SbomSubject,
} from './sbom-parts.ts';
import { isOfSystem } from '../packages/package-types.ts';

const tool = 'Tool: wharfinger';

/** What every package of these documents says: that what is not known is not asserted. */
const unknown = {
  downloadLocation: 'NOASSERTION',
  filesAnalyzed: false,
  licenseConcluded: 'NOASSERTION',
  copyrightText: 'NOASSERTION',
};

function checksum(digest: Digest): SbomDocument {
  return {
    algorithm: digest.startsWith('sha512:') ? 'SHA512' : 'SHA256',
    checksumValue: digestHex(digest),
  };
}

/** Collects licences that are no SPDX expressions, and those that expressions refer to without their text. */
class ExtractedLicences {
  readonly #texts = new Map<string, string>();

  /** A licence as an expression. */
  expressionOf(found: Package): string {
    const licence = declaredLicence(found);
    if (licence === undefined) return 'NOASSERTION';
    if ('expression' in licence) {
      for (const [reference] of licence.expression.matchAll(/LicenseRef-[A-Za-z0-9.-]+/g))
        this.#texts.set(reference, reference);
      return licence.expression;
    }
    const reference = `LicenseRef-${hexOf(licence.name).slice(0, 16)}`;
    this.#texts.set(reference, licence.name);
    return reference;
  }

  finish(): SbomDocument {
    if (this.#texts.size === 0) return {};
    const infos = [...this.#texts].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      hasExtractedLicensingInfos: infos.map(([licenseId, extractedText]) => ({
        licenseId,
        name: extractedText,
        extractedText,
      })),
    };
  }
}

function packageOf(
  id: string,
  found: Package,
  inventory: ImageInventory,
  licences: ExtractedLicences,
): SbomDocument {
  const { digest, diffId } = inventory.layers[found.layer] ?? {};
  const layer = [
    `layer ${found.layer}`,
    ...(digest ? [`(${[digest, diffId].filter(Boolean).join(', ')})`] : []),
  ];
  const { match } = found;
  const isBuilt = isOfSystem(found.type) && match.name !== found.name;
  const source = isBuilt ? `; built from ${match.name} ${match.version}` : '';
  return {
    SPDXID: id,
    name: found.name,
    versionInfo: found.version,
    ...unknown,
    licenseDeclared: licences.expressionOf(found),
    primaryPackagePurpose: 'LIBRARY',
    sourceInfo: `recorded in ${found.path}; brought by ${layer.join(' ')}${source}`,
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: found.purl },
    ],
  };
}

function systemOf({ distribution }: ImageInventory): readonly SbomDocument[] {
  if (distribution === undefined || distribution.source === 'none') return [];
  return [
    {
      SPDXID: 'SPDXRef-OperatingSystem',
      name: distribution.id,
      ...(distribution.version === undefined ? {} : { versionInfo: distribution.version }),
      ...unknown,
      licenseDeclared: 'NOASSERTION',
      primaryPackagePurpose: 'OPERATING_SYSTEM',
    },
  ];
}

function layersOf(inventory: ImageInventory, { layer: only }: SbomSubject): readonly SbomDocument[] {
  return inventory.layers.flatMap(({ digest, diffId }, layer) => {
    if (only !== undefined) return [];
    return [
      {
        SPDXID: layerId(layer),
        name: `layer ${layer}`,
        versionInfo: digest,
        ...unknown,
        licenseDeclared: 'NOASSERTION',
        primaryPackagePurpose: 'ARCHIVE',
        checksums: [checksum(digest)],
        ...(diffId === undefined ? {} : { sourceInfo: `unpacks to ${diffId}` }),
      },
    ];
  });
}

function layerId(layer: number): string {
  return `SPDXRef-Layer-${layer}`;
}

const rootId = 'SPDXRef-Subject';

/**
 * Writes an inventory as an SPDX 2.3 document, a plain JSON value. The same inventory, subject and time give the same document.
 * What the inventory lacks is said by an annotation of the document that begins with `incomplete`.
 */
export function toSpdx(inventory: ImageInventory, subject: SbomSubject): SbomDocument {
  const { digest, name } = subjectParts(inventory, subject);
  const created = subject.time.toISOString().replace(/\.\d+Z$/, 'Z');
  const licences = new ExtractedLicences();
  const found = packagesOf(inventory, subject).map(
    ([key, one]) => [`SPDXRef-Package-${hexOf(key).slice(0, 20)}`, one] as const,
  );
  const layers = layersOf(inventory, subject);
  const systems = systemOf(inventory);
  const packages = found.map(([id, one]) => packageOf(id, one, inventory, licences));
  const relate = (from: string, to: unknown, relationshipType: string) => ({
    spdxElementId: from,
    relationshipType,
    relatedSpdxElement: to,
  });
  const gaps = gapsOf(inventory);
  const space = hexOf('spdx', subject.digest, String(subject.layer ?? ''), created, JSON.stringify(packages));
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://wharfinger.dev/spdx/${space}`,
    creationInfo: { created, creators: [tool] },
    ...(gaps.length === 0
      ? {}
      : {
          annotations: gaps.map((gap) => ({
            annotationDate: created,
            annotationType: 'OTHER',
            annotator: tool,
            comment: `incomplete: ${gap}`,
          })),
        }),
    ...licences.finish(),
    packages: [
      {
        SPDXID: rootId,
        name,
        versionInfo: digest,
        ...unknown,
        licenseDeclared: 'NOASSERTION',
        primaryPackagePurpose: subject.layer === undefined ? 'CONTAINER' : 'ARCHIVE',
        checksums: [checksum(digest)],
        ...(subject.layer === undefined ? {} : { sourceInfo: `layer of ${subject.digest}` }),
      },
      ...systems,
      ...layers,
      ...packages,
    ],
    relationships: [
      relate('SPDXRef-DOCUMENT', rootId, 'DESCRIBES'),
      ...[...systems, ...layers, ...packages].map((one) => relate(rootId, one['SPDXID'], 'CONTAINS')),
      ...(layers.length === 0
        ? []
        : found.flatMap(([id, one]) =>
            inventory.layers[one.layer] === undefined ? [] : [relate(layerId(one.layer), id, 'CONTAINS')],
          )),
    ],
  };
}
