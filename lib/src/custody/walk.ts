import type { Digest } from '../oci/digest.ts';
import type { Ancestry } from './ancestry.ts';
import type { ChainSource, CustodyMemo, StatementReport } from './chain-source.ts';
import type { AcceptedLink } from './choose-link.ts';
import type { CustodyImage } from './custody-image.ts';
import type { CustodyLayout, CustodyStage } from './layout.ts';
import type { Place } from './read-image.ts';

/** What one walk is given, and what it remembers. */
export interface Walk {
  readonly layout: CustodyLayout;
  readonly layoutDigest: Digest;
  readonly now: Date;
  readonly source: ChainSource;
  /** diffIDs that were computed from the bytes of blobs, by digest of the blob */
  readonly measured: ReadonlyMap<Digest, Digest>;
  readonly memo?: CustodyMemo<Ancestry>;
  /** images of this walk: each is looked at once for each stage, however often it is led to */
  readonly done: Map<string, Promise<Ancestry>>;
  /** Walks what an image was built on; `above` are the images that led to it, as `imageKey` names them. */
  follow(place: Place, stage: CustodyStage, above: readonly string[]): Promise<Ancestry>;
}

/** An image whose link was accepted. */
export interface Linked {
  readonly image: CustodyImage;
  readonly stage: CustodyStage;
  readonly accepted: AcceptedLink;
  readonly report: StatementReport;
  /** the images that led to it, and itself */
  readonly path: readonly string[];
}

/** What an image is known by in one walk. */
export function imageKey({ repository, digest }: Place, stage: CustodyStage): string {
  return JSON.stringify([repository, digest, stage.name]);
}
