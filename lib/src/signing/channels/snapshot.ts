import canonicalize from 'canonicalize';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { isRepositoryName, isTag } from '../../oci/reference.ts';
import { parseStrictJson } from '../../oci/strict-json.ts';
import { payloadTypes } from '../../oci/wharfinger-names.ts';
import { envelopeSigner, parseEnvelope, signEnvelope } from '../dsse.ts';
import type { PublicKey } from '../keys.ts';
import type { SigningKey } from '../private-keys.ts';
import { refuse } from '../refusal.ts';
import { objectOf, onlyKeys, stringOf } from '../strict-fields.ts';
import { counterOf, timeOf } from './fields.ts';

/**
 * What all tags of a repository mean now, for minutes: who holds back a newer state can do so only until the last snapshot
 * has expired.
 */
export interface Snapshot {
  readonly registry: string;
  readonly repository: string;
  /** grows with every snapshot of the repository */
  readonly version: number;
  readonly issuedAt: string;
  readonly expires: string;
  readonly tags: ReadonlyMap<string, Digest>;
  /** version of the revocation list in force: an older one must not be shown beside it */
  readonly revocations: number;
}

/** A repository with more tags has no snapshot: it would take longer to read than it holds. */
export const maxSnapshotTags = 50_000;
const maxBytes = 16 * 1024 * 1024;

/** The snapshot as a signed DSSE envelope (JSON); the same for the same snapshot and an Ed25519 or RSA key. */
export function signSnapshot(snapshot: Snapshot, key: SigningKey): Buffer {
  const { tags, ...rest } = snapshot;
  const payload = canonicalize({ ...rest, tags: Object.fromEntries(tags) })!;
  return Buffer.from(
    JSON.stringify(signEnvelope(payloadTypes.snapshot, Buffer.from(payload), key.algorithm, key.key)),
  );
}

/**
 * Verifies a signed snapshot and reads it. Whether it is fresh is for `checkFreshness` to say.
 * @param keys of those who may speak for the repository: its publisher, its registry
 * @throws WharfingerError SIGNATURE_INVALID with what is wrong
 */
export function openSnapshot(bytes: Uint8Array, keys: readonly PublicKey[]): Snapshot {
  if (bytes.length > maxBytes) refuse(`the snapshot is larger than ${maxBytes} bytes`);
  const envelope = parseEnvelope(
    parseStrictJson(bytes, (what) => refuse(`the snapshot cannot be read: ${what}`)),
  );
  if (envelope.payloadType !== payloadTypes.snapshot)
    refuse(`the envelope carries ${JSON.stringify(envelope.payloadType.slice(0, 200))}, not a snapshot`);
  if (!envelopeSigner(envelope, keys)) refuse('no key that is trusted for snapshots signed it');
  const fields = objectOf(
    parseStrictJson(envelope.payload, (what) => refuse(`the snapshot cannot be read: ${what}`)),
    'the snapshot',
  );
  const names = ['registry', 'repository', 'version', 'issuedAt', 'expires', 'tags', 'revocations'];
  onlyKeys(fields, names, 'the snapshot');
  const repository = stringOf(fields['repository'], 'repository');
  if (!isRepositoryName(repository)) refuse('repository is not the name of a repository');
  return {
    registry: stringOf(fields['registry'], 'registry'),
    repository,
    version: counterOf(fields['version'], 'version'),
    issuedAt: timeOf(fields['issuedAt'], 'issuedAt'),
    expires: timeOf(fields['expires'], 'expires'),
    tags: tagsOf(fields['tags']),
    revocations: counterOf(fields['revocations'], 'revocations'),
  };
}

function tagsOf(value: unknown): ReadonlyMap<string, Digest> {
  const entries = Object.entries(objectOf(value, 'tags'));
  if (entries.length > maxSnapshotTags) refuse(`the snapshot has more than ${maxSnapshotTags} tags`);
  return new Map(
    entries.map(([tag, digest]) => {
      if (!isTag(tag)) refuse(`${JSON.stringify(tag.slice(0, 128))} in tags is not a tag`);
      if (typeof digest !== 'string' || !isDigest(digest)) refuse(`the tag ${tag} has no digest`);
      return [tag, digest];
    }),
  );
}
