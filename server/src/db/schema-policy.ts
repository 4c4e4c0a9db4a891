import type { Generated } from 'kysely';
import type { Json, Time } from './schema.ts';

/** One row. */
export interface PolicyVersionRow {
  one: number;
  /** grows with every change of what decides */
  version: number;
}

/** Something that somebody put in force: never changed, only ended. */
export interface PolicyRecordRow {
  id: Generated<number>;
  kind: string;
  /** one of a kind is in force at a time */
  name: string;
  document: Json;
  made_by: string;
  made_at: Time;
  /** of the policy, with which it began */
  version: number;
  ended_by: string | null;
  ended_at: Time | null;
  end_reason: string | null;
}

/** Somebody took the trust from a key: never taken back. */
export interface RevocationRow {
  id: Generated<number>;
  key_id: string;
  /** what the key was called */
  signer: string | null;
  compromised_since: Time | null;
  reason: string;
  revoked_by: string;
  revoked_at: Time;
}

/** Every list of revoked keys that was issued, as it was signed. */
export interface RevocationListRow {
  version: number;
  issued_at: Time;
  expires: Time;
  envelope: Json;
}

/** Whose key made evidence that counts for an image. */
export interface EvidenceSignerRow {
  key_id: string;
  repository_id: number;
  digest: string;
}
