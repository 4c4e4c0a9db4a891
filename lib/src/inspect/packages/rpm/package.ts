import type { RecordedAlgorithm, RecordedFiles, RpmPackage } from '../../file-facts.ts';
import { codePaths } from '../../layer-tree.ts';
import { placePath } from '../../paths.ts';
import { digestOfHex } from '../dpkg-files.ts';
import { readRpmHeader, type RpmHeader } from './header.ts';

/** What the header of an installed package says. */
export interface RpmRecord {
  readonly package: RpmPackage;
  readonly files?: RecordedFiles;
  /** what cannot be read of its list of files */
  readonly filesBroken: boolean;
}

/** What the files of all packages of a database may take together; counts down. */
export interface FileAllowance {
  files: number;
  /** UTF-16 units of their paths */
  names: number;
}

/** Numbers of tags (rpm, "RPM Tags"). */
const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  licence: 1014,
  architecture: 1022,
  oldFileNames: 1027,
  fileStates: 1029,
  fileModes: 1030,
  fileDigests: 1035,
  fileFlags: 1037,
  source: 1044,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
  fileDigestAlgorithm: 5011,
  module: 5096,
} as const;

/** Algorithms of file digests by their numbers (RFC 4880, 9.4); without a number it is MD5. */
const algorithms: ReadonlyMap<number, RecordedAlgorithm> = new Map([
  [1, 'md5'],
  [2, 'sha1'],
  [8, 'sha256'],
  [10, 'sha512'],
]);

const flags = { configuration: 1, ghost: 64 };
const regular = 0o10;

/**
 * Reads the header of an installed package.
 *
 * @returns `broken` where it is no header, or lacks name, version or release; `key` for a public key, which rpm keeps among
 * packages
 */
export function readRpmPackage(blob: Buffer, allowance: FileAllowance): RpmRecord | 'broken' | 'key' {
  const header = readRpmHeader(blob);
  const name = header?.text(tags.name);
  const version = header?.text(tags.version);
  const release = header?.text(tags.release);
  if (header === undefined || !name || !version || !release) return 'broken';
  if (name === 'gpg-pubkey') return 'key';
  const [epoch = 0] = header.numbers(tags.epoch) ?? [];
  if (header.has(tags.epoch) && header.numbers(tags.epoch) === undefined) return 'broken';
  const optional = {
    architecture: header.text(tags.architecture),
    source: header.text(tags.source),
    licence: header.text(tags.licence),
    vendor: header.text(tags.vendor),
    module: header.text(tags.module),
  };
  const one: RpmPackage = {
    name,
    version: `${epoch === 0 ? '' : `${epoch}:`}${version}-${release}`,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value)),
  };
  const files = filesOf(header, name, allowance);
  return {
    package: one,
    ...(files === 'broken' || files === undefined ? {} : { files }),
    filesBroken: files === 'broken',
  };
}

function pathsOf(header: RpmHeader, allowance: FileAllowance): readonly string[] | 'broken' | undefined {
  if (!header.has(tags.baseNames)) {
    return header.has(tags.oldFileNames) ? (header.texts(tags.oldFileNames) ?? 'broken') : undefined;
  }
  const names = header.texts(tags.baseNames);
  const folders = header.texts(tags.dirNames);
  const indexes = header.numbers(tags.dirIndexes);
  if (names === undefined || folders === undefined || indexes?.length !== names.length) return 'broken';
  if (indexes.some((index) => index >= folders.length)) return 'broken';
  // One long folder that many names share takes little room in the header, and much once it is written out.
  for (const [at, name] of names.entries()) allowance.names -= name.length + folders[indexes[at]!]!.length;
  allowance.files -= names.length;
  if (allowance.files < 0 || allowance.names < 0) return 'broken';
  return names.map((name, at) => `${folders[indexes[at]!]!}${name}`);
}

/** Files that were installed: those that the package only claims (ghosts), or that were left out, have no content here. */
function filesOf(
  header: RpmHeader,
  name: string,
  allowance: FileAllowance,
): RecordedFiles | 'broken' | undefined {
  const paths = pathsOf(header, allowance);
  if (paths === undefined || paths === 'broken') return paths;
  const algorithm = algorithms.get(header.numbers(tags.fileDigestAlgorithm)?.[0] ?? 1);
  const digests = header.texts(tags.fileDigests);
  const modes = header.numbers(tags.fileModes);
  const marks = header.numbers(tags.fileFlags);
  const states = header.bytes(tags.fileStates);
  for (const list of [digests, modes, marks, states]) {
    if (list !== undefined && list.length !== paths.length) return 'broken';
  }
  const configuration: number[] = [];
  const coded: string[] = [];
  for (let at = 0; at < paths.length; at += 1) {
    const isGhost = ((marks?.[at] ?? 0) & flags.ghost) !== 0;
    const hasContent = !isGhost && (states?.[at] ?? 0) === 0 && (modes?.[at] ?? 0) >> 12 === regular;
    const hex = algorithm === undefined || !hasContent ? '' : (digests?.[at] ?? '');
    coded.push(/^(?:[0-9a-f]{2}){1,64}$/i.test(hex) ? digestOfHex(hex) : '');
    if (((marks?.[at] ?? 0) & flags.configuration) !== 0) configuration.push(at);
  }
  return {
    owner: { type: 'rpm', name },
    ...(algorithm === undefined ? {} : { algorithm }),
    paths: codePaths(paths.map((path) => placePath(path).path)),
    digests: coded,
    ...(configuration.length > 0 ? { configuration } : {}),
  };
}
