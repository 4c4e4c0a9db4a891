import type { FileFacts, RecordedFiles } from './file-facts.ts';
import { isFields } from './json-fields.ts';
import type { LayerLimits } from './limits.ts';
import { looksLikeOsRelease, parseOsRelease } from './os-release.ts';
import { looksLikeApkInstalled, parseApkInstalled, parseApkRepositories } from './packages/apk.ts';
import { looksLikeDpkgStatus, parseDpkgStatus } from './packages/dpkg.ts';
import { isElf } from './packages/elf.ts';
import type { FileObserver, NoteListener, Reading, SeenFile } from './reading.ts';

/** Repositories of one image; those of Red Hat have a dozen. */
const mostSets = 1000;

/** Files that name the distribution where there is no os-release. */
const distributionFile =
  /(?:^|\/)etc\/(?:debian_version|(?:alpine|redhat|centos|fedora|rocky|almalinux|oracle|system|SuSE|arch|gentoo|lsb|wolfi|photon)-release)$/;

/** Where Red Hat says from which repositories it built an image. */
const contentSets = /(?:^|\/)buildinfo\/(?:content_manifests\/[^/]+|content-sets)\.json$/;

/** Package databases that are not read. */
const otherDatabases: ReadonlyArray<readonly [shape: RegExp, format: string]> = [
  [/(?:^|\/)pacman\/local\/[^/]+\/desc$/, 'pacman'],
  [/(?:^|\/)var\/db\/pkg\/[^/]+\/[^/]+\/PF$/, 'portage'],
  [/(?:^|\/)nix\/var\/nix\/db\/db\.sqlite$/, 'nix'],
  [/(?:^|\/)opkg\/status$/, 'opkg'],
];

/**
 * Reads package databases of distributions and descriptions of the distribution.
 *
 * They are found by their content wherever they lie: links, also those of other layers, may lead to them. What lies where tools look
 * for them is read whatever it begins with, and empty files of such a name are recorded, so that "there and empty" differs from
 * "absent".
 */
export const observeSystemFile: FileObserver = (file, limits, listener) => {
  const { path, head } = file;
  if (file.size > 0 && isApkDatabase(path)) return database(limits, listener, 'apk', parseApk);
  if (file.size > 0 && isDpkgDatabase(path)) return database(limits, listener, 'dpkg', parseDpkg);
  if (isElf(head)) return undefined;
  const other = otherDatabases.find(([shape]) => shape.test(path))?.[1];
  if (other !== undefined && file.size > 0) {
    listener.fact({ kind: 'other-database', format: other });
    return undefined;
  }
  if (distributionFile.test(path)) {
    const release = releaseIn(path, head);
    listener.fact({ kind: 'distribution-file', ...(release === undefined ? {} : { release }) });
  }
  if (/^[^/]+\/Chart\.yaml$/.test(path)) {
    return { how: 'keep', limit: limits.text * 16, use: (bytes) => listener.chart(bytes) };
  }
  if (head[0] !== 0x7b) return readText(file, limits, listener);
  if (!contentSets.test(path)) return undefined;
  return { how: 'keep', limit: limits.text * 16, use: (bytes) => takeContentSets(bytes, listener) };
};

/** The release that `alpine-release` or `debian_version` names by number; code names, as those before a release, are none. */
function releaseIn(path: string, head: Buffer): { id: 'alpine' | 'debian'; version: string } | undefined {
  const isAlpine = path.endsWith('alpine-release');
  if (!isAlpine && !path.endsWith('debian_version')) return undefined;
  const version = /^\d{1,4}\.\d{1,4}(?=[.\s]|$)/.exec(head.toString('latin1', 0, 32))?.[0];
  return version === undefined ? undefined : { id: isAlpine ? 'alpine' : 'debian', version };
}

function isApkDatabase(path: string): boolean {
  return path.endsWith('lib/apk/db/installed');
}

function isDpkgDatabase(path: string): boolean {
  return path.endsWith('lib/dpkg/status') || /lib\/dpkg\/status\.d\/[^/]+(?<!\.md5sums)$/.test(path);
}

/** What cannot be read names no repositories, which is told where the image is composed. */
function takeContentSets(bytes: Buffer, listener: NoteListener): void {
  try {
    const fields: unknown = JSON.parse(bytes.toString('utf8'));
    const names = isFields(fields) ? fields['content_sets'] : undefined;
    if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) return;
    listener.fact({
      kind: 'content-sets',
      names: names.slice(0, mostSets).map((name) => name.slice(0, 200)),
    });
  } catch {
    listener.problem('unreadable-file', 'it is not JSON', true);
  }
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
  if (looksLikeDpkgStatus(head) || isRecord) return database(limits, listener, 'dpkg', parseDpkg);
  if (looksLikeApkInstalled(head)) return database(limits, listener, 'apk', parseApk);
  if (file.size === 0 && (base === 'status' || base === 'installed')) {
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

interface ReadDatabase {
  readonly fact: FileFacts;
  readonly files: readonly RecordedFiles[];
  readonly broken: number;
}

function parseDpkg(text: string): ReadDatabase {
  const { packages, files, broken } = parseDpkgStatus(text);
  return { fact: { kind: 'dpkg', packages }, files, broken };
}

function parseApk(text: string): ReadDatabase {
  const { packages, files, broken } = parseApkInstalled(text);
  return { fact: { kind: 'apk', packages }, files, broken };
}

function database(
  limits: LayerLimits,
  listener: NoteListener,
  kind: 'dpkg' | 'apk',
  parse: (text: string) => ReadDatabase,
): Reading {
  const use = (bytes: Buffer): void => {
    const { fact, files, broken } = parse(bytes.toString('utf8'));
    listener.fact(fact);
    for (const one of files) listener.fact({ kind: 'recorded-files', ...one });
    if (broken === 0) return;
    const message = `${broken} records of this ${kind} database lack a name or a version, or cannot be read`;
    listener.problem('unreadable-file', message, true);
  };
  return { how: 'keep', limit: limits.database, use };
}
