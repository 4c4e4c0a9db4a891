import type { Digest } from '../oci/digest.ts';

/** How a layer's bytes are wrapped, told from the bytes themselves, never from the media type. */
export type Compression = 'none' | 'gzip' | 'zstd';

/**
 * What a blob that stands as a layer turned out to be, by its bytes:
 * `filesystem` a tar (every rule for images applies); `chart` a Helm chart and nothing else; `json` one JSON document;
 * `empty` no bytes or an empty tar; `opaque` anything else that is no tar, whatever it is.
 */
export type LayerContent = 'filesystem' | 'chart' | 'json' | 'empty' | 'opaque';

/** Something that could not be read, or that should not be there. */
export interface Problem {
  readonly code: ProblemCode;
  /** path inside the layer, escaped for display */
  readonly path?: string;
  readonly message: string;
  /** true: something may be hidden; the inventory is incomplete, and incomplete is never clean */
  readonly hides: boolean;
}

export type ProblemCode =
  | 'truncated'
  | 'corrupt'
  | 'too-large'
  | 'ratio'
  | 'too-many-entries'
  | 'too-deep'
  | 'timeout'
  | 'out-of-memory'
  | 'crashed'
  | 'unreadable-file'
  | 'link-loop'
  | 'link-escapes'
  | 'path-escapes'
  | 'absolute-path'
  | 'duplicate-entry'
  | 'unsupported'
  | 'unknown-distribution'
  | 'diff-id-mismatch'
  | 'config-invalid'
  | 'missing-part';

/** A package as its ecosystem's own record describes it. */
export interface Package {
  readonly type: 'deb' | 'apk' | 'npm' | 'golang';
  readonly name: string;
  readonly version: string;
  /**
   * What advisories are matched by: for dpkg the source package and its version, for apk the origin, else name and
   * version. `ecosystem` is OSV's (`Debian:12`, `Alpine:v3.10`, `npm`, `Go`); undefined where the distribution is
   * unknown, which is never clean.
   */
  readonly match: { readonly ecosystem: string | undefined; readonly name: string; readonly version: string };
  readonly purl: string;
  readonly architecture?: string;
  readonly licence?: string;
  /** file that records it, escaped for display */
  readonly path: string;
  /** index of the layer that this record comes from, from 0 */
  readonly layer: number;
}

/** What the merged file system of an image contains. */
export interface ImageInventory {
  readonly format: 1;
  /** false: something could not be read; see problems with `hides` */
  readonly complete: boolean;
  readonly distribution?: Distribution;
  readonly packages: readonly Package[];
  readonly problems: readonly Problem[];
  readonly layers: readonly MeasuredLayer[];
}

/** What was measured of one layer while it was read. */
export interface MeasuredLayer {
  readonly digest: Digest;
  readonly content: LayerContent;
  readonly compression: Compression;
  /** SHA-256 of the uncompressed bytes, measured; undefined where the end was not reached */
  readonly diffId?: Digest;
  /** uncompressed bytes */
  readonly size: number;
  readonly entries: number;
}

export interface Distribution {
  /** ID of os-release: debian, ubuntu, alpine … or scratch */
  readonly id: string;
  readonly version?: string;
  readonly name?: string;
  /** OSV ecosystem of its packages, such as Debian:12 */
  readonly ecosystem?: string;
  /** how it is known */
  readonly source: 'os-release' | 'packages' | 'none';
}
