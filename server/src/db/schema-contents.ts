import type { Generated } from 'kysely';
import type { Flag, Json, Time } from './schema.ts';

export interface LayerInventoryRow {
  digest: string;
  /** version of the format; one of another is made anew */
  format: number;
  /** zstd of JSON */
  inventory: Uint8Array;
  made_at: Time;
}

/** A layer whose files are found by their digests. */
export interface LayerFilesRow {
  id: Generated<number>;
  /** null: the layer is gone */
  digest: string | null;
  /** 0: of some of its files the digest is not known */
  complete: Flag;
}

/** A sorted list of files with the layers that have them: never changed, only replaced by one that it was merged into. */
export interface FileSegmentRow {
  id: Generated<number>;
  /** how often it was merged */
  level: number;
  state: 'making' | 'used' | 'replaced';
}

/** A piece of a segment (file-index/pieces.ts). */
export interface FilePieceRow {
  segment_id: number;
  /** of the first file */
  first_key: number;
  /** counts the pieces of a segment */
  number: number;
  bytes: Uint8Array;
}

/** What a manifest contains, whatever repository has it. */
export interface ImageRow {
  id: Generated<number>;
  digest: string;
  format: number;
  complete: Flag;
  /** zstd of JSON */
  inventory: Uint8Array;
  made_at: Time;
  /** the list of all its layers; null: it has none */
  chain_id: Generated<number | null>;
}

/** What advisories are looked up by: source or origin package for distributions. */
export interface PkgNameRow {
  id: Generated<number>;
  /** without its suffix: Debian of Debian:12; empty where it is unknown */
  ecosystem: string;
  name: string;
}

export interface PkgVersionRow {
  id: Generated<number>;
  name_id: number;
  /** with its suffix: Debian:12; empty where it is unknown */
  ecosystem: string;
  version: string;
}

/** A package as images have it: of one version that advisories are matched by there may be several. */
export interface PackageRow {
  id: Generated<number>;
  /** SHA-256 over all the rest */
  key: Uint8Array;
  version_id: number;
  name: string;
  version: string;
  /** without qualifiers and subpath; empty: not known yet */
  purl: string;
  /** as its record has it */
  licence: string | null;
}

/** What a package is found by when a licence is asked for. */
export interface PackageLicenceRow {
  term: string;
  package_id: number;
}

/** A set of packages that images share: never changed. */
export interface PackageGroupRow {
  id: Generated<number>;
  /** SHA-256 over the keys of its packages */
  digest: Uint8Array;
}

export interface GroupPackageRow {
  package_id: number;
  group_id: number;
}

export interface ImageGroupRow {
  group_id: number;
  image_id: number;
}

/** An image that was taken apart is in a repository. */
export interface ImagePlaceRow {
  repository_id: number;
  image_id: number;
  manifest_id: number;
}

/** A list of layers: the one of its parent, and a layer upon it. */
export interface ChainRow {
  id: Generated<number>;
  /** digest of the uncompressed bytes; where that was not measured, of the blob */
  content: Uint8Array;
  /** 0: none */
  parent_id: number;
}

/** What a layer contains, by the digest of its blob. */
export interface LayerContentRow {
  digest: string;
  content: Uint8Array;
}

/** An image has all lists that its own begins with. */
export interface ImageChainRow {
  chain_id: number;
  image_id: number;
}

/** What an advisory is called: its id, and its aliases. */
export interface AdvisoryNameRow {
  name: string;
  advisory_key: number;
}

export interface AdvisoryRow {
  key: Generated<number>;
  /** as its publisher calls it */
  id: string;
  /** over what decides which versions are affected */
  match_hash: string;
  /** over what else weighs in a verdict */
  weight_hash: string;
  /** over what people only read */
  display_hash: string;
  /** the record without what it affects */
  head: Json;
  affected: Json;
  first_imported: Time;
  /** last change of any of the hashes */
  changed_at: Time;
}

export interface AdvisoryAffectedRow {
  name_id: number;
  advisory_key: number;
}

/** What became of a feed so far; the name is empty for what is imported by hand. */
export interface AdvisoryFeedRow {
  name: string;
  state: Json;
}

/** Which feeds have an advisory: it is there for as long as one of them has it. */
export interface AdvisoryOriginRow {
  feed: string;
  /** as its publisher calls it */
  advisory: string;
}

/** What one feed says of a CVE: that it is exploited, or how likely it is to be. */
export interface ThreatRow {
  cve: string;
  feed: string;
  value: Json;
}

/** An advisory that matches a package version: stored once, whatever the number of images. */
export interface FindingRow {
  version_id: number;
  advisory_key: number;
  fixed_in: string | null;
  /** why it could not be told whether the version is affected */
  undecided: string | null;
  /** what the advisory says of this package, where that is not what it says of itself */
  severity: string | null;
}

/** The packages of an image with their layers, in the least space: what advisories are compared with again and again. */
export interface ImageOutlineRow {
  image_id: number;
  /** ecosystems of the packages, each once: list of texts */
  ecosystems: Json;
  /** version, installed package and layer of each (image-outlines.ts) */
  packages: Uint8Array;
}

/** A package as a finding names it. */
export interface InstalledPackageRow {
  id: Generated<number>;
  /** SHA-256 over all the rest */
  key: Uint8Array;
  version_id: number;
  name: string;
  version: string;
  purl: string;
}
