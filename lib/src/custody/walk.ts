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
  /** Walks what an image was built on; `depth` is how many images lie above it. */
  follow(place: Place, stage: CustodyStage, depth: number): Promise<Ancestry>;
}

/** An image whose link was accepted. */
export interface Linked {
  readonly image: CustodyImage;
  readonly stage: CustodyStage;
  readonly accepted: AcceptedLink;
  readonly report: StatementReport;
  readonly depth: number;
}
