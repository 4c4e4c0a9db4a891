import type { DpkgPackage, RecordedFiles } from '../file-facts.ts';
import { readConffiles } from './dpkg-files.ts';
import { isPlainWord } from './plain-text.ts';

/** What a parser makes of a package database. */
export interface Parsed<P> {
  readonly packages: readonly P[];
  /** files of packages that it lists */
  readonly files: readonly RecordedFiles[];
  /** records of installed packages that lack a name or a version, or that cannot be read */
  readonly broken: number;
}

const nameShape = /^[A-Za-z0-9][A-Za-z0-9+._-]*$/;
const sourceShape = /^([A-Za-z0-9][A-Za-z0-9+._-]*)(?: +\(([!-'*-~]+)\))?$/;

/** Fields that stand on one line. */
const simpleFields: ReadonlySet<string> = new Set(['package', 'version', 'source', 'status']);

/** States in which a package has no files on the disk (dpkg(1), "Package states"); anything else that stands there is none. */
const absent = /^\S+ +\S+ +(?:not-installed|config-files)$/;

const blanks = ' \t\v\f\r';

/** deb822(5) */
const fieldName = /^[!-9;-~]+$/;

/** Takes away what C calls white space, as dpkg does: a blank of Unicode is part of a value to it. */
function trimBlanks(value: string): string {
  let [start, end] = [0, value.length];
  while (start < end && blanks.includes(value[start]!)) start += 1;
  while (end > start && blanks.includes(value[end - 1]!)) end -= 1;
  return value.slice(start, end);
}

interface Stanza {
  readonly fields: ReadonlyMap<string, string>;
  /** true: a line is no field, or a field stands there twice, as dpkg allows neither */
  readonly isBroken: boolean;
}

function fieldsOf(stanza: string): Stanza {
  const fields = new Map<string, string>();
  let isBroken = false;
  let name = '';
  for (const line of stanza.split('\n')) {
    if (line === '') continue;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      isBroken ||= simpleFields.has(name);
      continue;
    }
    const colon = line.indexOf(':');
    name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    isBroken ||= !fieldName.test(name) || fields.has(name);
    if (name !== '') fields.set(name, trimBlanks(line.slice(colon + 1)));
  }
  return { fields, isBroken };
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
    const { fields, isBroken } = fieldsOf(stanza);
    if (fields.size === 0 && !isBroken) continue;
    const name = fields.get('package');
    if (!isBroken && isName(name) && absent.test(fields.get('status') ?? '')) continue;
    const version = fields.get('version');
    const isNamed = isName(name) && isPlainWord(version);
    // Advisories go by the source: it is not guessed where it cannot be read.
    const source = sourceShape.exec(fields.get('source') ?? name ?? '');
    if (isBroken || !isNamed || source === null) broken += 1;
    if (!isNamed) continue;
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

function isName(name: string | undefined): name is string {
  return isPlainWord(name) && nameShape.test(name);
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
