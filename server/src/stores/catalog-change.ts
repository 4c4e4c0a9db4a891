import type { BlobRecord, Change } from '@wharfinger/lib/catalog/catalog';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Manifest } from '@wharfinger/lib/oci/manifest';
import type { Db } from '../db/schema.ts';

/** What has changed in a catalog, told inside the transaction that changes it. */
export type CatalogChange = { readonly repository: string } & Change &
  (
    | { readonly kind: 'blob-linked'; readonly blob: BlobRecord; readonly received: boolean }
    | { readonly kind: 'blob-unlinked'; readonly digest: Digest }
    | {
        readonly kind: 'manifest-put';
        readonly digest: Digest;
        readonly manifest: Manifest;
        readonly size: number;
        /** parts that were not in the repository */
        readonly missing: readonly Digest[];
        /** tags that point here now and did not before, and where they pointed */
        readonly moved: readonly MovedTag[];
        /** false: it was there already */
        readonly added: boolean;
      }
    | {
        readonly kind: 'manifest-deleted';
        readonly digest: Digest;
        /** what it referred to as its subject */
        readonly subject: Digest | null;
        /** as a listing of referrers showed it; null: it had no subject */
        readonly referrer: Descriptor | null;
        readonly tags: readonly string[];
      }
    | {
        readonly kind: 'tag-moved';
        readonly tag: string;
        readonly from: Digest | null;
        readonly to: Digest;
      }
    | { readonly kind: 'tag-deleted'; readonly tag: string; readonly digest: Digest }
  );

export interface MovedTag {
  readonly tag: string;
  /** null: the tag is new */
  readonly from: Digest | null;
}

/**
 * Told of each change inside its transaction: what it writes through `trx` is as durable as the change, and what it throws
 * undoes it. On PostgreSQL the transaction may be tried again, so it must have no other effects.
 */
export type OnCatalogChange = (trx: Db, change: CatalogChange) => Promise<void>;
