import type { PackageVersion } from '../advisories/match.ts';
import type { ContentSource } from '../client/content-source.ts';
import type { ImageSource } from '../client/image-source.ts';
import { composeImage } from '../inspect/compose-image.ts';
import type { ImageInventory, LayerInventory } from '../inspect/inventory.ts';
import type { Digest } from '../oci/digest.ts';
import type { Facts } from '../routines/facts.ts';
import type { Purpose, Verdict } from '../routines/verdict.ts';
import { factsAndTime } from './facts-of-image.ts';
import { subjectsOf, type MatchedPackages } from './findings-of-image.ts';
import { holdOn, judgeFacts, type KnownFacts } from './judge-facts.ts';
import type { Judgement } from './judgement-document.ts';
import { lookUpEvidence, type ImageEvidence } from './look-up-evidence.ts';
import { measureBy, measuredLayers } from './measured-layers.ts';
import { rulesFor } from './rules-for.ts';

/** What an image is assessed with. */
export interface AssessOptions {
  /** the repository as whose image it is judged */
  readonly repository: string;
  readonly judgement: Judgement;
  readonly purpose: Purpose;
  readonly now: Date;
  /** where images and evidence of other repositories lie, which a chain of custody leads to; left out: where the image lies */
  readonly evidenceOf?: (repository: string) => ContentSource | undefined;
  /** Finds the advisories that match; undefined: there are none here, and what needs them is undecided. */
  readonly findMatches: ((packages: readonly PackageVersion[]) => Promise<MatchedPackages>) | undefined;
  /**
   * Takes layers apart, each in its turn: `readLayer`, in this process or better in a limited one. A layer for which nothing
   * comes leaves the inventory incomplete.
   */
  readonly inspectLayers: (layers: ImageSource['layers']) => AsyncIterable<LayerInventory>;
}

/** An image taken apart, verified and judged. */
export interface Assessment {
  /** the facts, and until when they are known to be so */
  readonly known: KnownFacts;
  readonly evidence: ImageEvidence;
  readonly facts: Facts;
  readonly inventory: ImageInventory;
  readonly verdict: Verdict;
}

/**
 * Assesses one image, wherever it lies: reads its layers, matches its packages, verifies its signatures, judges. The
 * same functions as in the registry make the facts, and the same judgement gives the same verdict.
 *
 * @throws what the source throws: a look-up that fails is not an answer
 */
export async function assessImage(source: ImageSource, options: AssessOptions): Promise<Assessment> {
  const { repository, judgement, purpose, now } = options;
  const rules = rulesFor(judgement, repository, purpose, now);
  const held = holdOn(judgement, repository, source.digest);
  const config = await source.config();
  const layers = new Map<Digest, LayerInventory>();
  for await (const layer of options.inspectLayers(distinct(source.layers))) layers.set(layer.digest, layer);
  const inventory = composeImage(source.manifest, config, layers);
  const matched = await options.findMatches?.(subjectsOf(inventory));
  const contentOf =
    options.evidenceOf ?? ((name) => (name === repository ? source.evidence : source.contentOf?.(name)));
  const evidence = await lookUpEvidence(
    { repository, digest: source.digest, config, rules, registry: judgement.registry, now },
    contentOf,
    { measured: measuredLayers(inventory), measure: measureBy(contentOf, options.inspectLayers) },
  );
  const known = factsAndTime({
    repository,
    digest: source.digest,
    manifest: source.manifest,
    size: source.manifestBytes.length,
    missing: [],
    config,
    inventory,
    ...(matched && { matched }),
    evidence,
    registered: rules.repository,
    vex: rules.vex,
    ...(held && { held: { ...held, at: new Date(held.at) } }),
  });
  return { known, facts: known.facts, inventory, evidence, verdict: judgeFacts(known, rules, purpose, now) };
}

function distinct(layers: ImageSource['layers']): ImageSource['layers'] {
  return [...new Map(layers.map((layer) => [layer.descriptor.digest, layer])).values()];
}
