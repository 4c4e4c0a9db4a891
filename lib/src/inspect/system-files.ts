import type { FileFacts } from './file-facts.ts';
import type { LayerLimits } from './limits.ts';
import { looksLikeOsRelease, parseOsRelease } from './os-release.ts';
import { looksLikeApkInstalled, parseApkInstalled, parseApkRepositories } from './packages/apk.ts';
import { looksLikeDpkgStatus, parseDpkgStatus } from './packages/dpkg.ts';
import { isElf } from './packages/elf.ts';
import type { FileObserver, NoteListener, Reading, SeenFile } from './reading.ts';

/** Files that name the distribution where there is no os-release. */
const distributionFile =
  /(?:^|\/)etc\/(?:debian_version|(?:alpine|redhat|centos|fedora|rocky|almalinux|oracle|system|SuSE|arch|gentoo|lsb|wolfi|photon)-release)$/;

/** Package databases that are not read. */
const otherDatabases: ReadonlyArray<readonly [shape: RegExp, format: string]> = [
  [/(?:^|\/)(?:rpm\/Packages|Packages\.db|rpmdb\.sqlite)$/, 'rpm'],
  [/(?:^|\/)rpmmanifest\/container-manifest-[12]$/, 'rpm'],
  [/(?:^|\/)pacman\/local\/[^/]+\/desc$/, 'pacman'],
  [/(?:^|\/)var\/db\/pkg\/[^/]+\/[^/]+\/PF$/, 'portage'],
  [/(?:^|\/)nix\/var\/nix\/db\/db\.sqlite$/, 'nix'],
  [/(?:^|\/)opkg\/status$/, 'opkg'],
  [/(?:^|\/)chisel\/manifest\.wall$/, 'chisel'],
];

/**
 * Reads package databases of distributions and descriptions of the distribution.
 *
 * They are found by their content wherever they lie: links, also those of other layers, may lead to them. Files that bear such a
 * name are recorded even where they say nothing, so that "there and empty" differs from "absent".
 */
export const observeSystemFile: FileObserver = (file, limits, listener) => {
  const { path, head } = file;
  if (isElf(head)) return undefined;
  const other = otherDatabases.find(([shape]) => shape.test(path))?.[1] ?? otherByMagic(head);
  if (other !== undefined && file.size > 0) {
    listener.fact({ kind: 'other-database', format: other });
    return undefined;
  }
  if (distributionFile.test(path)) listener.fact({ kind: 'distribution-file' });
  if (/^[^/]+\/Chart\.yaml$/.test(path)) {
    return { how: 'keep', limit: limits.text * 16, use: (bytes) => listener.chart(bytes) };
  }
  return head[0] === 0x7b ? undefined : readText(file, limits, listener);
};

/** Berkeley DB as rpm used it, and rpm's own format; SQLite is told by name alone, since much else uses it. */
function otherByMagic(head: Buffer): string | undefined {
  return head.length >= 4 && head.toString('latin1', 0, 4) === 'RpmP' ? 'rpm' : undefined;
}

function isTextStart(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x41 && byte <= 0x5a) || byte === 0x23 || byte === 0x0a || byte === 0x20 || byte === 0x0d;
}

const named: ReadonlySet<string> = new Set(['status', 'installed', 'os-release', 'repositories']);

function readText(file: SeenFile, limits: LayerLimits, listener: NoteListener): Reading | undefined {
  const base = file.path.slice(file.path.lastIndexOf('/') + 1);
  const first = file.head[0];
  const isLink = first === 0x68 || first === 0x2f;
  if (!named.has(base) && !isTextStart(first) && !isLink) return undefined;
  const head = file.head.toString('latin1', 0, 512);
  // Records of distroless images have no state; preferences of apt look alike, but have no version.
  const isRecord = /^Package: ?\S/i.test(head) && /^Version: ?\S/im.test(head) && file.size <= limits.text;
  const isDpkg =
    looksLikeDpkgStatus(head) || isRecord || (file.path.endsWith('/dpkg/status') && /^Package:/im.test(head));
  if (isDpkg) return database(limits, listener, 'dpkg', parseDpkg);
  if (looksLikeApkInstalled(head)) return database(limits, listener, 'apk', parseApk);
  if (base === 'status' || base === 'installed') {
    listener.fact({ kind: base === 'status' ? 'dpkg' : 'apk', packages: [] });
    return undefined;
  }
  if (base === 'os-release' || (file.size <= limits.text && looksLikeOsRelease(head))) {
    const use = (text: string): void => listener.fact({ kind: 'os-release', fields: parseOsRelease(text) });
    return { how: 'keep', limit: limits.text, use: (bytes) => use(bytes.toString('utf8')) };
  }
  const isRepositories = /^(?:https?:\/\/|\/)\S+\/(?:main|community)\s*$/m.test(head);
  if (isRepositories && file.size <= limits.text) {
    const use = (text: string): void => {
      const streams = parseApkRepositories(text);
      if (streams.length > 0) listener.fact({ kind: 'apk-repositories', streams });
    };
    return { how: 'keep', limit: limits.text, use: (bytes) => use(bytes.toString('utf8')) };
  }
  return undefined;
}

function parseDpkg(text: string): { fact: FileFacts; broken: number } {
  const { packages, broken } = parseDpkgStatus(text);
  return { fact: { kind: 'dpkg', packages }, broken };
}

function parseApk(text: string): { fact: FileFacts; broken: number } {
  const { packages, broken } = parseApkInstalled(text);
  return { fact: { kind: 'apk', packages }, broken };
}

function database(
  limits: LayerLimits,
  listener: NoteListener,
  kind: 'dpkg' | 'apk',
  parse: (text: string) => { fact: FileFacts; broken: number },
): Reading {
  const use = (bytes: Buffer): void => {
    const { fact, broken } = parse(bytes.toString('utf8'));
    listener.fact(fact);
    if (broken === 0) return;
    const message = `${broken} records of this ${kind} database lack a name or a version`;
    listener.problem('unreadable-file', message, true);
  };
  return { how: 'keep', limit: limits.database, use };
}
