import type { RecordedPackage } from '../file-facts.ts';
import type { LayerLimits } from '../limits.ts';
import { combine, unknownLicence, written, type Licence } from '../licences/expression.ts';
import { recogniseText } from '../licences/recognise-text.ts';
import { displayPath } from '../paths.ts';
import type { SeenFile } from '../reading.ts';
import type { FileSink } from '../tar/sink.ts';
import { PassingBytes } from '../zip/passing-bytes.ts';
import { readZip, type ZipListener } from '../zip/zip-reader.ts';
import type { PackageFormat } from './formats.ts';
import { isArchiveLicence, pomLicence } from './java-licences.ts';
import { plainText } from './plain-text.ts';
import {
  identify,
  parseManifest,
  parsePomProperties,
  type Coordinates,
  type Manifest,
} from './java-identity.ts';

/** Archives that Java's programs and servers load. */
const archiveName = /\.(?:jar|war|ear|par|sar|har|kar|nar|lpkg|jpi|hpi)$/i;
const projectName = /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.xml$/;
const pomName = /(?:^|\/)META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/;
const manifestName = /^META-INF\/MANIFEST\.MF$/i;

/** Archives in archives: below the file itself. */
const deepest = 4;
/** Bytes of a manifest or pom.properties. */
const longestText = 2 * 1024 ** 2;
/** Bytes of a licence that is read; texts of one archive that are. */
const longestLicence = 256 * 1024;
const mostLicences = 20;
/** Bytes that one file unpacks to, with all archives in it. */
const mostUnpacked = 4 * 1024 ** 3;
const mostProblems = 10;
const noArtifact = 'it does not say which artifact this is, in which version';

/** Archives of Java: what Maven recorded in them, in archives in them too, or else what manifests and names tell. */
export const javaFormat: PackageFormat = {
  name: 'java',
  observe(file, limits, listener) {
    if (pomName.test(file.path)) {
      const use = (bytes: Buffer): void => {
        const found = parsePomProperties(bytes.toString('utf8'));
        if (found !== undefined)
          listener.fact({ kind: 'packages', format: 'java', packages: [recorded(found, undefined)] });
        else listener.problem('unreadable-file', noArtifact, true);
      };
      return { how: 'keep', limit: longestText, use };
    }
    const isNamed = archiveName.test(file.path);
    if (!isNamed && !mayBeArchive(file)) return undefined;
    const reading = new ArchiveReading(limits, file.size, isNamed);
    const sink = reading.read(file.path.slice(file.path.lastIndexOf('/') + 1), undefined, 0);
    const end = (whole: boolean): void => {
      sink.end(whole);
      const { packages, problems } = reading;
      for (const what of problems) listener.problem('unreadable-file', what, true);
      if (packages.length > 0) listener.fact({ kind: 'packages', format: 'java', packages });
    };
    return {
      how: 'pass',
      sink: { data: (bytes) => sink.data(bytes), hole: (length) => sink.hole(length), end },
    };
  },
};

/** A zip archive by another name, or a script before one, which runs it. */
function mayBeArchive({ head, size }: SeenFile): boolean {
  if (head.length < 4) return false;
  return head.readUInt32LE(0) === 0x04034b50 || (head[0] === 0x23 && head[1] === 0x21 && size > 4096);
}

function recorded(
  { group, artifact, version, licence, licenceText }: Coordinates,
  inside: string | undefined,
): RecordedPackage {
  return {
    type: 'maven',
    // Advisories know no artifact without its group.
    ...(group === undefined ? { name: artifact } : { name: `${group}:${artifact}`, ecosystem: 'Maven' }),
    version,
    ...(licence === undefined ? {} : { licence }),
    ...(licenceText === undefined ? {} : { licenceText }),
    ...(inside === undefined ? {} : { inside }),
  };
}

/** What is read of one file, with all archives in it. */
class ArchiveReading {
  readonly packages: RecordedPackage[] = [];
  readonly #limits: LayerLimits;
  readonly #size: number;
  readonly #problems = new Set<string>();
  readonly #seen = new Set<string>();
  /** undefined: not known before the first entry; false may turn out to be true */
  #isJava: boolean | undefined;
  #unpacked = 0;

  /** @param isNamed true: it is an archive of Java by its name; else its entries say so, as those of others do not */
  constructor(limits: LayerLimits, size: number, isNamed: boolean) {
    this.#limits = limits;
    this.#size = size;
    this.#isJava = isNamed ? true : undefined;
  }

  get problems(): readonly string[] {
    return this.#isJava === true ? [...this.#problems] : [];
  }

