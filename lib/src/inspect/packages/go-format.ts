import type { RecordedPackage } from '../file-facts.ts';
import { isElf } from './elf.ts';
import type { PackageFormat } from './formats.ts';
import { GoScanner, type GoBuild } from './go-scanner.ts';
import { standardVersion } from './go.ts';
import { isPlainWord } from './plain-text.ts';

/** Go binaries: the modules that they were built from, and the standard library in the version of the compiler. */
export const goFormat: PackageFormat = {
  name: 'go',
  observe({ head, size }, limits, listener) {
    if (!isElf(head)) return undefined;
    const sink = new GoScanner(limits.buildInfo, size, (found) => {
      const isBroken =
        found === 'broken' ||
        found.some(({ modules }) =>
          modules.some(({ path, version }) => !isPlainWord(path) || !isPlainWord(version)),
        );
      if (isBroken) listener.problem('unreadable-file', 'its Go build information cannot be read', true);
      else if (found.length > 0) {
        const packages = new Map(
          found.flatMap(packagesOf).map((one) => [`${one.name} ${one.version}`, one] as const),
        );
        listener.fact({ kind: 'packages', format: 'go', packages: [...packages.values()] });
      }
    });
    return { how: 'pass', sink };
  },
};

function packagesOf({ go, modules }: GoBuild): readonly RecordedPackage[] {
  const standard = { path: 'stdlib', version: standardVersion(go) };
  return [standard, ...modules].map(({ path, version }) => ({
    type: 'golang',
    name: path,
    version,
    ecosystem: 'Go',
  }));
}
