import type { LicenceText } from '../file-facts.ts';
import { groupOf, publishedName } from './java-groups.ts';
import { bundleLicence } from './java-licences.ts';
import { plainText } from './plain-text.ts';

/** What names an artifact of Maven; the group is not always told. */
export interface Coordinates {
  readonly group?: string;
  readonly artifact: string;
  readonly version: string;
  /** as pom.xml has it, or Bundle-License of the manifest */
  readonly licence?: string;
  /** of the texts of licences in it */
  readonly licenceText?: LicenceText;
}

/** Main attributes of a manifest, by their names in lower case. */
export type Manifest = ReadonlyMap<string, string>;

const token = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}$/;
/** All that Maven takes for a version, in ASCII: also `1.0~rc1`, but nothing that was to be filled in. */
const versionShape = /^(?=[!-~]{1,200}$)[^\\/:"<>|?*[\](){},]+$/;
const groupShape = /^[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)+$/;

/**
 * Reads a pom.properties as Maven's archiver writes it (Java properties of single lines).
 * @returns undefined where it does not name an artifact
 */
export function parsePomProperties(text: string): Coordinates | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split(/[\r\n]+/)) {
    const at = line.search(/[=:]/);
    if (at > 0 && !/^\s*[#!]/.test(line)) fields.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  const [group = '', artifact = '', version = ''] = ['groupId', 'artifactId', 'version'].map((key) =>
    fields.get(key),
  );
  return token.test(group) && token.test(artifact) && versionShape.test(version)
    ? { group, artifact, version }
    : undefined;
}

/** Reads the main section of a manifest (JAR File Specification, "Notes on Manifest and Signature Files"). */
export function parseManifest(text: string): Manifest {
  const fields = new Map<string, string>();
  let name = '';
  for (const line of text.split(/\r\n|[\r\n]/)) {
    if (line === '') {
      if (fields.size > 0) break;
    } else if (line.startsWith(' ')) {
      const before = fields.get(name);
      if (before !== undefined && before.length < 4096) fields.set(name, before + line.slice(1));
    } else {
      const colon = line.indexOf(':');
      name = line.slice(0, Math.max(colon, 0)).toLowerCase();
      if (colon > 0) fields.set(name, line.slice(colon + 1).trimStart());
    }
  }
  return fields;
}

/** Words that versions have behind their numbers. */
const versionWord =
  /^(?:[0-9].*|alpha[0-9]*|beta[0-9]*|rc[0-9]*|cr[0-9]*|m[0-9]+|b[0-9]+|sp[0-9]*|ga|final|release|snapshot|incubating|pre[0-9]*|dev|jre[0-9]*|jdk[0-9]*|mr[0-9]*|sec[0-9]+|java[0-9]+|android|redhat|v[0-9]+|r[0-9]+|[a-f0-9]{7,40})$/i;

/** Takes the name of an archive apart: artifact-version, without its extension. */
export function splitFileName(name: string): { artifact: string; version?: string } {
  const base = name.slice(0, 200).replace(/\.[A-Za-z]{3}$/, '');
  for (let at = base.indexOf('-'); at >= 0; at = base.indexOf('-', at + 1)) {
    const version = base.slice(at + 1);
    if (at > 0 && /^[0-9]/.test(version) && version.split(/[-.+]/).every((part) => versionWord.test(part))) {
      return { artifact: base.slice(0, at), version };
    }
  }
  return { artifact: base };
}

/**
 * Says which artifacts an archive is and contains: those that Maven recorded in it; else the one that its manifest and its name
 * tell. An archive that took others up, and has records of those alone, is itself named as well.
 */
export function identify(
  fileName: string,
  recorded: readonly Coordinates[],
  manifest: Manifest,
  licenceText?: LicenceText,
): readonly Coordinates[] {
  const licence = cut(bundleLicence(manifest.get('bundle-license') ?? ''));
  const licences = {
    ...(licence === undefined ? {} : { licence }),
    ...(licenceText === undefined ? {} : { licenceText }),
  };
  const own = ownCoordinates(fileName, manifest);
  const named = splitFileName(fileName).artifact;
  // Distributions rename archives, and say in names of shaded ones that they are.
  const isRecorded = recorded.some(
    ({ artifact, version }) => version === own?.version || `${own?.artifact}-`.startsWith(`${artifact}-`),
  );
  // One whose own name and version nobody tells may be renamed, but not to something else.
  const isItself = ({ artifact }: Coordinates): boolean =>
    own === undefined ? named.startsWith(artifact) : isRecorded;
  const main = recorded.length === 1 ? recorded[0] : recorded.find(({ artifact }) => artifact === named);
  const all = recorded.map((one) => (one === main && isItself(one) ? { ...licences, ...one } : one));
  if (own === undefined || isRecorded) return all;
  return [...all, { ...own, ...licences }];
}

function cut(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : plainText(text);
}

function ownCoordinates(fileName: string, manifest: Manifest): Coordinates | undefined {
  const split = splitFileName(fileName);
  const version = [
    manifest.get('implementation-version'),
    split.version,
    manifest.get('bundle-version'),
  ].find((one) => one !== undefined && /^[0-9]/.test(one) && token.test(one));
  const symbolic = (manifest.get('bundle-symbolicname') ?? '').split(';')[0]!.trim();
  const title = manifest.get('implementation-title');
  const bundle = manifest.get('bundle-name') ?? '';
  const fromFile = publishedName(split.artifact, title);
  // An archive that was renamed may still say what it was called.
  const isRenamed = groupOf(fromFile) === undefined && token.test(bundle) && groupOf(bundle) !== undefined;
  const artifact = isRenamed ? bundle : fromFile;
  if (version === undefined || !token.test(artifact)) return undefined;
  const vendor = manifest.get('implementation-vendor-id') ?? '';
  const group =
    groupOf(artifact) ?? groupOfBundle(symbolic, artifact) ?? (groupShape.test(vendor) ? vendor : undefined);
  return group === undefined ? { artifact, version } : { group, artifact, version };
}

/**
 * Turns around how tools make the symbolic name of a bundle: group.artifact, or, where the artifact begins with the last word of the
 * group, with that word once.
 */
function groupOfBundle(symbolic: string, artifact: string): string | undefined {
  if (symbolic.length > 200 || !groupShape.test(symbolic)) return undefined;
  if (symbolic.endsWith(`.${artifact}`)) return symbolic.slice(0, -artifact.length - 1);
  for (let dot = symbolic.indexOf('.'); dot >= 0; dot = symbolic.indexOf('.', dot + 1)) {
    const group = symbolic.slice(0, dot);
    const rest = symbolic.slice(dot + 1);
    const last = group.slice(group.lastIndexOf('.') + 1);
    if ([`${last}-${rest}`, `${last}.${rest}`, `${last}${rest}`].includes(artifact)) return group;
  }
  return undefined;
}
