import type { Blob, ManifestBlob } from '../image.ts';

/** A registry to measure: how to find it, how to start it on an empty folder, what it promises about the disk. */
export interface ServerKind {
  readonly name: string;
  /** what an acknowledged push means with the settings used here; printed beside the numbers */
  readonly durability: string;
  /** the program; undefined where it is not installed */
  find(): string | undefined;
  /** Writes what configuration it needs into `folder`. */
  launch(program: string, folder: string, port: number): Launch;
  /** answers 200 or 401 once it serves */
  readonly readyPath: string;
  /** value of the Authorization header */
  readonly authorization?: string;
  /**
   * Puts a repository into the folder of a server that does not run, in that server's own layout, where pushing
   * 100,000 tags would take it too long. Absent: the repository is pushed.
   */
  seed?(folder: string, repository: SeedRepository): void;
  /** what it cannot do of the rows */
  readonly lacks?: readonly string[];
}

export interface Launch {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface SeedRepository {
  readonly name: string;
  readonly blobs: ReadonlyArray<Blob & { readonly bytes: Uint8Array }>;
  /** tag → manifest */
  readonly manifests: ReadonlyMap<string, ManifestBlob>;
}
