import { isFields, type Fields } from '../json-fields.ts';
import type { RecordedPackage } from '../file-facts.ts';
import { listedLicences } from './licence-list.ts';
import { packageOfPurl, type Listed } from './purl-packages.ts';
import { isText, type ReadRecord } from './recorded-json.ts';

/**
 * Reads the packages of an SBOM in JSON: CycloneDX 1.x or SPDX 2.x, those that a package URL identifies.
 * @returns undefined where it is neither
 */
export function readSbom(value: unknown): ReadRecord | undefined {
  if (!isFields(value)) return undefined;
  if (value['bomFormat'] === 'CycloneDX') return readCycloneDx(value);
  const version = value['spdxVersion'];
  return isText(version) && version.startsWith('SPDX-2.') ? readSpdx(value) : undefined;
}

/** Takes packages one by one, each once, and counts what cannot be read. */
class Collector {
  readonly #found = new Map<string, RecordedPackage>();
  #broken = 0;

  add(purl: unknown, listed: Listed): void {
    const one = isText(purl) ? packageOfPurl(purl, listed) : undefined;
    if (one === undefined) this.#broken += 1;
    else if (one !== 'left') this.#found.set(`${one.purl} ${one.version}`, one);
  }

  refuse(): void {
    this.#broken += 1;
  }

  get record(): ReadRecord {
    return { packages: [...this.#found.values()], broken: this.#broken };
  }
}

/** Components at any depth (CycloneDX, "components"), and what the document is about. */
function readCycloneDx(document: Fields): ReadRecord {
  const collector = new Collector();
  const metadata = document['metadata'];
  const pending: unknown[] = [
    document['components'],
    isFields(metadata) ? [metadata['component']] : undefined,
  ];
  while (pending.length > 0) {
    const list = pending.pop();
    if (list === undefined || list === null) continue;
    if (!Array.isArray(list)) {
      collector.refuse();
      continue;
    }
    for (const component of list as readonly unknown[]) {
      if (component === undefined) continue;
      if (!isFields(component)) {
        collector.refuse();
        continue;
      }
      pending.push(component['components']);
      const purl = component['purl'];
      if (purl !== undefined)
        collector.add(purl, listedOf(component['version'], licenceOf(component['licenses'])));
    }
  }
  return collector.record;
}

/** Packages with an external reference of type purl (SPDX 2.3, section 7.21). */
function readSpdx(document: Fields): ReadRecord {
  const collector = new Collector();
  const packages = document['packages'];
  if (packages !== undefined && !Array.isArray(packages)) collector.refuse();
  for (const item of Array.isArray(packages) ? (packages as readonly unknown[]) : []) {
    if (!isFields(item)) {
      collector.refuse();
      continue;
    }
    const references: readonly unknown[] = Array.isArray(item['externalRefs']) ? item['externalRefs'] : [];
    const purls = references.filter(isFields).filter(({ referenceType }) => referenceType === 'purl');
    const licence = [item['licenseConcluded'], item['licenseDeclared']].find(
      (one) => isText(one) && one !== 'NOASSERTION' && one !== 'NONE',
    );
    for (const { referenceLocator } of purls) {
      collector.add(referenceLocator, listedOf(item['versionInfo'], licence));
    }
  }
  return collector.record;
}

function listedOf(version: unknown, licence: unknown): Listed {
  return { ...(isText(version) ? { version } : {}), ...(isText(licence) ? { licence } : {}) };
}

/** An expression, or the licences that all apply. */
function licenceOf(licenses: unknown): string | undefined {
  if (!Array.isArray(licenses)) return undefined;
  const names = licenses.flatMap((one: unknown) => {
    if (!isFields(one)) return [];
    const { expression, license } = one;
    return [expression, ...(isFields(license) ? [license['id'] ?? license['name']] : [])].filter(isText);
  });
  return listedLicences(names, 'all');
}
