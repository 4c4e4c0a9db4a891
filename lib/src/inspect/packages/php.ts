import { isFields } from '../json-fields.ts';
import type { PackageFormat } from './formats.ts';
import { listedLicences } from './licence-list.ts';
import { isPlainWord } from './plain-text.ts';
import { isText, tellOfRecord, type ReadRecord } from './recorded-json.ts';
import type { RecordedPackage } from '../file-facts.ts';

/** A file of another name may be reached by a link; those that composer writes are smaller. */
const unnamedLimit = 1024 ** 2;

/**
 * Reads what composer installed: a list of packages (composer 1), or an object that has it as `packages` (composer 2). Versions stand
 * as they were tagged (`v2.1.0`, `dev-main`).
 * @returns undefined where it is neither
 */
function readInstalled(value: unknown): ReadRecord | undefined {
  const list: unknown = isFields(value) ? value['packages'] : value;
  if (!Array.isArray(list)) return undefined;
  const packages = list.flatMap((item: unknown) => readPackage(item) ?? []);
  return { packages, broken: list.length - packages.length };
}

function readPackage(item: unknown): RecordedPackage | undefined {
  if (!isFields(item)) return undefined;
  const { name, version, license } = item;
  if (!isPlainWord(name) || !isPlainWord(version)) return undefined;
  // composer.json, "license": of several any may be chosen.
  const licence = listedLicences((Array.isArray(license) ? license : [license]).filter(isText), 'any');
  const matchName = name.toLowerCase();
  return {
    type: 'composer',
    name,
    version,
    ecosystem: 'Packagist',
    ...(matchName === name ? {} : { matchName }),
    ...(licence === undefined ? {} : { licence }),
  };
}

/** True where composer writes it; the folder above, most often `vendor`, may have any name. */
function isInstalledPath(path: string): boolean {
  return /(?:^|\/)composer\/installed\.json$/.test(path);
}

/** Packages as composer installs them. */
export const phpFormat: PackageFormat = {
  name: 'php',
  countsAt: isInstalledPath,
  observe({ path, head, size }, limits, listener) {
    const isNamed = path.endsWith('installed.json');
    if (!isNamed && ((head[0] !== 0x7b && head[0] !== 0x5b) || size > unnamedLimit)) return undefined;
    const use = (bytes: Buffer): void => {
      if (!isNamed && !bytes.includes('"version_normalized"')) return;
      tellOfRecord(bytes, 'php', isInstalledPath(path), listener, readInstalled);
    };
    return { how: 'keep', limit: limits.json, use };
  },
};
