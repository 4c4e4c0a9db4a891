import { sameRelease } from '@wharfinger/lib/advisories/ecosystem';
import { WharfingerError } from '@wharfinger/lib/errors';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';
import { advisoriesNamed } from '../stores/advisory-names.ts';
import { fileKey } from '../stores/file-index/pieces.ts';
import { layersWithKey } from '../stores/file-index/segments.ts';
import { newestFirst } from '../stores/image-keys.ts';
import { digestBytes } from '../stores/image-layers.ts';
import {
  contentsOf,
  imagesOfDigest,
  imagesWithLayers,
  type LayersByContent,
} from '../stores/layer-search.ts';
import {
  imagesBuiltOn,
  imagesUnder,
  imagesWithLayer,
  imagesWithPackages,
  isCommonLicence,
  packagesNamed,
  packagesWithPurl,
  repositoriesOf,
  type FoundPackage,
  type PackageSet,
} from '../stores/search.ts';
import type { Question } from './question.ts';
import { parseVersionBounds } from './version-bounds.ts';

/** The images that a question is about, whoever may see them. */
export interface Candidates {
  /** keys, the newest first; absent: all images */
  readonly images?: readonly number[];
  /** which of these images are meant, where `images` are more; absent: all of them */
  readonly holds?: (images: readonly number[]) => Promise<ReadonlySet<number>>;
  /** the keys of those that are meant, the newest first, where there are `holds`: for who finds few of them by looking */
  readonly list?: () => Promise<readonly number[]>;
  /** the packages that were asked for */
  readonly packages?: PackageSet;
  /** keys of packages of which it cannot be told whether their version is asked for: they are among the others */
  readonly undecided?: ReadonlySet<number>;
  /** the file that was asked for */
  readonly files?: FileCandidates;
}

/** A file that is looked for, and the layers that have it as far as the beginning of its digest tells. */
export interface FileCandidates {
  readonly digest: Digest;
  readonly layers: LayersByContent;
  /** images that are meant whether they have the file or not */
  readonly meant?: ReadonlySet<number>;
}

/**
 * Finds the images that a question is about.
 * @param visible a base that may not be seen is answered as one that is not there
 * @throws WharfingerError NOT_FOUND where the advisories know no such name; UNAVAILABLE where a base was not taken apart yet;
 *   INPUT_INVALID
 */
export async function findImages(
  db: Db,
  question: Question,
  visible: (repository: string) => boolean,
): Promise<Candidates> {
  const { kind } = question;
  if (kind === 'package') return withPackage(db, question);
  if (kind === 'purl') {
    const found = await packagesWithPurl(db, question.purl);
    return withPackages(db, { ids: found.map(({ id }) => id) });
  }
  if (kind === 'vulnerability') return withVulnerability(db, question.id);
  if (kind === 'licence') return withLicence(db, question.licence);
  if (kind === 'layer') return { images: await imagesWithLayer(db, question.digest) };
  if (kind === 'file') return withFile(db, question.digest);
  if (kind === 'digest') return withDigest(db, question.digest, visible);
  if (!(await isSeen(db, question.digest, visible)))
    throw new WharfingerError('UNAVAILABLE', {
      what: `${question.digest} is no image, or was not taken apart yet`,
      remedy: 'name an image by its digest, or ask again in a moment',
    });
  return { images: await imagesBuiltOn(db, question.digest) };
}

/** A licence that thousands of packages have is asked of the images themselves, the newest first, until a page is full. */
const many = 5000;

async function withLicence(db: Db, licence: string): Promise<Candidates> {
  const packages = { licence };
  if (!(await isCommonLicence(db, licence, many))) return withPackages(db, packages);
  return {
    holds: (images) => imagesUnder(db, images, licence),
    list: () => imagesWithPackages(db, packages),
    packages,
  };
}

/** Files of no bytes are not kept: every image has some. */
const emptyFile = digestOf('');

async function withFile(db: Db, digest: Digest): Promise<Required<Pick<Candidates, 'images' | 'files'>>> {
  if (!digest.startsWith('sha256:') || digest === emptyFile)
    throw new WharfingerError('INPUT_INVALID', {
      what: digest === emptyFile ? 'empty files are not looked for' : `${digest} is no SHA-256`,
      remedy: 'name a file by the SHA-256 of what it contains',
    });
  const layers = await contentsOf(db, await layersWithKey(db, fileKey(digestBytes(digest))));
  return { images: await imagesWithLayers(db, layers), files: { digest, layers } };
}

async function withDigest(
  db: Db,
  digest: Digest,
  visible: (repository: string) => boolean,
): Promise<Candidates> {
  const meant = new Set([
    ...(await imagesOfDigest(db, digest, visible)),
    ...((await isSeen(db, digest, visible)) ? await imagesBuiltOn(db, digest) : []),
    ...(await imagesWithLayer(db, digest)),
  ]);
  const mayBeFile = digest.startsWith('sha256:') && digest !== emptyFile;
  const found = mayBeFile ? await withFile(db, digest) : undefined;
  const images = newestFirst([...meant, ...(found?.images ?? [])]);
  return { images, ...(found && { files: { ...found.files, meant } }) };
}

async function withVulnerability(db: Db, name: string): Promise<Candidates> {
  const advisories = await advisoriesNamed(db, name);
  if (advisories.length === 0)
    throw new WharfingerError('NOT_FOUND', {
      what: `no advisory that was imported is called ${name}`,
      remedy: 'check its name, or import advisories that know it',
    });
  return withPackages(db, { advisories });
}

async function isSeen(db: Db, digest: Digest, visible: (repository: string) => boolean): Promise<boolean> {
  return (await repositoriesOf(db, digest)).some(visible);
}

async function withPackages(db: Db, packages: PackageSet): Promise<Candidates> {
  return { images: await imagesWithPackages(db, packages), packages };
}

async function withPackage(
  db: Db,
  { name, ecosystem, version }: Extract<Question, { kind: 'package' }>,
): Promise<Candidates> {
  const holds = version === undefined ? () => true : parseVersionBounds(version);
  const undecided = new Set<number>();
  const ids: number[] = [];
  for (const one of await packagesNamed(db, name)) {
    if (ecosystem !== undefined && !sameRelease(ecosystem, one.ecosystem)) continue;
    const wanted = holds(one.ecosystem, versionAsked(one, name));
    if (wanted === false) continue;
    if (wanted === undefined) undecided.add(one.id);
    ids.push(one.id);
  }
  return { ...(await withPackages(db, { ids })), undecided };
}

/** Who names the source means its version. */
function versionAsked({ name: own, version, source }: FoundPackage, name: string): string {
  return own === name ? version : source.version;
}
