import type { Catalog } from '../catalog/catalog.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { RegistryHost } from './host.ts';

/** How a registry behaves where the specification leaves it open. */
export interface RegistrySettings {
  /** a manifest whose config, layers or children are not there: refuse it, or keep it and leave it to the gate to hold it */
  readonly missingParts: 'refuse' | 'hold';
  /** bytes; larger manifests answer 413. The specification asks for 4 MiB at least */
  readonly maxManifestBytes: number;
  /** bytes; what chunks should have at least (OCI-Chunk-Min-Length); 0: any */
  readonly minChunkBytes: number;
  /** tags or repositories in one answer, at most and where the client says nothing */
  readonly pageSize: number;
  /**
   * Manifests that may refer to one subject. What verifiers look at is bounded (`defaultEvidenceLimits`), and what a fallback
   * tag lists comes on top: with no more than this, nothing that was pushed is left out for its number.
   */
  readonly maxReferrers: number;
  /** referrers in one answer, at most: many clients never ask for a second page */
  readonly referrersPageSize: number;
  /**
   * True: `/v2/` and the list of repositories answer 401 to callers who have not said who they are. Clients that have
   * credentials send them only where they are asked for.
   */
  readonly challengeUnknown: boolean;
}

/** Settings where nothing else is said. */
export const defaultRegistrySettings: RegistrySettings = {
  missingParts: 'refuse',
  maxManifestBytes: 8 * 1024 * 1024,
  minChunkBytes: 0,
  pageSize: 1000,
  maxReferrers: 1024,
  referrersPageSize: 4000,
  challengeUnknown: true,
};

/** What the handlers of one registry work with. */
export interface Registry {
  readonly storage: BlobStore;
  readonly catalog: Catalog;
  readonly host: RegistryHost;
  readonly settings: RegistrySettings;
}
