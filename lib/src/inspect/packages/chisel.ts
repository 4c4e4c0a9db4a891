import { constants, zstdDecompressSync } from 'node:zlib';
import type { DpkgPackage, RecordedFiles } from '../file-facts.ts';
import { isFields, type Fields } from '../json-fields.ts';
import { codePaths } from '../layer-tree.ts';
import { placePath } from '../paths.ts';
import type { FileObserver } from '../reading.ts';
import { digestOfHex } from './dpkg-files.ts';
import { isPlainWord } from './plain-text.ts';
import { isText } from './recorded-json.ts';

/** Where chisel keeps its manifest, by the only slice of Ubuntu that has it. */
export const chiselManifest = 'var/lib/chisel/manifest.wall';

/** A zstd frame begins so (RFC 8878, section 3.1.1). */
const magic = 0xfd2fb528;
const sha256Shape = /^[0-9a-f]{64}$/;

/** What a manifest says. */
interface Manifest {
  readonly packages: readonly DpkgPackage[];
  readonly files: readonly RecordedFiles[];
}

/** A line, or a manifest, that is not what it must be. */
class ManifestError extends Error {}

/**
 * Reads the manifests of chisel, which cuts packages of Ubuntu into slices (documentation.ubuntu.com/chisel, "Manifest"): objects of
 * JSON, one in a line, compressed with zstd. They name packages, and for each file the slices that have it and its SHA-256. From
 * which source a package was built they do not say.
 */
export const observeChisel: FileObserver = ({ path, head }, limits, listener) => {
  const isNamed = path === chiselManifest || path.endsWith(`/${chiselManifest}`);
  if (!path.endsWith('.wall') && !isNamed) return undefined;
  if (!isNamed && (head.length < 4 || head.readUInt32LE(0) !== magic)) return undefined;
  const use = (bytes: Buffer): void => {
    try {
      const params = { [constants.ZSTD_d_windowLogMax]: limits.zstdWindow };
      const unpacked = zstdDecompressSync(bytes, { maxOutputLength: limits.database, params });
      const { packages, files } = readManifest(unpacked.toString('utf8'));
      listener.fact({ kind: 'dpkg', packages, sourceless: true });
      for (const one of files) listener.fact({ kind: 'recorded-files', ...one });
    } catch (error) {
      if (!isNamed) return;
      const why = error instanceof ManifestError ? error.message : 'it cannot be unpacked';
      listener.problem('unreadable-file', `it is no manifest of chisel: ${why}`, true);
    }
  };
  return { how: 'keep', limit: limits.json, use };
};

function readManifest(text: string): Manifest {
  const packages: DpkgPackage[] = [];
  const files = new Map<string, { paths: string[]; digests: string[] }>();
  let lines = 0;
  let count: unknown;
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at);
    const entry = objectOf(text.slice(at, end < 0 ? text.length : end));
    at = end < 0 ? text.length : end + 1;
    lines += 1;
    if (lines === 1) {
      count = countIn(entry);
      continue;
    }
    if (entry['kind'] === 'package') packages.push(packageOf(entry));
    else if (entry['kind'] === 'path') addFile(files, entry);
    else if (entry['kind'] !== 'slice' && entry['kind'] !== 'content')
      throw new ManifestError(`line ${lines} is of a kind that is not known`);
  }
  if (count !== lines) throw new ManifestError(`it has ${lines} lines, and says ${String(count)}`);
  const known = new Set(packages.map(({ name }) => name));
  for (const name of files.keys())
    if (!known.has(name)) throw new ManifestError('a file is of a package that is not named');
  return {
    packages,
    files: [...files].map(([name, { paths, digests }]) => ({
      owner: { type: 'deb', name },
      algorithm: 'sha256',
      paths: codePaths(paths),
      digests,
    })),
  };
}

function objectOf(line: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // told below
  }
  if (!isFields(value)) throw new ManifestError('a line is no object of JSON');
  return value;
}

/** How many lines there are, this one included. */
function countIn({ jsonwall, schema, count }: Fields): unknown {
  if (!isText(jsonwall) || !jsonwall.startsWith('1.')) throw new ManifestError('it is of no known format');
  if (!isText(schema) || !schema.startsWith('1.')) throw new ManifestError('its schema is not known');
  return count;
}

function packageOf({ name, version, arch }: Fields): DpkgPackage {
  if (!isPlainWord(name) || !isPlainWord(version))
    throw new ManifestError('a package lacks a name or a version, or has an invalid one');
  const architecture = isPlainWord(arch) ? { architecture: arch } : {};
  return { name, version, ...architecture, source: name, sourceVersion: version };
}

/** A file is of the packages that its slices are cut from; scripts may have changed it while they were put together. */
function addFile(files: Map<string, { paths: string[]; digests: string[] }>, entry: Fields): void {
  const { path, slices, sha256, final_sha256: final } = entry;
  if (!isText(path) || !Array.isArray(slices)) throw new ManifestError('a path lacks its name or its slices');
  const digest = final ?? sha256;
  if (digest !== undefined && !(isText(digest) && sha256Shape.test(digest)))
    throw new ManifestError('a digest is none');
  const owners = new Set(slices.map((slice: unknown) => (isText(slice) ? slice.replace(/_.*/s, '') : '')));
  if (owners.size === 0 || owners.has('')) throw new ManifestError('a path is of no slice');
  const placed = placePath(path).path;
  if (placed === '') return;
  for (const owner of owners) {
    let of = files.get(owner);
    if (of === undefined) files.set(owner, (of = { paths: [], digests: [] }));
    of.paths.push(placed);
    of.digests.push(digest === undefined ? '' : digestOfHex(digest));
  }
}
