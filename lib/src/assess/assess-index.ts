import type { Digest } from '../oci/digest.ts';
import type { FetchedManifest } from '../oci/evidence-source.ts';
import type { ContentSource } from '../client/content-source.ts';
import type { ImageIndex } from '../oci/manifest.ts';
import type { AssessOptions } from './assess-image.ts';
import { factsAndTime } from './facts-of-image.ts';
import { holdOn, type KnownFacts } from './judge-facts.ts';
import { lookUpEvidence, type ImageEvidence } from './look-up-evidence.ts';
import { measureBy } from './measured-layers.ts';
import { rulesFor } from './rules-for.ts';

/** What an index is assessed with: it has no layers and no packages of its own. */
export type AssessIndexOptions = Pick<
  AssessOptions,
  'repository' | 'judgement' | 'purpose' | 'now' | 'evidenceOf' | 'inspectLayers'
> & {
  /** children that are known to be there, though they are not here */
  readonly elsewhere?: ReadonlySet<Digest>;
};

/**
 * Establishes the facts of an index: its own signatures, attestations and assembly, and which of its children are there. Its
 * images are assessed each by itself.
 *
 * @throws what the source throws: a look-up that fails is not an answer
 */
export async function assessIndex(
  content: ContentSource,
  fetched: FetchedManifest,
  manifest: ImageIndex,
  { repository, judgement, purpose, now, evidenceOf, inspectLayers, elsewhere }: AssessIndexOptions,
): Promise<{ readonly known: KnownFacts; readonly evidence: ImageEvidence }> {
  const { digest } = fetched;
  const rules = rulesFor(judgement, repository, purpose, now);
  const held = holdOn(judgement, repository, digest);
  const contentOf = evidenceOf ?? ((name) => (name === repository ? content : undefined));
  const evidence = await lookUpEvidence(
    { repository, digest, rules, registry: judgement.registry, now },
    contentOf,
    { measure: measureBy(contentOf, inspectLayers) },
  );
  const children = [...new Set(manifest.manifests.map((child) => child.digest))];
  const missing: typeof children = [];
  for (const child of children)
    if (!elsewhere?.has(child) && (await content.manifest(child)) === undefined) missing.push(child);
  const known = factsAndTime({
    repository,
    digest,
    manifest,
    size: fetched.bytes.length,
    missing,
    evidence,
    registered: rules.repository,
    ...(held && { held: { ...held, at: new Date(held.at) } }),
  });
  return { known, evidence };
}
