import type { FileState } from '../contamination/find-contamination.ts';
import type { PackageOwner } from '../packages/package-types.ts';

/**
 * What an entry is. `special` a device, pipe or socket; of single layers alone: `hardlink` another name of a file, `whiteout` it takes
 * away what lower layers have at the path, `opaque` the same of all that they have in the folder.
 */
export const entryKinds = ['file', 'folder', 'link', 'hardlink', 'special', 'whiteout', 'opaque'] as const;

export type EntryKind = (typeof entryKinds)[number];

/** One entry of the file system of an image, or of one of its layers. */
export interface FileEntry {
  /** escaped for display, as the path */
  readonly name: string;
  /** below the root, without slashes at either end */
  readonly path: string;
  readonly kind: EntryKind;
  /** four octal digits; absent: no entry describes the folder */
  readonly mode?: string;
  /** bytes of a file */
  readonly size?: number;
  /** of a link, as it is, escaped for display */
  readonly target?: string;
  /** index of the layer that brought it, from 0; absent: no entry describes the folder */
  readonly layer?: number;
  /** SHA-256 of what a file contains; absent: it is empty or was not hashed */
  readonly digest?: string;
  /** how many entries a folder has */
  readonly entries?: number;
  /** whose it is by the records of packages */
  readonly package?: PackageOwner;
  /** of a file: absent where nobody compared it */
  readonly state?: FileState;
  /** of an entry of a single layer: the image does not have it, since this or a later layer put another in its place or took it away */
  readonly hidden?: true;
}

/** Which entries are asked for. */
export interface FileQuery {
  /** a folder or a file, as paths are displayed; '' is the root */
  readonly path: string;
  /** entries of this layer alone; absent: of the image */
  readonly layer?: number;
  /** files of this package alone, at any depth below the path */
  readonly package?: string;
  /** files in this state alone, at any depth below the path */
  readonly state?: FileState;
  /** path of the last entry of the page before */
  readonly after?: string;
  /** entries of a page */
  readonly limit: number;
}

/** Entries of a page, by their paths. */
export interface FilePage {
  readonly path: string;
  readonly entries: readonly FileEntry[];
  /** how many there are on all pages */
  readonly total: number;
  /** false: a layer could not be read whole, so that there may be others */
  readonly complete: boolean;
  /** what to give as `after` for the next page; absent: this is the last */
  readonly next?: string;
}

/** Entries that one page may have. */
export const mostEntries = 1000;
