import type { RecordedPackage } from '../file-facts.ts';
import { isFields } from '../json-fields.ts';
import { isElf } from './elf.ts';
import type { PackageFormat } from './formats.ts';
import { RustScanner } from './rust-scanner.ts';

const word = /^[A-Za-z0-9_.+-]{1,200}$/;

/** Binaries of Rust that cargo-auditable built: the crates that it recorded. */
export const rustFormat: PackageFormat = {
  name: 'rust',
  observe({ head, size }, limits, listener) {
    if (!isElf(head)) return undefined;
    const sink = new RustScanner(limits.buildInfo, size, (text) => {
      if (text === undefined) return;
      const packages = text === 'broken' ? undefined : parseAuditData(text.toString('utf8'));
      if (packages === undefined)
        listener.problem('unreadable-file', 'what cargo-auditable recorded in it cannot be read', true);
      else listener.fact({ kind: 'packages', format: 'rust', packages });
    });
    return { how: 'pass', sink };
  },
};

/**
 * Reads the audit data of cargo-auditable: crates that are in the binary, whatever they came from; those that only built it are
 * left out.
 * @returns undefined where it is none
 */
export function parseAuditData(text: string): readonly RecordedPackage[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isFields(value) || !Array.isArray(value['packages'])) return undefined;
  const found = new Map<string, RecordedPackage>();
  for (const one of value['packages'] as readonly unknown[]) {
    if (!isFields(one)) return undefined;
    const { name, version, kind } = one;
    if (typeof name !== 'string' || typeof version !== 'string') return undefined;
    if (!word.test(name) || !word.test(version)) return undefined;
    if (kind === 'build') continue;
    found.set(`${name} ${version}`, { type: 'cargo', name, version, ecosystem: 'crates.io' });
  }
  return [...found.values()];
}
