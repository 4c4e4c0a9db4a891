/** A package at a place. */
export interface FoundPackage {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  /** the file that records it; empty for those of a distribution, which one database records */
  readonly path: string;
}

/** What a program finds in an image. */
export interface Found {
  readonly packages: readonly FoundPackage[];
  /** `type name version advisory`, each once */
  readonly findings: ReadonlySet<string>;
  /** those of the findings of which it says that it could not tell */
  readonly undecided: ReadonlySet<string>;
}
