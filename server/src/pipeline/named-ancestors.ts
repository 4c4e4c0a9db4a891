import type { Catalog, ManifestPut } from '@wharfinger/lib/catalog/catalog';
import { readLayerLink } from '@wharfinger/lib/custody/statements/layer-link';
import type { EvidenceSource } from '@wharfinger/lib/oci/evidence-source';
import { subjectOfTag } from '@wharfinger/lib/oci/evidence-tags';
import { describeReferrer, type Manifest } from '@wharfinger/lib/oci/manifest';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import { refusalReason } from '@wharfinger/lib/signing/refusal';
import { verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import type { BlobStore } from '@wharfinger/lib/storage/blob-store';
import type { Policy } from '../access/policy.ts';
import type { Db } from '../db/schema.ts';
import type { CatalogChange } from '../stores/catalog-change.ts';
import { addChainParts } from '../stores/chain-parts.ts';
import type { Placed } from '../stores/repositories.ts';
import { ownEvidence } from './own-evidence.ts';

/** What a pushed link says that its image is built on, kept from the moment on in which the link is. */
export interface NamedAncestors {
  /** The same catalog; before it keeps a manifest, it is found out what that names. */
  watch(inner: Catalog): Catalog;
  /** Notes it, in the transaction that keeps the manifest. */
  protect(trx: Db, change: CatalogChange): Promise<void>;
}

/** More statements about a parent than these are only kept once its chain was walked. */
const mostReferrers = 1000;

/**
 * Closes the gap between a link and the walk of its chain, in which what the image is built on could be deleted: the parent that
 * a trusted signer names, and all that is stated about it. The walk says afterwards what it really rests on. What is no
 * link, or by nobody who may link, keeps nothing: else who may push could keep others from deleting.
 */
export function createNamedAncestors(
  storage: BlobStore,
  freshPolicy: () => Promise<Policy>,
  now: () => Date,
): NamedAncestors {
  const named = new WeakMap<Manifest, { readonly image: Placed; readonly parts: readonly Placed[] }>();
  return {
    watch: (inner) => ({
      ...inner,
      async putManifest(put) {
        const image = subjectOf(put);
        const parts = image ? await partsNamedBy(put, image) : [];
        if (image && parts.length > 0) named.set(put.manifest, { image, parts });
        await inner.putManifest(put);

        async function partsNamedBy(link: ManifestPut, { repository, digest }: Placed): Promise<Placed[]> {
          const at = now();
          const { custody, trust } = (await freshPolicy()).rulesFor(repository, 'pull', at);
          if (custody === undefined) return [];
          const source = sourceOfOne(link, ownEvidence(inner, storage, repository));
          const { statements } = await verifyEvidence({ digest }, source, trust, at);
          const parents = statements
            .filter(({ predicateType, signer }) => isLink(predicateType) && signer.purposes.includes('stamp'))
            .flatMap(({ predicate }) => parentOf(predicate) ?? []);
          const below = parents.map(async (parent) => {
            const about = await inner.referrers(parent.repository, parent.digest);
            const carriers = about.slice(0, mostReferrers).map(({ descriptor }) => descriptor.digest);
            return [parent, ...carriers.map((one) => ({ ...parent, digest: one }))];
          });
          return (await Promise.all(below)).flat();
        }
      },
    }),
    async protect(trx, change) {
      const found = change.kind === 'manifest-put' ? named.get(change.manifest) : undefined;
      if (found) await addChainParts(trx, found.image, found.parts);
    },
  };
}

/** What a manifest is about, by its own word or by the tag that cosign 2 gives it. */
function subjectOf({ repository, manifest, tags }: ManifestPut): Placed | undefined {
  const digest = manifest.subject?.digest ?? tags.map(subjectOfTag).find((named) => named !== undefined);
  return digest && { repository, digest };
}

/** A place in which there is one manifest that was not kept yet, and the blobs that were. */
function sourceOfOne({ digest, bytes, manifest, tags }: ManifestPut, own: EvidenceSource): EvidenceSource {
  const only = { digest, bytes, mediaType: manifest.mediaType };
  return {
    manifest: async (reference) => (reference === digest || tags.includes(reference) ? only : undefined),
    referrers: async (subject) =>
      manifest.subject?.digest === subject ? [describeReferrer(digest, bytes.length, manifest)] : [],
    blob: (descriptor, limit) => own.blob(descriptor, limit),
  };
}

function isLink(predicateType: string): boolean {
  return predicateType === predicateTypes.layerLink;
}

function parentOf(predicate: unknown): Placed | undefined {
  try {
    const { parent } = readLayerLink(predicate);
    return parent === null ? undefined : { repository: parent.repository, digest: parent.manifest };
  } catch (error) {
    if (refusalReason(error) === undefined) throw error;
    return undefined;
  }
}
