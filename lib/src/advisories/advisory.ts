/** How bad, in the words of CVSS v3's qualitative scale; `unscored` where the record says nothing. */
export type Severity = 'none' | 'low' | 'medium' | 'high' | 'critical' | 'unscored';

/** One OSV record, reduced to what Wharfinger uses (https://ossf.github.io/osv-schema/). */
export interface Advisory {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly severity: Severity;
  /** CVSS base score, where a vector was given */
  readonly score?: number;
  /** RFC 3339; absent where the source has none (or year 1, as the Go database's export) */
  readonly published?: string;
  readonly modified?: string;
  readonly withdrawn?: string;
  /** the package itself is malicious (MAL- records): no fix, no grace */
  readonly malicious: boolean;
  readonly affected: readonly Affected[];
  readonly references: readonly string[];
}

/** Versions of one package that an advisory is about. */
export interface Affected {
  /** OSV ecosystem with its suffix, such as Debian:12 */
  readonly ecosystem: string;
  readonly name: string;
  readonly versions: readonly string[];
  readonly ranges: readonly AffectedRange[];
  /** overrides the advisory's own, where the record gives one per package */
  readonly severity?: Severity;
}

export interface AffectedRange {
  readonly type: 'SEMVER' | 'ECOSYSTEM';
  /** in the order of the record */
  readonly events: ReadonlyArray<
    | { readonly introduced: string }
    | { readonly fixed: string }
    | { readonly lastAffected: string }
    | { readonly limit: string }
  >;
}

/** That a package version is affected by an advisory: stored once, whatever the number of images that have it. */
export interface Match {
  readonly advisory: string;
  /**
   * Why it could not be told whether the version is affected (no order known for the ecosystem, a version without a place
   * in it, an advisory that names no versions). Absent: it is affected. Who does not look treats it as affected, never as clean.
   */
  readonly undecided?: string;
  /** first version that is fixed and newer than the one at hand; undefined: no fix is known */
  readonly fixedIn?: string;
}
