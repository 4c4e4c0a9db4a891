import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { FetchedManifest } from '../oci/evidence-source.ts';
import type { EvidenceReport } from '../signing/evidence.ts';
import type { CustodyLayer } from './custody-image.ts';
import type { Place } from './read-image.ts';

/** Statements about one image whose signatures were verified. */
export type StatementReport = Pick<EvidenceReport, 'statements' | 'refusedStatements' | 'validUntil'>;

/** Where images of a chain and the statements about them are looked up. A look-up that fails throws; "none" is an answer. */
export interface ChainSource {
  manifest(repository: string, digest: Digest): Promise<FetchedManifest | undefined>;
  /** The config of an image, whole. */
  config(repository: string, descriptor: Descriptor): Promise<Uint8Array | undefined>;
  /** What trusted signers state about an image, verified. All of a chain is verified by the trust of its final image. */
  statements(repository: string, digest: Digest): Promise<StatementReport>;
  /**
   * The content of a layer of an image: its diffID, computed from the bytes. Asked for layers that claim the content of others
   * and are other bytes. Undefined: it is not there, or it could not be read to its end; left out: nothing can be measured here.
   */
  measure?(image: Place, layer: CustodyLayer): Promise<Digest | undefined>;
  /** An image that is known to consist of exactly the layers of this chain ID. Of use to name what an unattributed layer lies on. */
  imageByChainId?(chainId: Digest): Promise<Place | undefined>;
}

/**
 * Keeps what was found out about ancestors from one walk to the next. What it gives back is believed until its time is over,
 * so the caller has to drop everything when evidence, trust, revocations or what was measured of layers may have changed:
 * `generation` goes into each key and says which state of all that is meant.
 */
export interface CustodyMemo<T> {
  readonly generation: string;
  get(key: string): T | undefined | Promise<T | undefined>;
  set(key: string, value: T): void;
}
