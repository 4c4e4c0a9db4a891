import type { Digest } from '../oci/digest.ts';

/** How a layer's bytes are wrapped, told from the bytes themselves, never from the media type. */
export type Compression = 'none' | 'gzip' | 'zstd';

/**
 * What a blob that stands as a layer turned out to be, by its bytes:
 * `filesystem` a tar (every rule for images applies); `chart` a Helm chart and nothing else; `json` one JSON document;
 * `empty` no bytes or an empty tar; `opaque` anything else that is no tar, whatever it is.
 */
export type LayerContent = 'filesystem' | 'chart' | 'json' | 'empty' | 'opaque';

/**
 * What a layer that is one document says it is: `signature` a cosign payload or a Sigstore bundle over one;
 * `attestation` an in-toto statement, bare, in a DSSE envelope or in a bundle; `sbom` CycloneDX or SPDX JSON;
 * `provenance` the clear-signed file that Helm puts beside a chart; `other` any other JSON.
 */
export type DocumentKind = 'signature' | 'attestation' | 'sbom' | 'provenance' | 'other';

/** Something that could not be read, or that should not be there. */
export interface Problem {
  readonly code: ProblemCode;
  /** path inside the layer, escaped for display */
  readonly path?: string;
  /** index of the layer in the image, from 0; absent in a layer's own inventory and where the whole image is meant */
  readonly layer?: number;
  readonly message: string;
  /** true: something may be hidden; the inventory is incomplete, and incomplete is never clean */
  readonly hides: boolean;
}

/** Every code that a problem may have. */
export const problemCodes = [
  'truncated',
  'corrupt',
  'too-large',
  'ratio',
  'too-many-entries',
  'too-deep',
  'timeout',
  'out-of-memory',
  'crashed',
  'unreadable-file',
  'link-loop',
  'link-escapes',
  'path-escapes',
  'absolute-path',
  'duplicate-entry',
  'concatenated',
  'unsupported',
  'packed',
  'unknown-distribution',
  'distribution-mismatch',
  'package-database-missing',
  'digest-mismatch',
  'diff-id-mismatch',
  'config-invalid',
  'missing-part',
] as const;

export type ProblemCode = (typeof problemCodes)[number];

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
  /** for `json`, and for `opaque` where the document is known */
  readonly document?: DocumentKind;
  readonly compression: Compression;
  /** SHA-256 of the uncompressed bytes, measured; undefined where the end was not reached */
  readonly diffId?: Digest;
  /** uncompressed bytes */
  readonly size: number;
  readonly entries: number;
}

/**
 * Everything that one layer contributes to the images that use it, made once and stored as JSON: any image is composed
 * from these without reading bytes again. Depends on nothing but the layer's bytes and the limits.
 */
export interface LayerInventory extends MeasuredLayer {
  readonly format: 1;
  /** false: something could not be read; see problems with `hides` */
  readonly complete: boolean;
  readonly problems: readonly Problem[];
  readonly tree: LayerTree;
  /** what files of note say, by entry */
  readonly records: readonly FileRecord[];
}

/**
 * Every entry of a layer, in the order of the archive, an array per column.
 *
 * Paths are relative to the root, without `.`, `..` and slashes at either end; '' is the root itself. Bytes that are
 * not UTF-8 stand as U+DC80 to U+DCFF, so that distinct names stay distinct.
 */
export interface LayerTree {
  /** `<n> <rest>`: the first n UTF-16 units of the path before, then the rest */
  readonly paths: readonly string[];
  /**
   * One letter for each entry: `f` file, `d` directory, `l` symbolic link, `h` hard link, `c` device, fifo or socket,
   * `w` whiteout of the path, `o` opaque marker of the directory
   */
  readonly types: string;
  /** targets of links by index of the entry: of symbolic links as they are, of hard links as a path like those above */
  readonly links: Readonly<Record<string, string>>;
  /** index of the first entry that lies behind an end-of-archive marker, where other readers stop */
  readonly secondArchive?: number;
}

/** What one file says; `entry` is its index in the tree. */
export type FileRecord = { readonly entry: number } & FileFacts;

/** Files of note, found by what they begin with as well as by their names. */
export type FileFacts =
  | { readonly kind: 'dpkg'; readonly packages: readonly DpkgPackage[] }
  | { readonly kind: 'apk'; readonly packages: readonly ApkPackage[] }
  | { readonly kind: 'os-release'; readonly fields: Readonly<Record<string, string>> }
  | { readonly kind: 'apk-repositories'; readonly streams: readonly string[] }
  | {
      readonly kind: 'package-json';
      readonly name: string;
      readonly version: string;
      readonly licence?: string;
    }
  | { readonly kind: 'go-binary'; readonly go: string; readonly modules: readonly GoModule[] }
  /** a file that names the distribution in a form that is not read, such as debian_version */
  | { readonly kind: 'distribution-file' }
  /** a package database of a kind that is not read yet */
  | { readonly kind: 'other-database'; readonly format: string };

export interface DpkgPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
  readonly source: string;
  readonly sourceVersion: string;
}

export interface ApkPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
  readonly origin: string;
  readonly licence?: string;
}

export interface GoModule {
  readonly path: string;
  readonly version: string;
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
