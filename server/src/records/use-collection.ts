import { pullCollection } from '@wharfinger/lib/assess/collection-goods';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { EvidenceSource } from '@wharfinger/lib/oci/evidence-source';
import { isTrustedFor, type TrustedKey } from '@wharfinger/lib/signing/evidence';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import { recordInForce, type PolicyRecord } from '../stores/policy-record-rows.ts';
import { changePolicy, type ChangeParts } from './change-policy.ts';

/** A collection, pinned. */
export interface CollectionReference {
  /** host[:port] of another registry; absent: a repository of this one */
  readonly registry?: string;
  readonly repository: string;
  readonly digest: Digest;
}

/** What taking in collections works with. */
export interface CollectionParts extends ChangeParts {
  /** where a collection and what is said of it lie; closed when it was read */
  readonly sourceOf: (reference: CollectionReference) => EvidenceSource & { close?: () => Promise<void> };
}

/**
 * Takes in a collection of routines, pinned by its digest: bindings may name its routines from then on. It must be signed by
 * somebody whom the policy trusts for releases in the repository of that name, and the tests of its routines must pass. In
 * place of another version of it, which ends.
 *
 * @throws WharfingerError MANIFEST_UNKNOWN, SIGNATURE_INVALID, ROUTINE_INVALID; INPUT_INVALID where bindings would not fit it
 */
export async function useCollection(
  parts: CollectionParts,
  by: string,
  reference: CollectionReference,
): Promise<PolicyRecord> {
  const { registry, repository, digest } = reference;
  const from = `${registry === undefined ? '' : `${registry}/`}${repository}@${digest}`;
  const now = parts.now();
  const policy = await parts.inForce.fresh();
  const { signers, revocations } = policy.rulesFor(repository, 'pull', now).trust;
  const revoked = new Set(revocations.map(({ keyId }) => keyId));
  const keys = signers
    .filter((signer): signer is TrustedKey => 'pem' in signer)
    .filter((key) => isTrustedFor(key, 'release'))
    .filter((key) => !revoked.has(parsePublicKey(key).id));
  if (keys.length === 0) {
    throw new WharfingerError('SIGNATURE_INVALID', {
      what: `no key is trusted for releases in ${repository}`,
      remedy: 'say whose signatures count there: wharf trust add',
    });
  }
  const source = parts.sourceOf(reference);
  try {
    const { collection, signedBy } = await pullCollection(source, digest, { keys, needed: 1 }, now);
    const { name, version, text } = collection;
    return await changePolicy(parts, by, async (change) => {
      if (await recordInForce(change.trx, 'collection', name))
        await change.end('collection', name, `${version} is used instead`);
      const whoSigned = signedBy.map(({ key }) => key);
      return change.add('collection', { name, version, digest, text, from, signers: whoSigned });
    });
  } finally {
    await source.close?.();
  }
}
