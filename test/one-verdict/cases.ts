import type { Digest } from '@wharfinger/lib/oci/digest';
import type { RegistrySession } from '@wharfinger/lib/client/registry-session';

/** One image or index in one repository, called `v1`, and all that decides about it. */
export interface Case {
  /** namespace/name; says what the case is */
  readonly repository: string;
  readonly digest: Digest;
  /** Pushes it with its evidence; the bytes are the same wherever it is pushed. */
  readonly push: (session: RegistrySession) => Promise<void>;
  /** what must come of it for a pull, where the case is made for that; absent: whatever the registry says */
  readonly outcome?: 'allow' | 'warn' | 'hold' | 'deny';
}

/** A document, and the path of the API that puts it in force. */
export type PolicyRecord = readonly [path: string, document: object];

/** Cases that belong together, and what they are judged by. */
export interface Family {
  /** parts of the registry's configuration; lists of all families are joined */
  readonly config: Readonly<Record<string, readonly object[]>>;
  /** probes that are bound; absent: none */
  readonly probes?: readonly object[];
  /** put in force before any image is there */
  readonly before: readonly PolicyRecord[];
  /** put in force when all images were judged */
  readonly after: readonly PolicyRecord[];
  /** the same, for an instant at which all are asked afterwards: what begins then has begun, what ends then has ended */
  readonly at?: (edge: Date) => readonly PolicyRecord[];
  readonly cases: readonly Case[];
}
