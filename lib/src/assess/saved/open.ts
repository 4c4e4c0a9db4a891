import type { ContentSource } from '../../client/content-source.ts';
import { readSmall, type FileSet } from '../../client/file-set.ts';
import { layoutContent } from '../../client/oci-layout.ts';
import { WharfingerError } from '../../errors.ts';
import { digestAlgorithm, finishDigest, isDigest, startDigest, type Digest } from '../../oci/digest.ts';
import { parseManifest, type ImageManifest, type Manifest } from '../../oci/manifest.ts';
import { parseStrictJson } from '../../oci/strict-json.ts';
import { artifactTypes } from '../../oci/wharfinger-names.ts';
import { createPlainCheck, formatPath } from '../../routines/plain-check.ts';
import { purposes } from '../../routines/verdict.ts';
import {
  digest as readDigest,
  integer,
  listOf,
  oneOf,
  optional,
  textUpTo,
  truth,
  type Read,
} from '../plain-fields.ts';
import { blobFile, indexFile, layoutFile, type SavedEntry, type SavedImage } from './format.ts';

/** An archive of which every file was looked at. */
export interface OpenedArchive {
  readonly saved: SavedImage;
  readonly content: ContentSource;
  readonly judgement: Uint8Array;
  readonly receipts: readonly Uint8Array[];
  readonly advisories: Uint8Array;
}

/** Bounds of what is read whole. */
const limits = { index: 8 * 1024 * 1024, judgement: 32 * 1024 * 1024, advisories: 256 * 1024 * 1024 };
const mostReceipts = 1000;

/** What is wrong with an archive, and where. */
function changed(files: FileSet, where: string, what: string): WharfingerError {
  return new WharfingerError('EVIDENCE_CHANGED', { what: `${files.name}, ${where}: ${what}` });
}

/**
 * Opens what `wharf save` wrote, as a tar or unpacked into a folder. Every file must be one that it writes, byte for byte: each
 * blob is read and must have the digest that it is named by, and the files that list them must be those that follow from it.
 *
 * @throws WharfingerError EVIDENCE_CHANGED with the file and what is wrong with it; ARCHIVE_INVALID where it is no such archive
 */
export async function openSaved(files: FileSet): Promise<OpenedArchive> {
  const content = await layoutContent(files);
  const artifacts = content.entries.filter((entry) => entry.artifactType === artifactTypes.saved);
  const [artifact] = artifacts;
  if (!artifact || artifacts.length > 1)
    throw new WharfingerError('ARCHIVE_INVALID', {
      what: `${files.name} is an image layout, but not one that wharf save wrote`,
      remedy: 'save the image with wharf save; what other tools write carries no receipt',
    });
  await checkBlobs(files);
  const manifest = await artifactManifest(files, content, artifact.digest);
  const saved = readSaved(files, await part(files, content, manifest.config, limits.index));
  await expectText(files, 'oci-layout', layoutFile);
  await expectText(files, 'index.json', indexFile(saved.entries, artifact));
  await checkNothingMore(files, content, saved, manifest, artifact.digest);
  const [first, ...rest] = manifest.layers;
  const last = rest.pop();
  const typed =
    first?.mediaType === artifactTypes.savedJudgement &&
    last?.mediaType === artifactTypes.savedAdvisories &&
    rest.every(({ mediaType }) => mediaType === artifactTypes.savedReceipt);
  if (!typed || rest.length === 0 || rest.length > mostReceipts)
    throw changed(files, blobFile(artifact.digest), 'it does not carry judgement, receipts and advisories');
  const receipts: Uint8Array[] = [];
  for (const receipt of rest) receipts.push(await part(files, content, receipt, limits.index));
  return {
    saved,
    content,
    judgement: await part(files, content, first, limits.judgement),
    receipts,
    advisories: await part(files, content, last, limits.advisories),
  };
}

/** Reads every blob, one after the other, and holds none. */
async function checkBlobs(files: FileSet): Promise<void> {
  for (const path of await files.list()) {
    if (path === 'oci-layout' || path === 'index.json') continue;
    const [, algorithm, hex] = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/.exec(path) ?? [];
    const digest = `${algorithm}:${hex}`;
    if (!isDigest(digest)) throw changed(files, path, 'an archive of wharf save has no such file');
    const hash = startDigest(digestAlgorithm(digest));
    for await (const piece of files.open(path)) hash.update(piece);
    const measured = finishDigest(hash, digestAlgorithm(digest));
    if (measured !== digest) throw changed(files, path, `its bytes are ${measured}: they were changed`);
  }
}

