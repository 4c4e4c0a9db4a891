import type { FileSet } from '../../client/file-set.ts';
import type { ImageSource } from '../../client/image-source.ts';
import { WharfingerError } from '../../errors.ts';
import type { LayerInventory } from '../../inspect/inventory.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Verdict } from '../../routines/verdict.ts';
import { judgeContent, type JudgeContentOptions, type Judged, type JudgedImage } from '../judge-content.ts';
import type { Judgement } from '../judgement-document.ts';
import { openJudgement, type RegistryKey } from '../judgement-seal.ts';
import { openReceipt, type OpenedReceipt } from '../receipt.ts';
import { openSaved, type OpenedArchive } from './open.ts';
import { readSavedAdvisories } from './read-advisories.ts';

/** What an archive is checked with. */
export interface VerifySavedOptions {
  /** keys of the registries whose judgements and receipts are taken */
  readonly registryKeys: readonly RegistryKey[];
  readonly now: Date;
  /** takes layers apart; in this process, where it is not said */
  readonly inspectLayers: NonNullable<JudgeContentOptions['inspectLayers']>;
}

/** One image of an archive, and what was confirmed of it. */
export interface ConfirmedReceipt {
  readonly digest: Digest;
  /** absent: an index, or an image by itself */
  readonly platform?: string;
  /** as the registry signed it, for its time */
  readonly verdict: Verdict;
  /** id of the registry's key */
  readonly keyId: string;
}

/** An archive in which everything is as it was saved, and from which the receipts were made again, byte for byte. */
export interface VerifiedArchive {
  readonly image: Digest;
  readonly repository: string;
  readonly tag?: string;
  /** logical identity of the registry that judged it */
  readonly registry: string;
  /** of the image, and of each image of an index that was saved: equal byte for byte to what its evidence gives here */
  readonly receipts: readonly ConfirmedReceipt[];
  /** children of the index that were not saved */
  readonly leftOut: readonly Digest[];
  /** what it is judged to be now, by the judgement in the archive; a reason in place of it where that has expired */
  readonly today: JudgedImage | { readonly expired: string };
}

/**
 * Checks an archive of `wharf save` without any network: every file, the signatures of the registry, all signed evidence, the
 * contents of all layers. The receipts are made anew from what lies in the archive, and must be the signed ones byte for byte.
 *
 * @throws WharfingerError EVIDENCE_CHANGED with what and where; JUDGEMENT_UNTRUSTED, RECEIPT_INVALID; ARCHIVE_INVALID
 */
export async function verifySaved(files: FileSet, options: VerifySavedOptions): Promise<VerifiedArchive> {
  const archive = await openSaved(files);
  const { saved } = archive;
  const receipts = archive.receipts.map((bytes) => openReceipt(bytes, options.registryKeys));
  const first = receipts.find(({ predicate }) => predicate.evidence.manifest === saved.image);
  if (!first) throw changed(files, `no receipt is about ${saved.image}`);
  const at = new Date(first.predicate.at);
  // whether it may still be judged by is another question than whether it was
  const { judgement, digest } = openJudgement(archive.judgement, {
    registryKeys: options.registryKeys,
    now: at,
  });
  for (const { predicate } of receipts) {
    if (predicate.judgement.digest !== digest)
      throw changed(
        files,
        `the receipt of ${predicate.evidence.manifest} is by the judgement ${predicate.judgement.digest}, not by ${digest} that lies beside it`,
      );
  }
  const inspectLayers = rememberLayers(options.inspectLayers);
  const judgeAt = (now: Date) => judgeArchive(files, archive, judgement, inspectLayers, now);
  const then = await judgeAllAt(files, receipts, judgeAt);
  const expired = Date.parse(judgement.expires) <= options.now.getTime();
  return {
    image: saved.image,
    repository: saved.repository,
    ...(saved.tag === undefined ? {} : { tag: saved.tag }),
    registry: judgement.registry,
    receipts: then,
    leftOut: saved.leftOut,
    today: expired
      ? { expired: `the judgement in the archive expired at ${judgement.expires}` }
      : await judgeAt(options.now),
  };
}

