import type { FileFacts } from './file-facts.ts';
import type { ProblemCode } from './inventory.ts';
import type { LayerLimits } from './limits.ts';
import type { FileSink } from './tar/sink.ts';

/** Told of what one file is. */
export interface NoteListener {
  fact(fact: FileFacts): void;
  problem(code: ProblemCode, message: string, hides: boolean): void;
  /** the file can be run: an ELF file, or a script that names its interpreter */
  executable(): void;
  /** content of a Chart.yaml in a folder below the root */
  chart(bytes: Buffer): void;
}

/** One file, when its first bytes are known. */
export interface SeenFile {
  /** normalized, relative to the root */
  readonly path: string;
  readonly size: number;
  /** at least the first 512 bytes, where the file has them */
  readonly head: Buffer;
}

/**
 * How the rest of a file is read: `keep` gives all of it at the end, unless it is longer than `limit` bytes, which is a problem that
 * hides something; `pass` gives it in parts, from the first byte on.
 */
export type Reading =
  | { readonly how: 'keep'; readonly limit: number; readonly use: (bytes: Buffer) => void }
  | { readonly how: 'pass'; readonly sink: FileSink };

/**
 * Looks at the beginning of every regular file and says how it wants to read it; undefined: not at all. All that want to read a
 * file read it in one pass.
 */
export type FileObserver = (
  file: SeenFile,
  limits: LayerLimits,
  listener: NoteListener,
) => Reading | undefined;
