/** What the advisories say anything about. */
export interface AdvisoryFacts {
  /** ecosystems of packages of the image that no advisory known here is about, in order: nothing was looked for there */
  readonly uncovered: readonly string[];
  /**
   * how old what is known is: for each ecosystem of the image, and for `KEV` and `EPSS` where they are known, in order; what is
   * missing was never fetched
   */
  readonly ages: ReadonlyArray<{
    readonly of: string;
    /** RFC 3339: when it was last fetched whole, or found to be unchanged */
    readonly fetched: string;
    /** RFC 3339: the time of its newest record; absent: none bears one */
    readonly newest?: string;
  }>;
}

/** An advisory that matches a package of the image. */
export interface FindingFact {
  readonly advisory: string;
  readonly aliases: readonly string[];
  readonly package: string;
  readonly version: string;
  readonly ecosystem: string;
  readonly purl: string;
  /** none, low, medium, high, critical, or unscored */
  readonly severity: string;
  readonly score?: number;
  /** absent: no fix is known */
  readonly fixedIn?: string;
  /** why it could not be told whether this version is affected; absent: it is */
  readonly undecided?: string;
  readonly summary: string;
  readonly malicious: boolean;
  /** RFC 3339: published, else when this server or command first imported the record; grace runs from here */
  readonly since: string;
  /** index of the layer that brought the package */
  readonly layer: number;
  /** the team that answers for that layer, where the chain of custody says so */
  readonly team?: string;
  /** it is known to be exploited: since when a catalogue (KEV) says so, and by when it is to be mended; absent: none does */
  readonly exploited?: { readonly added: string; readonly due?: string };
  /** how likely it is to be exploited within 30 days, and among how many (EPSS), both rounded down to steps; absent: unknown */
  readonly epss?: { readonly score: number; readonly percentile: number };
  /** what a trusted VEX statement says of it; absent: none speaks of it */
  readonly vex?: {
    readonly status: string;
    readonly justification?: string;
    /** name of the signer, or who brought the document in: `user/ann`, `feed/vendor` */
    readonly by: string;
    /** of a document that was brought in, as it says */
    readonly author?: string;
    /** who says better, and what: it does not count */
    readonly against?: readonly string[];
  };
  /** the waiver that excuses it from the routine that asks; absent: it counts */
  readonly waiver?: {
    readonly id: string;
    readonly owner: string;
    readonly reason: string;
    /** RFC 3339 */
    readonly expires: string;
  };
}