  /** Takes the bytes of an archive. */
  read(fileName: string, inside: string | undefined, depth: number): FileSink {
    const poms: Array<Coordinates & { readonly folder: string }> = [];
    /** of each project that Maven recorded, by its folder */
    const projects = new Map<string, string>();
    /** folders of artifacts whose records cannot be read */
    const unread: string[] = [];
    const texts: Licence[] = [];
    let manifest: Manifest = new Map();
    const broken = (what: string): void => this.#problem(inside, what);
    const listener: ZipListener = {
      wants: (name) => this.#wants(name),
      open: ({ name }) => {
        if (archiveName.test(name)) return this.#readNested(name, inside, depth, broken);
        if (isArchiveLicence(name)) return licenceReader(texts);
        const folder = name.slice(0, name.lastIndexOf('/'));
        if (projectName.test(name))
          return new Text((text) => {
            const licence = text === undefined ? undefined : pomLicence(text);
            if (licence !== undefined) projects.set(folder, plainText(licence));
          });
        return new Text((text) => {
          if (text === undefined) return broken(`${name} has more than ${longestText} bytes`);
          if (manifestName.test(name)) manifest = parseManifest(text);
          else {
            const pom = parsePomProperties(text);
            if (pom === undefined) unread.push(folder);
            else poms.push({ ...pom, folder });
          }
        });
      },
      spend: (bytes) => this.#spend(bytes),
      broken,
      end: (found) => {
        if (!found) return;
        const recordedPoms = poms.map(({ folder, ...pom }) => {
          const licence = projects.get(folder);
          return licence === undefined ? pom : { ...pom, licence };
        });
        const text = texts.length === 0 ? undefined : written(combine('and', texts));
        const told = identify(fileName, recordedPoms, manifest, text);
        this.#add(told, inside);
        // The archive itself may be known by its manifest or name.
        const names = new Set(told.map(({ artifact }) => artifact));
        for (const folder of unread) {
          if (!names.has(folder.slice(folder.lastIndexOf('/') + 1)))
            broken(`${folder}/pom.properties: ${noArtifact}`);
        }
      },
    };
    return new PassingBytes(
      (position) => readZip(position, listener),
      (whole) => whole || broken('it breaks off'),
    );
  }

  #wants(name: string): boolean {
    this.#isJava ??= name.startsWith('META-INF/');
    // Its first entry says so as a rule; where others stand before, the directory tells those that were passed over.
    this.#isJava ||= manifestName.test(name) || pomName.test(name);
    return (
      this.#isJava &&
      (archiveName.test(name) ||
        manifestName.test(name) ||
        pomName.test(name) ||
        projectName.test(name) ||
        isArchiveLicence(name))
    );
  }

  #readNested(
    name: string,
    inside: string | undefined,
    depth: number,
    broken: (what: string) => void,
  ): FileSink {
    if (depth < deepest) {
      const base = name.slice(name.lastIndexOf('/') + 1);
      const place = name.slice(0, 1000);
      return this.read(base, inside === undefined ? place : `${inside}!/${place}`, depth + 1);
    }
    broken(`${name} lies in more than ${deepest} archives`);
    return { data: () => {}, hole: () => {}, end: () => {} };
  }

  #spend(bytes: number): boolean {
    this.#unpacked += bytes;
    const { ratio, ratioFrom } = this.#limits;
    return this.#unpacked <= Math.min(mostUnpacked, Math.max(ratioFrom, this.#size * ratio));
  }

  #problem(inside: string | undefined, what: string): void {
    const where = inside === undefined ? '' : `${inside.slice(0, 500)}: `;
    if (this.#problems.size < mostProblems) this.#problems.add(displayPath(`${where}${what.slice(0, 500)}`));
  }

  #add(found: readonly Coordinates[], inside: string | undefined): void {
    if (this.#isJava !== true) return;
    for (const one of found) {
      // One more than may be, which tells that there are too many.
      if (this.packages.length > this.#limits.packages) return;
      const key = JSON.stringify([one.group, one.artifact, one.version, inside]);
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      this.packages.push(recorded(one, inside));
    }
  }
}

/** Reads a text for the licence that it is. */
function licenceReader(texts: Licence[]): Text {
  return new Text((text) => {
    if (texts.length >= mostLicences) return;
    const isTooLong = text === undefined || text.length > longestLicence;
    texts.push((isTooLong ? undefined : recogniseText(text)) ?? unknownLicence('a text of its own'));
  });
}

/** Keeps a text of an archive. */
class Text implements FileSink {
  readonly #use: (text: string | undefined) => void;
  #parts: Buffer[] = [];
  #size = 0;

  /** @param use given undefined where it is too long */
  constructor(use: (text: string | undefined) => void) {
    this.#use = use;
  }

  data(bytes: Buffer): void {
    this.#size += bytes.length;
    if (this.#size <= longestText) this.#parts.push(Buffer.from(bytes));
    else this.#parts = [];
  }

  hole(): void {
    // Content of archives has none.
  }

  end(): void {
    this.#use(this.#size > longestText ? undefined : Buffer.concat(this.#parts).toString('utf8'));
  }
}
