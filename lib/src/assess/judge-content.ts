import { createGenerationSum } from '../advisories/generation.ts';
import { chooseImage, type ImageSource } from '../client/image-source.ts';
import { partsOfIndex } from '../client/index-parts.ts';
import type { ContentSource } from '../client/content-source.ts';
import type { LayerInventory } from '../inspect/inventory.ts';
import { readLayer } from '../inspect/layer.ts';
import { formatPlatform } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { FetchedManifest } from '../oci/evidence-source.ts';
import { parseManifest, type ImageIndex } from '../oci/manifest.ts';
import type { Facts } from '../routines/facts.ts';
import type { Purpose, Verdict } from '../routines/verdict.ts';
import { assessImage } from './assess-image.ts';
import { assessIndex } from './assess-index.ts';
import type { Judgement } from './judgement-document.ts';
import { generationOfKnown, matchAdvisories, type KnownAdvisories } from './match-advisories.ts';
import type { EvidenceItem } from '../custody/report.ts';
import { makeReceipt } from './receipt.ts';

/** What the manifests of a repository or layout are judged with. */
export interface JudgeContentOptions {
  /** the repository as whose images they are judged */
  readonly repository: string;
  readonly judgement: Judgement;
  readonly purpose: Purpose;
  readonly now: Date;
  /** undefined: there are none here, and what needs them is undecided */
  readonly advisories: KnownAdvisories | undefined;
  /** os/architecture[/variant] of the one image of an index that is meant; absent: all of them */
  readonly platform?: string;
  /** children of an index that are known to be there, though they are not here */
  readonly elsewhere?: ReadonlySet<Digest>;
  /** where images and evidence of other repositories lie, which a chain of custody leads to */
  readonly evidenceOf?: (repository: string) => ContentSource | undefined;
  /** takes layers apart: in this process, where it is not said */
  readonly inspectLayers?: (layers: ImageSource['layers']) => AsyncIterable<LayerInventory>;
}

/** One manifest, judged. */
export interface Judged {
  readonly digest: Digest;
  readonly verdict: Verdict;
  /** the in-toto statement of the verdict in the form of RFC 8785; not signed */
  readonly receipt: string;
  readonly facts: Facts;
  /** what its chain of custody rests on */
  readonly ancestors: readonly EvidenceItem[];
}

/** What stands in place of a platform where neither the index nor a configuration says one. */
export const noPlatform = 'no platform';

/** An image or index, judged, with every image of it that is meant. */
export interface JudgedImage extends Judged {
  /** of an index: what lies in it at any depth, images and indexes, each by itself; empty for an image */
  readonly images: ReadonlyArray<Judged & { readonly platform: string }>;
  /** true: neither the index nor any of the images that are meant is held or denied */
  readonly allowed: boolean;
}

/**
 * Judges what was fetched: an image, or an index on its own evidence and its images each by itself. The one way from bytes to
 * verdicts for library, command line and archive.
 *
 * @throws WharfingerError MANIFEST_UNKNOWN where an index has no image that is meant; what the source throws
 */
export async function judgeContent(
  content: ContentSource,
  fetched: FetchedManifest,
  options: JudgeContentOptions,
): Promise<JudgedImage> {
  const manifest = parseManifest(fetched.bytes, fetched.mediaType);
  if (manifest.kind === 'manifest') {
    const judged = await judgeOne(content, fetched, options);
    return { ...judged, images: [], allowed: isAllowed(judged) };
  }
  const { advisories } = options;
  const known = withGeneration(options, advisories && (await generationOfKnown(advisories)));
  const index = await judgeIndex(content, fetched, manifest, known);
  const images: Array<Judged & { platform: string }> = [];
  for (const part of await partsOfIndex(content, { digest: fetched.digest, manifest }, options.platform)) {
    const judgedPart =
      part.manifest.kind === 'index'
        ? await judgeIndex(content, part.fetched, part.manifest, known)
        : await judgeOne(content, part.fetched, known);
    images.push({ ...judgedPart, platform: part.platform ? formatPlatform(part.platform) : noPlatform });
  }
  return { ...index, images, allowed: [index, ...images].every(isAllowed) };
}

/** Summed up once, whatever the number of images. */
function withGeneration(options: JudgeContentOptions, generation: Digest | undefined): JudgeContentOptions {
  if (!options.advisories || !generation) return options;
  return { ...options, advisories: { ...options.advisories, generation } };
}

function isAllowed({ verdict }: Judged): boolean {
  return verdict.outcome === 'allow' || verdict.outcome === 'warn';
}

/** An index on its own evidence. */
async function judgeIndex(
  content: ContentSource,
  fetched: FetchedManifest,
  manifest: ImageIndex,
  options: JudgeContentOptions,
): Promise<Judged> {
  const { known, evidence } = await assessIndex(content, fetched, manifest, {
    ...options,
    inspectLayers: options.inspectLayers ?? inspectHere,
  });
  return judged(known.facts, known.validUntil, evidence.ancestors, options.advisories?.generation, options);
}

async function judgeOne(
  content: ContentSource,
  fetched: FetchedManifest,
  options: JudgeContentOptions,
): Promise<Judged> {
  const { advisories, inspectLayers = inspectHere } = options;
  const chosen = await chooseImage(content, fetched, '');
  const sum = advisories && advisories.generation === undefined ? createGenerationSum() : undefined;
  const { known, evidence } = await assessImage(
    { ...chosen, name: content.name, digestOrigin: 'stored', close: () => Promise.resolve() },
    {
      ...options,
      findMatches:
        advisories && ((packages) => matchAdvisories(asOf(advisories, fetched.digest), packages, sum)),
      inspectLayers,
    },
  );
  const generation = advisories?.generation ?? sum?.digest();
  return judged(known.facts, known.validUntil, evidence.ancestors, generation, options);
}

/** What is known for one image. */
function asOf(advisories: KnownAdvisories, image: Digest): KnownAdvisories {
  return advisories.agesOf ? { ...advisories, ages: advisories.agesOf(image) } : advisories;
}

function judged(
  facts: Facts,
  validUntil: string | undefined,
  ancestors: readonly EvidenceItem[],
  generation: Digest | undefined,
  { judgement, purpose, now }: JudgeContentOptions,
): Judged {
  const { verdict, statement } = makeReceipt({
    known: { facts, ...(validUntil === undefined ? {} : { validUntil }) },
    judgement,
    ...(generation === undefined ? {} : { generation }),
    purpose,
    at: now,
  });
  return { digest: facts.image.digest as Digest, verdict, receipt: statement, facts, ancestors };
}

/** Layers in this process, one after the other. */
async function* inspectHere(layers: ImageSource['layers']): AsyncGenerator<LayerInventory> {
  for (const layer of layers) yield await readLayer({ digest: layer.descriptor.digest, bytes: layer.open() });
}
