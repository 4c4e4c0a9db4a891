import type { Generated } from 'kysely';
import type { Json, Time } from './schema.ts';

export interface RepositoryRow {
  id: Generated<number>;
  name: string;
  created_at: Time;
}

/** Bytes that are stored: digest → location. */
export interface BlobRow {
  digest: string;
  size: number;
  location: string;
  /** since when no repository has it; null: some repository has, or had it when last looked */
  unlinked_at: Time | null;
}

export interface RepositoryBlobRow {
  repository_id: number;
  digest: string;
  pushed_by: string | null;
  pushed_at: Time;
}

export interface ManifestRow {
  id: Generated<number>;
  repository_id: number;
  digest: string;
  media_type: string;
  kind: 'manifest' | 'index';
  size: number;
  pushed_by: string | null;
  pushed_at: Time;
  subject: string | null;
  /** the descriptor that a listing of referrers shows; null without subject */
  referrer: Json | null;
  /** digests of parts that were not there when it was pushed; null: none */
  missing: Json | null;
  bytes: Uint8Array;
}

/** What a manifest refers to, other than its subject. */
export interface ManifestRefRow {
  digest: string;
  repository_id: number;
  manifest_id: number;
  /** `blob`: config or layer; `manifest`: child of an index */
  role: 'blob' | 'manifest';
}

export interface TagRow {
  repository_id: number;
  name: string;
  digest: string;
}

export interface TagMoveRow {
  id: Generated<number>;
  repository_id: number;
  tag: string;
  from_digest: string | null;
  to_digest: string | null;
  moved_by: string | null;
  moved_at: Time;
}

/** The last signed snapshot of the tags of a repository. */
export interface SnapshotRow {
  repository_id: number;
  version: number;
  /** tag_moves.id of the last move that it knows */
  last_move: number;
  /** version of the revocation list that it names */
  revocations: number;
  issued_at: Time;
  expires: Time;
  envelope: Uint8Array;
}

/** An image on its way into another repository. */
export interface PromotionRow {
  id: Generated<number>;
  from_repository: string;
  to_repository: string;
  digest: string;
  /** list of texts */
  tags: Json;
  requested_by: string;
  requested_at: Time;
  expires: Time;
  state: 'waiting' | 'done' | 'refused' | 'cancelled' | 'expired';
  /** what it was judged last as an image of the target */
  verdict: Json | null;
  /** null: it waits, or the registry itself */
  ended_by: string | null;
  ended_at: Time | null;
}

/** Evidence that was deleted. */
export interface TombstoneRow {
  id: Generated<number>;
  repository: string;
  digest: string;
  /** what it was about */
  subject: string;
  /** as a listing of referrers showed it; null: it was found by its tag */
  descriptor: Json | null;
  /** the tag, where only that was deleted */
  tag: string | null;
  deleted_by: string | null;
  deleted_at: Time;
}
