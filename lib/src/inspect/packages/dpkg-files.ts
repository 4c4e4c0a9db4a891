import { decodeName } from '../../oci/tar/name.ts';
import type { RecordedFiles } from '../file-facts.ts';
import { codePaths } from '../layer-tree.ts';
import { placePath } from '../paths.ts';
import type { FileObserver } from '../reading.ts';

const listShape = /(?:^|\/)([^/]+)\.(list|md5sums)$/;
const folderOfDpkg = /(?:^|\/)dpkg\/(?:info|status\.d)\/[^/]+$/;
const sumStart = /^[0-9a-f]{32} [ *]\S/;

/**
 * Reads what dpkg recorded of a package's files: `info/<package>[:<architecture>].list` has all paths, folders included,
 * `.md5sums`, also in `status.d` of distroless images, the digests of all but configuration (deb-md5sums(5)). They are told by their
 * names and by how they begin, in whatever folder, since links may lead there.
 */
export const observeDpkgFiles: FileObserver = ({ path, head }, limits, listener) => {
  if (!path.endsWith('.list') && !path.endsWith('.md5sums')) return undefined;
  const [, base = '', kind] = listShape.exec(path) ?? [];
  const [name = ''] = base.split(':');
  const start = head.toString('latin1', 0, 64);
  if (name === '' || !(kind === 'list' ? start.startsWith('/.\n') : sumStart.test(start))) return undefined;
  const use = (bytes: Buffer): void => {
    const files = kind === 'list' ? readList(bytes, name) : readSums(bytes, name);
    if (files === undefined) {
      // Other programs keep such sums too, in forms of their own; a record that a link leads to is missed as none then.
      if (!folderOfDpkg.test(path)) return;
      listener.problem('unreadable-file', 'a line of it is no record of a file', true);
    } else listener.fact({ kind: 'recorded-files', ...files });
  };
  return { how: 'keep', limit: limits.json, use };
};

function linesOf(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0x0a, at);
    const line = bytes.subarray(at, end < 0 ? bytes.length : end);
    if (line.length > 0) lines.push(decodeName(line));
    at += line.length + 1;
  }
  return lines;
}

function readList(bytes: Buffer, name: string): RecordedFiles {
  const paths = linesOf(bytes)
    .map((line) => placePath(line).path)
    .filter((path) => path !== '');
  return { owner: { type: 'deb', name }, paths: codePaths(paths), digests: paths.map(() => '') };
}

function readSums(bytes: Buffer, name: string): RecordedFiles | undefined {
  const paths: string[] = [];
  const digests: string[] = [];
  for (const line of linesOf(bytes)) {
    if (!sumStart.test(line)) return undefined;
    paths.push(placePath(line.slice(34)).path);
    digests.push(digestOfHex(line.slice(0, 32)));
  }
  return { owner: { type: 'deb', name }, algorithm: 'md5', paths: codePaths(paths), digests };
}

/** Hexadecimal digits as RecordedFiles has digests. */
export function digestOfHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64').replace(/=+$/, '');
}

/** Configuration files of a package, as its stanza of the status file lists them (dpkg-query(1), `Conffiles`). */
export function readConffiles(stanza: string, name: string): RecordedFiles | undefined {
  const at = stanza.search(/^Conffiles:/im);
  if (at < 0) return undefined;
  const paths: string[] = [];
  const digests: string[] = [];
  for (const line of stanza.slice(at).split('\n').slice(1)) {
    if (!line.startsWith(' ')) break;
    const [, path, digest] =
      /^ (\/.*) ([0-9a-f]{32}|newconffile)(?: obsolete| remove-on-upgrade)*$/.exec(line) ?? [];
    if (path === undefined || digest === undefined) continue;
    paths.push(placePath(path).path);
    digests.push(digest === 'newconffile' ? '' : digestOfHex(digest));
  }
  if (paths.length === 0) return undefined;
  const configuration = paths.map((_, index) => index);
  return { owner: { type: 'deb', name }, algorithm: 'md5', paths: codePaths(paths), digests, configuration };
}