async function artifactManifest(
  files: FileSet,
  content: ContentSource,
  digest: Digest,
): Promise<ImageManifest> {
  const fetched = await content.manifest(digest);
  if (!fetched) throw changed(files, blobFile(digest), 'it is missing');
  const manifest = parseManifest(fetched.bytes, fetched.mediaType);
  if (manifest.kind !== 'manifest' || manifest.config.mediaType !== artifactTypes.savedConfig)
    throw changed(files, blobFile(digest), 'it is not what wharf save writes');
  return manifest;
}

async function part(
  files: FileSet,
  content: ContentSource,
  descriptor: ImageManifest['config'],
  limit: number,
): Promise<Uint8Array> {
  const bytes = await content.blob(descriptor, limit);
  if (!bytes) throw changed(files, blobFile(descriptor.digest), 'it is missing');
  return bytes;
}

const readEntry: Read<SavedEntry> = (value, path, check) => {
  const fields = check.fields(value, path, ['digest', 'mediaType', 'size', 'name', 'ancestor']);
  return {
    digest: readDigest(fields['digest'], [...path, 'digest'], check),
    mediaType: textUpTo(255)(fields['mediaType'], [...path, 'mediaType'], check),
    size: integer(0, Number.MAX_SAFE_INTEGER)(fields['size'], [...path, 'size'], check),
    ...optional(fields, 'name', path, check, textUpTo(255)),
    ...optional(fields, 'ancestor', path, check, truth),
  };
};

function readSaved(files: FileSet, bytes: Uint8Array): SavedImage {
  const refuse = (what: string): never => {
    throw changed(files, 'what it says of itself', what);
  };
  const check = createPlainCheck();
  const names = ['image', 'repository', 'tag', 'purpose', 'leftOut', 'entries'];
  const fields = check.fields(parseStrictJson(bytes, refuse), [], names);
  const saved = {
    image: readDigest(fields['image'], ['image'], check),
    repository: textUpTo(255)(fields['repository'], ['repository'], check),
    ...optional(fields, 'tag', [], check, textUpTo(128)),
    purpose: oneOf(purposes)(fields['purpose'], ['purpose'], check),
    leftOut: listOf(readDigest, 10_000)(fields['leftOut'], ['leftOut'], check),
    entries: listOf(readEntry, 10_000)(fields['entries'], ['entries'], check),
  };
  if (check.mistakes.length > 0)
    refuse(check.mistakes.map(({ path, what }) => `${formatPath(path)} ${what}`).join('; '));
  return saved;
}

async function expectText(files: FileSet, path: string, expected: string): Promise<void> {
  const found = await readSmall(files, path, limits.index);
  if (found.toString('utf8') !== expected) throw changed(files, path, 'it is not as wharf save wrote it');
}

/** Everything that is listed must be there, and nothing besides it and its parts. */
async function checkNothingMore(
  files: FileSet,
  content: ContentSource,
  saved: SavedImage,
  artifact: ImageManifest,
  artifactDigest: Digest,
): Promise<void> {
  const ancestors = new Set(saved.entries.filter((entry) => entry.ancestor).map(({ digest }) => digest));
  const known = new Set([
    artifactDigest,
    ...[artifact.config, ...artifact.layers].map(({ digest }) => digest),
  ]);
  const possible = new Set<Digest>();
  for (const { digest } of saved.entries) {
    const fetched = await content.manifest(digest);
    if (!fetched) throw changed(files, blobFile(digest), 'it is missing');
    known.add(digest);
    const manifest = parseManifest(fetched.bytes, fetched.mediaType);
    for (const one of blobsOf(manifest, ancestors.has(digest))) known.add(one);
    // of an ancestor's layers those come along that have to be measured; without one of them the receipts do not come out
    for (const one of blobsOf(manifest, false)) possible.add(one);
  }
  const paths = await files.list();
  const there = new Set(paths);
  for (const digest of known)
    if (!there.has(blobFile(digest)) && !saved.leftOut.includes(digest))
      throw changed(files, blobFile(digest), 'it is missing');
  const expected = new Set(['oci-layout', 'index.json', ...[...known, ...possible].map(blobFile)]);
  for (const path of paths)
    if (!expected.has(path)) throw changed(files, path, 'nothing in the archive refers to it');
}

function blobsOf(manifest: Manifest, isAncestor: boolean): Digest[] {
  if (manifest.kind === 'index') return manifest.manifests.map(({ digest }) => digest);
  const parts = isAncestor ? [manifest.config] : [manifest.config, ...manifest.layers];
  return parts.map(({ digest }) => digest);
}
