import type { ErrorCode } from '@wharfinger/lib/errors';

/** A reader of documents that others sign, or that decide whose signature counts. */
export interface Target {
  readonly name: string;
  /** codes of the errors by which it refuses; anything else that is thrown is a mistake of its own */
  readonly refuses: readonly ErrorCode[];
  /** genuine documents, each of which it reads */
  readonly genuine: readonly Uint8Array[];
  /** documents that it refuses, to take parts from */
  readonly material?: readonly Uint8Array[];
  /**
   * Reads a document. Of what is signed it gives back what was signed, by whom and when: each of these must be one that a
   * genuine document gives; an empty list: nothing of it counts. undefined: it was read, and is not signed.
   * @throws what a reader throws
   */
  readonly read: (bytes: Uint8Array) => Claims | undefined | Promise<Claims | undefined>;
  /** of the time, compared to the others; absent: 1 */
  readonly share?: number;
  /** true: by keys, a signature counts without proof of its time as well, for less: the time may be gone, but not be another */
  readonly timeMayGo?: boolean;
}

/** Plain data: each says who signed what, and when. */
export type Claims = readonly unknown[];

/** What a reader that verifies no signature gives back. */
export function nothing(_read: unknown): undefined {
  return undefined;
}

/** One text for equal data, whatever the order of its members. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner instanceof Map) return [...inner];
    if (typeof inner === 'bigint') return String(inner);
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
