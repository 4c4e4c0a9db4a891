import { WharfingerError } from '@wharfinger/lib/errors';
import type { KeyActs } from '../api/revocations/routes.ts';
import type { RecordActs } from '../api/records/routes.ts';
import { listRecords, recordInForce, type RecordKind } from '../stores/policy-record-rows.ts';
import { latestRevocationList } from '../stores/revocations.ts';
import { addGrant } from './add-grant.ts';
import { changePolicy } from './change-policy.ts';
import { readDocument, type Documents } from './documents.ts';
import { revokeKey, type RevokeParts } from './revoke.ts';
import { rotateKey } from './rotate-key.ts';
import { useCollection, type CollectionParts } from './use-collection.ts';

/** What the API does with records: each act one transaction, with its audit entry. */
export function createRecordActs(parts: RevokeParts & CollectionParts): RecordActs {
  const read = (kind: RecordKind, document: unknown): Documents[RecordKind] => readDocument(kind, document);
  return {
    read,
    get: (kind, name) => recordInForce(parts.db, kind, name),
    list: (kind, page) => listRecords(parts.db, kind, page),
    add(kind, document, by) {
      const checked = read(kind, document);
      if (kind === 'waiver') demandOwner(parts, checked as Documents['waiver']);
      return changePolicy(parts, by, (change) => change.add(kind, checked));
    },
    useCollection: (reference, by) => useCollection(parts, by, reference),
    addGrant: (envelopes, by) => addGrant(parts, by, envelopes),
    end: (kind, name, { by, reason }) => changePolicy(parts, by, (change) => change.end(kind, name, reason)),
  };
}

/** What the API does with keys. */
export function createKeyActs(parts: RevokeParts): KeyActs {
  return {
    revoke: (by, order) => revokeKey(parts, by, order),
    rotate: (by, rotation) => rotateKey(parts, by, rotation),
    list: async () => (await latestRevocationList(parts.db))?.envelope,
  };
}

/**
 * Somebody answers for a waiver by name: a user, or one of those who sign. `admin` is nobody's name.
 * @throws WharfingerError INPUT_INVALID
 */
function demandOwner({ inForce }: RevokeParts, { owner }: Documents['waiver']): void {
  const people = new Set([
    ...inForce.current().config.users.map(({ name }) => name),
    ...inForce.trust().signers.map(({ name, principal }) => principal ?? name),
  ]);
  if (people.has(owner)) return;
  throw new WharfingerError('INPUT_INVALID', {
    what: `owner: nobody is called ${JSON.stringify(owner)}`,
    remedy: 'name the user or the principal of a signer who answers for it',
  });
}
