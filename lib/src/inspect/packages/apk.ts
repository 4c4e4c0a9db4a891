import type { ApkPackage, RecordedFiles } from '../file-facts.ts';
import { readApkFiles } from './apk-files.ts';
import type { Parsed } from './dpkg.ts';
import { isPlainWord } from './plain-text.ts';

/** What names consist of: others would look the same, and be found by no advisory. */
const visible = /^[!-~]+$/;

/**
 * Reads the database of installed packages of apk (apk-package(5)): blocks of one-letter fields. Advisories go by the
 * origin, which is the package's own name where the record gives none.
 */
export function parseApkInstalled(text: string): Parsed<ApkPackage> {
  const packages: ApkPackage[] = [];
  const files: RecordedFiles[] = [];
  let broken = 0;
  for (const block of text.replaceAll('\r\n', '\n').split(/\n(?:[ \t]*\n)+/)) {
    const fields = new Map<string, string>();
    const lines = block.split('\n');
    let isBroken = false;
    for (const line of lines) {
      if (line.trim() === '') continue;
      // apk takes neither lines without a letter nor two packages in one block.
      isBroken ||= line[1] !== ':' || ((line[0] === 'P' || line[0] === 'V') && fields.has(line[0]));
      // Only the first of each: later lines of the same letter describe files.
      if (line[1] === ':' && !fields.has(line[0]!)) fields.set(line[0]!, line.slice(2).trim());
    }
    if (fields.size === 0 && !isBroken) continue;
    const name = fields.get('P');
    const version = fields.get('V');
    const isNamed = isPlainWord(name) && isPlainWord(version) && visible.test(name + (fields.get('o') ?? ''));
    if (isBroken || !isNamed) broken += 1;
    if (!isNamed) continue;
    const architecture = fields.get('A');
    const licence = fields.get('L');
    packages.push({
      name,
      version,
      ...(architecture ? { architecture } : {}),
      origin: fields.get('o') || name,
      ...(licence ? { licence } : {}),
    });
    const own = readApkFiles(lines, name);
    if (own !== undefined) files.push(own);
  }
  return { packages, files, broken };
}

/** True for text that begins as the database does. */
export function looksLikeApkInstalled(head: string): boolean {
  return /^[A-Za-z]:\S/.test(head) && /^P:\S/m.test(head) && /^V:\S/m.test(head);
}

/** The release streams (`v3.10`, `edge`) that lines of `/etc/apk/repositories` name, tagged repositories left out. */
export function parseApkRepositories(text: string): readonly string[] {
  const streams = new Set<string>();
  for (const line of text.split('\n')) {
    const stream = /^(?:https?:\/\/|\/)\S*\/(v\d+\.\d+|edge)\/[a-z]+\/?\s*$/.exec(line.trim())?.[1];
    if (stream !== undefined) streams.add(stream);
  }
  return [...streams];
}
