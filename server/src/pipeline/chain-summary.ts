import { lookUpEvidence, type ImageEvidence } from '@wharfinger/lib/assess/look-up-evidence';
import type { Rules } from '@wharfinger/lib/assess/rules-for';
import type { CustodyLayout } from '@wharfinger/lib/custody/layout';
import { layoutDigest } from '@wharfinger/lib/custody/layout-digest';
import { makeChainSummary } from '@wharfinger/lib/custody/make/make-summary';
import type { CustodyReport } from '@wharfinger/lib/custody/report';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import type { Db } from '../db/schema.ts';
import { enqueue } from '../jobs/enqueue.ts';
import { namespaceOf } from '../jobs/job.ts';
import {
  chainSummary,
  forgetChainSummary,
  markWithdrawn,
  putChainSummary,
} from '../stores/chain-summaries.ts';
import type { Placed } from '../stores/repositories.ts';
import { attachStatement } from './attach-statement.ts';
import { waysHere } from './own-chain.ts';
import { ownEvidence } from './own-evidence.ts';
import type { PipelineParts } from './parts.ts';
import { loadImage } from './stored-image.ts';

/** Kind of the job that attaches or withdraws a summary. */
export const summariseJob = 'summarise';

/**
 * Asks, in the transaction that keeps what was found, for the registry's own word on a chain of custody that is complete, so
 * that a plain client needs one command: once for each state of the chain. Where there is such a word, and the chain is not
 * complete any more or another one, asks for that to be withdrawn.
 */
export async function askForSummary(
  trx: Db,
  place: Placed,
  evidence: ImageEvidence,
  { custody }: Pick<Rules, 'custody'>,
  at: Date,
): Promise<void> {
  const state = stateOf(evidence, custody);
  if ((await chainSummary(trx, place))?.state === state) return;
  const { repository, digest } = place;
  const key = `${repository}@${digest}`;
  const payload = state ?? null;
  await enqueue(trx, [{ kind: summariseJob, key, namespace: namespaceOf(repository), payload }], at);
}

/** The state of a complete chain: the layout, every link, and all that they rest on. */
function stateOf(
  { custody, ancestors }: ImageEvidence,
  layout: CustodyLayout | undefined,
): Digest | undefined {
  if (custody?.complete !== true || custody.stages.length === 0 || layout === undefined) return undefined;
  const links = custody.stages.map(({ link }) => link);
  return digestOf(JSON.stringify([layoutDigest(layout), links, ancestors]));
}

/**
 * Walks the chain once more. Where it is complete, a signed verification summary (SLSA) of it is attached to the image; one of
 * another state of the chain is withdrawn before.
 */
export async function renewSummary(parts: PipelineParts, place: Placed): Promise<void> {
  const { repository, digest } = place;
  const now = parts.now();
  const image = await loadImage(parts, place);
  if (!image) return;
  const policy = await parts.freshPolicy();
  const registry = policy.config.registry.identity;
  const rules = policy.rulesFor(repository, 'pull', now);
  let chain: CustodyReport | undefined;
  const evidence = await lookUpEvidence(
    { ...place, ...(image.config && { config: image.config }), rules, registry, now },
    (name) => ownEvidence(parts.catalog, parts.storage, name),
    { ...(await waysHere(parts, place, rules.trust, now)), onChain: (walked) => (chain = walked) },
  );
  const state = chain?.kind === 'image' ? stateOf(evidence, rules.custody) : undefined;
  const kept = await chainSummary(parts.db, place);
  if (kept?.state === state) return;
  if (kept) await withdraw(parts, place, kept.summary);
  if (chain === undefined || state === undefined) return;
  const predicate = makeChainSummary({ report: chain, registry, verifier: registry, now });
  const subject = { mediaType: image.manifest.mediaType, digest, size: image.size };
  const statement = { predicateType: predicateTypes.verificationSummary, predicate };
  const signed = signStatement(subject, statement, parts.registryKey, now);
  await attachStatement(parts, repository, signed);
  await putChainSummary(parts.db, place, { state, summary: signed.manifest.digest, at: now });
}

/**
 * Deletes a summary, which leaves a tombstone. Each step may be the last one that this process does: the next look at the image
 * asks for the rest.
 */
async function withdraw({ db, catalog, now }: PipelineParts, place: Placed, summary: Digest): Promise<void> {
  await markWithdrawn(db, place);
  await catalog.deleteManifest(place.repository, summary, { by: null, at: now() });
  await forgetChainSummary(db, place);
}
