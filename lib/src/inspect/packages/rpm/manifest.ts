import type { RpmPackage } from '../../file-facts.ts';
import type { Faults } from './faults.ts';

const longestLine = 16 * 1024;

/** True for the path of the list that images of Azure Linux have in place of a database. */
export function isRpmManifest(path: string): boolean {
  return /(?:^|\/)rpmmanifest\/container-manifest-2$/.test(path);
}

/**
 * Reads a list of packages as `rpm -qa --qf` wrote it: name, version and release, time of installation, time of building, vendor,
 * epoch, size, architecture, epoch as a number, source, separated by tabs.
 */
export function readRpmManifest(bytes: Buffer, faults: Faults): RpmPackage[] {
  const packages: RpmPackage[] = [];
  for (const line of bytes.toString('utf8').split('\n')) {
    if (line.trim() === '') continue;
    if (line.length > longestLine) {
      faults.add('a line is too long');
      continue;
    }
    const [name, version, , , vendor, , , architecture, epoch, source] = line.split('\t');
    if (name === 'gpg-pubkey') continue;
    if (!name || !version || !/^[^-]+-[^-]+$/.test(version) || !/^\d+$/.test(epoch ?? '')) {
      faults.add('a line lacks a name, a version, a release or an epoch');
      continue;
    }
    packages.push({
      name,
      version: Number(epoch) === 0 ? version : `${Number(epoch)}:${version}`,
      ...known({ architecture, source, vendor }),
    });
  }
  return packages;
}

/** Fields that are there; rpm writes `(none)` for those that are not. */
function known(fields: Readonly<Record<string, string | undefined>>): Partial<RpmPackage> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== '' && value !== '(none)'),
  );
}
