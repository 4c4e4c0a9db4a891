import type { RecordedPackage } from '../file-facts.ts';
import type { LayerLimits } from '../limits.ts';
import { displayPath } from '../paths.ts';
import type { FileSink } from '../tar/sink.ts';
import { PassingBytes } from '../zip/passing-bytes.ts';
import { readZip } from '../zip/zip-reader.ts';
import type { PackageFormat } from './formats.ts';
import { parseMetadata } from './python.ts';

/** Archives that Python runs or imports from as they are: eggs, and programs of pex and zipapp. Wheels are there to be installed. */
const archiveName = /\.(?:egg|pex|pyz)$/i;
const metadataName = /(?:^|\/)(?:EGG-INFO\/PKG-INFO|[^/]+\.(?:dist|egg)-info\/(?:METADATA|PKG-INFO))$/i;

/** Bytes of the metadata of one package. */
const longestMetadata = 2 * 1024 ** 2;
/** Bytes of the metadata of all. */
const mostUnpacked = 64 * 1024 ** 2;
const mostProblems = 10;

/** Packages in archives of Python, told by their metadata. */
export const pythonArchiveFormat: PackageFormat = {
  name: 'python-archive',
  observe({ path, head }, limits, listener) {
    if (!archiveName.test(path) || head.length === 0) return undefined;
    const problems = new Set<string>();
    const packages: RecordedPackage[] = [];
    const broken = (what: string): void => {
      if (problems.size < mostProblems) problems.add(displayPath(what.slice(0, 500)));
    };
    const sink = archiveReader(packages, limits, broken);
    const end = (whole: boolean): void => {
      sink.end(whole);
      for (const what of problems) listener.problem('unreadable-file', what, true);
      if (packages.length > 0) listener.fact({ kind: 'packages', format: 'python-archive', packages });
    };
    return {
      how: 'pass',
      sink: { data: (bytes) => sink.data(bytes), hole: (length) => sink.hole(length), end },
    };
  },
};

function archiveReader(
  packages: RecordedPackage[],
  limits: LayerLimits,
  broken: (what: string) => void,
): FileSink {
  let unpacked = 0;
  return new PassingBytes(
    (position) =>
      readZip(position, {
        wants: (name) => metadataName.test(name),
        open: ({ name }) => metadataReader(name, packages, limits, broken),
        spend: (bytes) => (unpacked += bytes) <= mostUnpacked,
        broken,
        // A file of such a name that is no archive is a text, or a link that some file systems write.
        end: () => {},
      }),
    (whole) => whole || broken('it breaks off'),
  );
}

function metadataReader(
  name: string,
  packages: RecordedPackage[],
  limits: LayerLimits,
  broken: (what: string) => void,
): FileSink {
  const parts: Buffer[] = [];
  let size = 0;
  return {
    data(bytes) {
      size += bytes.length;
      if (size <= longestMetadata) parts.push(Buffer.from(bytes));
    },
    hole: () => {},
    end() {
      const found = size > longestMetadata ? undefined : parseMetadata(Buffer.concat(parts).toString('utf8'));
      if (found === undefined) return broken(`${name} has no name or no version`);
      // One more than may be, which tells that there are too many.
      if (packages.length <= limits.packages) packages.push({ ...found, inside: name });
    },
  };
}
