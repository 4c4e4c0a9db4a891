import { lookUpEvidence, type ImageEvidence } from '@wharfinger/lib/assess/look-up-evidence';
import { makeChainSummary } from '@wharfinger/lib/custody/make/make-summary';
import type { CustodyReport } from '@wharfinger/lib/custody/report';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import type { Db } from '../db/schema.ts';
import { enqueue } from '../jobs/enqueue.ts';
import { namespaceOf } from '../jobs/job.ts';
import { putChainSummary, summarisedState } from '../stores/chain-summaries.ts';
import type { Placed } from '../stores/repositories.ts';
import { waysHere } from './own-chain.ts';
import { ownEvidence } from './own-evidence.ts';
import type { PipelineParts } from './parts.ts';
import { loadImage } from './stored-image.ts';

/** Kind of the job that attaches a summary. */
export const summariseJob = 'summarise';

/**
 * Asks, in the transaction that keeps what was found, for the registry's own word on a chain of custody that is complete, so
 * that a plain client needs one command: once for each state of the chain.
 */
export async function askForSummary(
  trx: Db,
  place: Placed,
  evidence: ImageEvidence,
  at: Date,
): Promise<void> {
  const state = stateOf(evidence);
  if (state === undefined || (await summarisedState(trx, place)) === state) return;
  const { repository, digest } = place;
  const key = `${repository}@${digest}`;
  await enqueue(trx, [{ kind: summariseJob, key, namespace: namespaceOf(repository), payload: state }], at);
}

/** The state of a complete chain: the layout, every link, and all that they rest on. */
function stateOf({ custody, ancestors }: ImageEvidence): Digest | undefined {
  if (custody?.complete !== true || custody.stages.length === 0) return undefined;
  const links = custody.stages.map(({ link }) => link);
  return digestOf(JSON.stringify([custody.layout, links, ancestors]));
}

/** Walks the chain once more, and attaches a signed verification summary (SLSA) to the image if it is complete still. */
export async function attachSummary(parts: PipelineParts, place: Placed): Promise<void> {
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
  const state = stateOf(evidence);
  if (chain?.kind !== 'image' || state === undefined || (await summarisedState(parts.db, place)) === state)
    return;
  const predicate = makeChainSummary({ report: chain, registry, verifier: registry, now });
  const subject = { mediaType: image.manifest.mediaType, digest, size: image.size };
  const statement = { predicateType: predicateTypes.verificationSummary, predicate };
  const { blobs, manifest } = signStatement(subject, statement, parts.registryKey, now);
  for (const { descriptor, bytes } of blobs) await storeBlob(parts, repository, descriptor, bytes);
  await parts.catalog.putManifest({
    repository,
    digest: manifest.digest,
    bytes: manifest.bytes,
    manifest: parseManifest(manifest.bytes, manifest.mediaType),
    tags: [],
    missing: [],
    by: null,
    at: now,
  });
  await putChainSummary(parts.db, place, { state, summary: manifest.digest, at: now });
}

async function storeBlob(
  { storage, catalog, now }: PipelineParts,
  repository: string,
  { digest, size }: Descriptor,
  bytes: Uint8Array,
): Promise<void> {
  const at = now();
  const id = await storage.createUpload(repository);
  await storage.append(repository, id, once(bytes));
  const { location } = await storage.commit(repository, id, digest);
  const record = await catalog.linkBlob({ repository, digest, size, location, by: null, at });
  if (record.location !== location) await storage.remove(location);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
