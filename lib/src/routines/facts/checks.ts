/** What a probe found in the image, as somebody trusted for it states. */
export interface ProbeFact {
  /** digest of the probe: the one that is bound */
  readonly digest: string;
  readonly version: string;
  /** name of the signer who ran it */
  readonly by: string;
  /** RFC 3339: when it was run */
  readonly at: string;
  /** true: it came to its end, and what it wrote is what it declares */
  readonly complete: boolean;
  /** why it is not complete */
  readonly problem?: string;
  /** what it found, by its own schema; `findings` is a list in any case. Absent: it is not complete */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** What a scanner that the registry asks says of the image: the word of a service outside, unsigned. */
export interface ScannerFact {
  /** none: there is no answer yet; failed: it was asked and no report ever came; reported: what the last report says stands below */
  readonly state: string;
  /** why no report came */
  readonly problem?: string;
  /** as it calls itself in its report */
  readonly scanner?: { readonly name: string; readonly vendor: string; readonly version: string };
  /** RFC 3339: when it was asked for the report */
  readonly asked?: string;
  /** RFC 3339: when what it knows was renewed, as it said before it scanned; absent: it does not say */
  readonly data?: string;
  /** how many there are of each severity */
  readonly counts?: {
    readonly unscored: number;
    readonly none: number;
    readonly low: number;
    readonly medium: number;
    readonly high: number;
    readonly critical: number;
  };
  /** the worst before the others */
  readonly findings?: ReadonlyArray<{
    /** such as CVE-2026-0001 */
    readonly id: string;
    readonly package: string;
    readonly version: string;
    /** absent: it names no version with a fix */
    readonly fixedIn?: string;
    /** none, low, medium, high, critical, or unscored */
    readonly severity: string;
    /** CVSS 3, else 2; absent: it names none */
    readonly score?: number;
    readonly cwes: readonly string[];
  }>;
}
