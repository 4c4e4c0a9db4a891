import { comparableName } from '../comparable-name.ts';
import type { RecordedPackage } from '../file-facts.ts';
import type { PackageFormat } from './formats.ts';
import { listedLicences } from './licence-list.ts';
import { isPlainWord, plainText } from './plain-text.ts';
import { parseRecord } from './python-record.ts';

/**
 * Where Python's tools look for what is installed (Core metadata; the older layouts of setuptools). Python itself takes the names of the
 * folders in capitals too (importlib.metadata).
 */
const metadataPlace =
  /(?:^|\/)(?:[^/]+\.dist-info\/METADATA|[^/]+\.egg-info(?:\/(?:PKG-INFO|METADATA))?|EGG-INFO\/PKG-INFO)$/i;
const recordPlace = /(?:^|\/)[^/]+\.dist-info\/RECORD$/i;
const anyMetadata = /(?:^|\/)(?:METADATA|PKG-INFO|[^/]+\.egg-info)$/i;

/** Other files that begin as metadata do may be reached by a link; none of those is large. */
const unnamedSize = 1024 ** 2;

const start = Buffer.from('Metadata-Version:');
const longestField = 1000;
/** UTF-16 units of all headers, behind which a description follows. */
const longestHeaders = 2 * 1024 ** 2;

/** Packages as pip and its kin install them: their metadata, and which files they brought. */
export const pythonFormat: PackageFormat = {
  name: 'python',
  countsAt: (path) => metadataPlace.test(path),
  observe(file, limits, listener) {
    if (recordPlace.test(file.path)) {
      const use = (bytes: Buffer): void => {
        const { files, broken } = parseRecord(bytes.toString('utf8'), file.path, limits.entries);
        for (const one of files) listener.fact({ kind: 'recorded-files', ...one });
        if (broken > 0)
          listener.problem('unreadable-file', `${broken} lines of this record cannot be read`, true);
      };
      return { how: 'keep', limit: limits.database, use };
    }
    const isNamed = anyMetadata.test(file.path);
    if (!isNamed && (!file.head.subarray(0, start.length).equals(start) || file.size > unnamedSize))
      return undefined;
    const use = (bytes: Buffer): void => {
      const found = parseMetadata(bytes.toString('utf8'));
      if (found !== undefined) listener.fact({ kind: 'packages', format: 'python', packages: [found] });
      else if (metadataPlace.test(file.path) && (bytes.length > 0 || !/egg-info$/i.test(file.path)))
        listener.problem('unreadable-file', 'its metadata have no name or no version', true);
    };
    return { how: 'keep', limit: limits.json, use };
  },
};

/**
 * Reads core metadata (PEP 566, PEP 639), headers as mail has them, down to the first blank line.
 * @returns undefined where they have no name or no version
 */
export function parseMetadata(text: string): RecordedPackage | undefined {
  const fields = new Map<string, string[]>();
  let values: string[] | undefined;
  const headers = /^\ufeff?([^]*?)(?:\r?\n\r?\n|$)/.exec(text.slice(0, longestHeaders))?.[1] ?? '';
  for (const line of headers.split(/\r?\n/)) {
    if (line.startsWith(' ') || line.startsWith('\t')) {
      const last = values?.at(-1);
      if (values !== undefined && last !== undefined && last.length < longestField)
        values[values.length - 1] = `${last}\n${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    values = fields.get(name);
    if (values === undefined) {
      values = [];
      fields.set(name, values);
    }
    values.push(line.slice(colon + 1).trim());
  }
  const name = fields.get('name')?.[0] ?? '';
  const version = fields.get('version')?.[0] ?? '';
  if (!isPlainWord(name) || !isPlainWord(version)) return undefined;
  const licence = licenceOf(fields);
  return {
    type: 'pypi',
    name,
    version,
    ecosystem: 'PyPI',
    matchName: comparableName('PyPI', name),
    ...(licence === undefined ? {} : { licence: plainText(licence) }),
  };
}

/** The expression; else what was written freely, unless it is the text of a licence; else what classifiers say. */
function licenceOf(fields: ReadonlyMap<string, readonly string[]>): string | undefined {
  const expression = fields.get('license-expression')?.[0];
  if (expression) return expression;
  const free = fields.get('license')?.[0] ?? '';
  const isName =
    free !== '' && free.toUpperCase() !== 'UNKNOWN' && !free.includes('\n') && free.length <= 200;
  if (isName) return free;
  const classifiers = (fields.get('classifier') ?? [])
    .filter((one) => one.startsWith('License ::'))
    .map((one) => one.slice(one.lastIndexOf('::') + 2).trim())
    .filter((one) => one !== '' && one !== 'OSI Approved');
  // Classifiers cannot say whether one of them may be chosen (PEP 639, "Motivation"). Some end with their name once more, in brackets.
  const names =
    classifiers.length === 1 ? classifiers : classifiers.map((one) => one.replace(/ \([^()]*\)$/, ''));
  const listed = listedLicences(names, 'all');
  if (listed !== undefined) return listed;
  const first = free.split('\n', 1)[0]!.slice(0, 200);
  return first === '' || first.toUpperCase() === 'UNKNOWN' ? undefined : first;
}
