import { comparableName } from '../comparable-name.ts';
import type { RecordedAlgorithm, RecordedFiles } from '../file-facts.ts';
import { codePaths } from '../layer-tree.ts';
import { placePath } from '../paths.ts';

const lengths: Readonly<Record<RecordedAlgorithm, number>> = { md5: 22, sha1: 27, sha256: 43, sha512: 86 };
const digestShape = /^[A-Za-z0-9_-]+=*$/;
const longestPath = 4000;

function isAlgorithm(name: string): name is RecordedAlgorithm {
  return Object.hasOwn(lengths, name);
}

/**
 * Reads a RECORD (PEP 376, PEP 427): lines of path, digest and size, separated by commas. Paths count from the folder that has the
 * dist-info folder, and may lead out of it; the package is named by that folder, in the form that the index compares.
 *
 * @param place path of the file in the layer
 * @param most lines that are read; the others count as broken, as one
 * @returns one record for each algorithm; digests by others are left out. `broken`: lines that are none
 */
export function parseRecord(
  text: string,
  place: string,
  most: number,
): { files: RecordedFiles[]; broken: number } {
  const info = place.slice(0, place.lastIndexOf('/'));
  const folder = info.slice(0, Math.max(info.lastIndexOf('/'), 0));
  const name = info.slice(info.lastIndexOf('/') + 1).replace(/(?:-[^-]*)?\.dist-info$/, '');
  const owner = { type: 'pypi', name: comparableName('PyPI', name) } as const;
  const groups = new Map<RecordedAlgorithm, { paths: string[]; digests: string[] }>();
  let broken = 0;
  for (let at = 0, count = 0; at < text.length; count += 1) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end).replace(/\r$/, '');
    at = end < 0 ? text.length : end + 1;
    if (line === '') continue;
    if (count >= most) {
      broken += 1;
      break;
    }
    const fields = splitLine(line);
    const [path = '', hash = ''] = fields ?? [];
    if (path === '' || path.length > longestPath || path.includes('\0')) {
      broken += 1;
      continue;
    }
    const equals = hash.indexOf('=');
    const named = hash.slice(0, Math.max(equals, 0)).toLowerCase();
    const algorithm = isAlgorithm(named) ? named : 'sha256';
    const digest = equals < 0 || !isAlgorithm(named) ? '' : plainBase64(hash.slice(equals + 1), algorithm);
    if (digest === undefined) {
      broken += 1;
      continue;
    }
    let group = groups.get(algorithm);
    if (group === undefined) groups.set(algorithm, (group = { paths: [], digests: [] }));
    group.paths.push(placePath(path.startsWith('/') ? path : `${folder}/${path}`).path);
    group.digests.push(digest);
  }
  const files = [...groups].map(([algorithm, { paths, digests }]) => ({
    owner,
    algorithm,
    paths: codePaths(paths),
    digests,
  }));
  return { files, broken };
}

/** From the alphabet of URLs, padded or not. */
function plainBase64(text: string, algorithm: RecordedAlgorithm): string | undefined {
  if (!digestShape.test(text)) return undefined;
  const plain = text.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  return plain.length === lengths[algorithm] ? plain : undefined;
}

/** The fields of a line of CSV; quotes around a field, doubled within. */
function splitLine(line: string): string[] | undefined {
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  for (let at = 0; at <= line.length;) {
    if (line[at] !== '"') {
      const comma = line.indexOf(',', at);
      const end = comma < 0 ? line.length : comma;
      fields.push(line.slice(at, end));
      at = end + 1;
      continue;
    }
    let field = '';
    for (at += 1; ; at += 2) {
      const quote = line.indexOf('"', at);
      if (quote < 0) return undefined;
      field += line.slice(at, quote);
      at = quote;
      if (line[at + 1] !== '"') break;
      field += '"';
    }
    fields.push(field);
    if (at + 1 < line.length && line[at + 1] !== ',') return undefined;
    at += 2;
  }
  return fields;
}
