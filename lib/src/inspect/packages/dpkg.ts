import type { DpkgPackage, RecordedFiles } from '../file-facts.ts';
import { readConffiles } from './dpkg-files.ts';

/** What a parser makes of a package database. */
export interface Parsed<P> {
  readonly packages: readonly P[];
  /** files of packages that it lists */
  readonly files: readonly RecordedFiles[];
  /** stanzas of installed packages that lack a name or a version */
  readonly broken: number;
}

const sourceShape = /^(\S+)(?:\s+\((\S+)\))?$/;

/** States in which a package has no files on the disk (dpkg(1), "Package states"). */
const absentStates: ReadonlySet<string> = new Set(['not-installed', 'config-files']);

function fieldsOf(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of stanza.split('\n')) {
    if (line === '' || line.startsWith(' ') || line.startsWith('\t')) continue;
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return fields;
}

/**
 * Reads `/var/lib/dpkg/status` or a file of `status.d` (deb-control syntax): packages whose files are on the disk. The
 * source is the binary's own name and version where the record names none. A record without `Status`, as distroless
 * images have them, counts as installed.
 */
export function parseDpkgStatus(text: string): Parsed<DpkgPackage> {
  const packages: DpkgPackage[] = [];
  const files: RecordedFiles[] = [];
  let broken = 0;
  for (const stanza of text.replaceAll('\r\n', '\n').split(/\n[ \t]*\n/)) {
    const fields = fieldsOf(stanza);
    const status = fields.get('status');
    if (fields.size === 0 || (status !== undefined && absentStates.has(status.split(/\s+/).at(-1)!)))
      continue;
    const name = fields.get('package');
    const version = fields.get('version');
    if (!name || !version) {
      if (name || status) broken += 1;
      continue;
    }
    const source = sourceShape.exec(fields.get('source') ?? '');
    const architecture = fields.get('architecture');
    packages.push({
      name,
      version,
      ...(architecture ? { architecture } : {}),
      source: source?.[1] ?? name,
      sourceVersion: source?.[2] ?? version,
      ...maintainerOf(fields.get('maintainer')),
    });
    const configuration = fields.has('conffiles') ? readConffiles(stanza, name) : undefined;
    if (configuration !== undefined) files.push(configuration);
  }
  return { packages, files, broken };
}

/** The address alone: it tells whether the distribution or somebody else made the package. */
function maintainerOf(field = ''): { maintainer?: string } {
  const address = field.slice(field.lastIndexOf('<') + 1).replace(/>$/, '');
  return address.includes('@') && address.length <= 320 ? { maintainer: address } : {};
}

/** True for text that begins as a status file does; an index of a repository (no `Status`) does not. */
export function looksLikeDpkgStatus(head: string): boolean {
  return /^Package: ?\S/im.test(head) && /^Status: ?\S/im.test(head);
}
