import type { Digest } from '../oci/digest.ts';
import type { ImageAccounts } from './accounts/image-accounts.ts';
import type { ImageBaked } from './baked/image-baked.ts';
import type { Contamination } from './contamination/contamination.ts';
import type { ImageExecutables } from './executables/image-executables.ts';
import type { FileRecord } from './file-facts.ts';
import type { PackageOwner, PackageType } from './packages/package-types.ts';
import type { ImageSecrets } from './secrets/image-secrets.ts';

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
  readonly type: PackageType;
  readonly name: string;
  readonly version: string;
  /**
   * What advisories are matched by: for dpkg the source package and its version, for apk the origin, else name and
   * version, as advisories of its ecosystem write them. `ecosystem` is OSV's (`Debian:12`, `Alpine:v3.10`, `npm`, `Go`);
   * undefined where the distribution is unknown, which is never clean, no ecosystem of OSV has such packages, or a
   * distribution's package is the owner.
   */
  readonly match: { readonly ecosystem: string | undefined; readonly name: string; readonly version: string };
  readonly purl: string;
  readonly architecture?: string;
  /** its licence, as its record has it */
  readonly licence?: string;
  /**
   * What its licence amounts to: an SPDX expression (SPDX 2.3, annex D) of identifiers that are on SPDX's lists, and of references
   * (`LicenseRef-…`) that its record itself has. Absent: not known, or not all of it.
   */
  readonly spdx?: string;
  /** what `spdx` or `partly` was told from; absent: nothing says anything of its licence */
  readonly licenceFrom?: LicenceSource;
  /** where not all of its licence is known: what is, and what is not */
  readonly partly?: PartlyKnownLicence;
  /** file that records it, escaped for display; behind `!/` the path inside an archive, once for each archive in it */
  readonly path: string;
  /**
   * The distribution's package that brought the file: it is the distribution that mends it, so that advisories of the language's
   * own ecosystem are not asked.
   */
  readonly owner?: PackageOwner;
  /** index of the layer that this record comes from, from 0 */
  readonly layer: number;
}

/**
 * From what a licence is told: `record` its package's own record, `copyright` Debian's copyright file, `text` the text of a licence
 * that lies beside its files.
 */
export const licenceSources = ['record', 'copyright', 'text'] as const;

export type LicenceSource = (typeof licenceSources)[number];

/** A licence of which not all is known. */
export interface PartlyKnownLicence {
  /** an SPDX expression in which `LicenseRef-unknown-<n>` stands for what is not known; n is the index in `unknown` */
  readonly spdx: string;
  /** words that stand for no licence that is known, as they were found */
  readonly unknown: readonly string[];
}

/** Counts with what inventories say and how it was established: those of another format are made anew from the bytes. */
export const inventoryFormat = 3;

/**
 * Formats of the same shape: what was found in an image in one of them counts until the image was checked again, so that an upgrade holds
 * nothing that passed before.
 */
export const knownFormats = [2, inventoryFormat] as const;

/** What the merged file system of an image contains. */
export interface ImageInventory {
  readonly format: (typeof knownFormats)[number];
  /** false: something could not be read; see problems with `hides` */
  readonly complete: boolean;
  readonly distribution?: Distribution;
  readonly packages: readonly Package[];
  readonly problems: readonly Problem[];
  readonly layers: readonly MeasuredLayer[];
  /** packages that are not there any more, in the order of layers; absent for what has no file system */
  readonly removed?: readonly RemovedPackage[];
  /** how its files differ from what its packages brought; absent for what has no file system */
  readonly contamination?: Contamination;
  /** its programs and libraries; absent for what has no file system, and where its files were too many to be followed */
  readonly executables?: ImageExecutables;
  /** secrets in its layers and its configuration; absent for what has no file system */
  readonly secrets?: ImageSecrets;
  /** data, configuration and leftovers in it; absent for what has no file system */
  readonly baked?: ImageBaked;
  /** who can log in by what lies in it; absent for what has no file system */
  readonly accounts?: ImageAccounts;
}

/** A package that a layer had, and a later one took away or brought in another version. */
export interface RemovedPackage {
  readonly type: PackageType;
  readonly name: string;
  readonly version: string;
  /** index of the layer that it comes from, from 0 */
  readonly layer: number;
  /** index of the layer since which it is not there any more */
  readonly removedIn: number;
  /** the version that this layer brought instead; absent: none */
  readonly replacedBy?: string;
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
  readonly format: typeof inventoryFormat;
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
  /** four octal digits for each entry: setuid, setgid and sticky bits, and the permissions */
  readonly modes: string;
  /** bytes of each regular file, in the order of the files */
  readonly sizes: readonly number[];
  /**
   * Of what the regular files contain, in their order: base64 of the digests one after the other. Zeros, and what is missing at
   * the end, stand for files that are empty or were not hashed by this algorithm.
   */
  readonly digests: { readonly sha256: string; readonly md5?: string; readonly sha1?: string };
  /** file capabilities by index of the entry: base64 of the extended attribute security.capability */
  readonly capabilities?: Readonly<Record<string, string>>;
  /** index of the first entry that lies behind an end-of-archive marker, where other readers stop */
  readonly secondArchive?: number;
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
