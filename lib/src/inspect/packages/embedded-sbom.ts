import { isFields } from '../json-fields.ts';
import type { PackageFormat } from './formats.ts';
import { tellOfRecord } from './recorded-json.ts';
import { readSbom } from './sbom-documents.ts';

/**
 * Where tools put the SBOM of what they put into an image. One that lies elsewhere is as likely to be about something else: a test,
 * an example, a download.
 */
const places: readonly RegExp[] = [
  // Bitnami, one for each component
  /(?:^|\/)opt\/bitnami\/(?:[^/]+\/)*\.spdx-[^/]+\.spdx$/,
  // apk of Wolfi and Chainguard, one for each package
  /(?:^|\/)var\/lib\/db\/sbom\/[^/]+\.spdx\.json$/,
  // Cloud Native Buildpacks, one for each buildpack and layer
  /^(?:layers\/sbom|cnb\/sbom)\/(?:[^/]+\/)*[^/]+\.(?:cdx|spdx)\.json$/,
  // Spring Boot and others, in a Java program that was unpacked
  /(?:^|\/)META-INF\/sbom\/(?:[^/]+\/)*[^/]+\.json$/,
  // Python packages (core metadata, "SBOM files")
  /\.dist-info\/sboms\/(?:[^/]+\/)*[^/]+\.json$/,
  // folders for it and nothing else
  /^(?:usr\/(?:local\/)?share\/)?sboms?\/(?:[^/]+\/)*[^/]+\.json$/,
  // beside everything else, by the names that both standards recommend
  /^(?:[^/]+\.(?:cdx|spdx)|s?bom)\.json$/,
];

const ofDistribution = places[1]!;

/** Longer ones exist for whole images; what is in those that tools put into an image is less. */
const sbomLimit = 32 * 1024 ** 2;

/** True where a tool puts an SBOM of what it put into the image. */
export function isSbomPath(path: string): boolean {
  const mayBe = path.endsWith('.json') || path.endsWith('.spdx');
  return mayBe && places.some((place) => place.test(path));
}

/**
 * SBOMs that lie in the image. They only ever add packages: what an SBOM does not name is found all the same. Packages of the
 * distribution are left to its database, so that none is told of twice.
 */
export const sbomFormat: PackageFormat = {
  name: 'sbom',
  countsAt: isSbomPath,
  observe({ path, head, size }, limits, listener) {
    const isNamed = isSbomPath(path);
    if (!isNamed && (head[0] !== 0x7b || size > limits.json || !beginsAsSbom(head))) return undefined;
    const use = (bytes: Buffer): void =>
      tellOfRecord(bytes, 'sbom', isNamed, listener, (value) => {
        const record = readSbom(value);
        if (record === undefined && isNamed && isOtherJson(value)) return { packages: [], broken: 0 };
        if (record === undefined || !ofDistribution.test(path)) return record;
        // Besides the package itself it names where its sources came from.
        return { ...record, packages: record.packages.filter((one) => one.ecosystem !== undefined) };
      });
    return { how: 'keep', limit: Math.max(limits.json, isNamed ? sbomLimit : 0), use };
  },
};

/** Both standards can be told by their first member, as most tools write it. */
function beginsAsSbom(head: Buffer): boolean {
  return head.includes('"bomFormat"') || head.includes('"spdxVersion"');
}

/** JSON that lies in a folder for SBOMs, but does not claim to be one: a signature, a list, the form of another tool. */
function isOtherJson(value: unknown): boolean {
  return !isFields(value) || !['bomFormat', 'spdxVersion', '@graph', 'SPDXID'].some((name) => name in value);
}