function changed(files: FileSet, what: string): WharfingerError {
  return new WharfingerError('EVIDENCE_CHANGED', { what: `${files.name}: ${what}` });
}

async function judgeArchive(
  files: FileSet,
  { saved, content, advisories }: OpenedArchive,
  judgement: Judgement,
  inspectLayers: VerifySavedOptions['inspectLayers'],
  now: Date,
): Promise<JudgedImage> {
  const fetched = await content.manifest(saved.image);
  if (!fetched) throw changed(files, `it has no ${saved.image}`);
  return judgeContent(content, fetched, {
    repository: saved.repository,
    judgement,
    purpose: saved.purpose,
    now,
    advisories: readSavedAdvisories(advisories),
    elsewhere: new Set(saved.leftOut),
    evidenceOf: () => content,
    inspectLayers,
  });
}

/** Makes each receipt again, for its own time, and compares. */
async function judgeAllAt(
  files: FileSet,
  receipts: readonly OpenedReceipt[],
  judgeAt: (now: Date) => Promise<JudgedImage>,
): Promise<ConfirmedReceipt[]> {
  const confirmed: ConfirmedReceipt[] = [];
  const byTime = new Map<string, JudgedImage>();
  const wanted = new Set<string>();
  for (const { predicate, statement, keyId } of receipts) {
    const { at, evidence } = predicate;
    const judged = byTime.get(at) ?? (await judgeAt(new Date(at)));
    byTime.set(at, judged);
    for (const one of [judged, ...judged.images]) wanted.add(one.digest);
    const here = [judged, ...judged.images].find((one) => one.digest === evidence.manifest);
    if (!here) throw changed(files, `it has a receipt of ${evidence.manifest}, which is no image of it`);
    if (here.receipt !== statement) throw differs(files, here, predicate);
    const platform = judged.images.find((image) => image.digest === here.digest)?.platform;
    confirmed.push({
      digest: here.digest,
      ...(platform === undefined ? {} : { platform }),
      verdict: predicate.verdict,
      keyId,
    });
  }
  const told = new Set<string>(confirmed.map(({ digest }) => digest));
  for (const digest of wanted)
    if (!told.has(digest)) throw changed(files, `it has no receipt of its image ${digest}`);
  return confirmed;
}

/** Says in what the evidence that lies here differs from what was signed. */
function differs(files: FileSet, here: Judged, signed: OpenedReceipt['predicate']): WharfingerError {
  const made = JSON.parse(here.receipt) as { predicate: OpenedReceipt['predicate'] };
  const parts: string[] = [];
  const compare = (what: string, a: unknown, b: unknown): void => {
    if (JSON.stringify(a) !== JSON.stringify(b)) parts.push(what);
  };
  const { evidence } = made.predicate;
  compare('signatures and attestations', evidence.carriers, signed.evidence.carriers);
  compare('the chain of custody', evidence.ancestors, signed.evidence.ancestors);
  compare('the layers', evidence.layers, signed.evidence.layers);
  compare('the advisories', made.predicate.advisories, signed.advisories);
  compare('the facts', evidence.facts, signed.evidence.facts);
  compare('the verdict', made.predicate.verdict, signed.verdict);
  return changed(
    files,
    `what lies here of ${here.digest} does not give the receipt that the registry signed; other are: ${parts.join(', ') || 'its words'}`,
  );
}

/** Layers are read once, however often they are judged. */
function rememberLayers(
  inspect: VerifySavedOptions['inspectLayers'],
): (layers: ImageSource['layers']) => AsyncGenerator<LayerInventory> {
  const known = new Map<Digest, LayerInventory>();
  return async function* (layers) {
    const unknown = layers.filter(({ descriptor }) => !known.has(descriptor.digest));
    for await (const layer of inspect(unknown)) known.set(layer.digest, layer);
    for (const { descriptor } of layers) {
      const layer = known.get(descriptor.digest);
      if (layer) yield layer;
    }
  };
}
