import type { CustodyLayout } from '../custody/layout.ts';
import type { Digest } from '../oci/digest.ts';
import type { BoundProbe } from '../probes/bound-probe.ts';
import type { BindingRecord, Scope, Waiver } from '../routines/records.ts';
import type { Collection } from '../routines/routine.ts';
import type { SignatureFormat, TrustedSigner } from '../signing/evidence.ts';
import type { ImportedVex } from './imported-vex.ts';
import type { RevocationList } from '../signing/revocation-list.ts';

export type { RevocationList } from '../signing/revocation-list.ts';

/**
 * The judgement bundle: everything that decides, in one document, so that others judge as the registry does. It is signed
 * by the registry as a DSSE envelope over its RFC 8785 form, and expires.
 */
export interface Judgement {
  readonly format: 2;
  /** logical identity of the registry; its replicas share it */
  readonly registry: string;
  /** PEM: what that registry signs with, so that its own summaries are known as such; absent: nobody knows them */
  readonly registryKey?: string;
  /** grows with every change: who has seen one takes none with a lower number */
  readonly version: number;
  /** RFC 3339 */
  readonly madeAt: string;
  /** RFC 3339: nobody may judge by it afterwards */
  readonly expires: string;
  /** how repositories are judged; the most specific pattern counts. One that none matches is as `unmatchedRepository` */
  readonly repositories: readonly RepositoryRule[];
  /** whose signatures count; the most specific pattern counts */
  readonly trust: readonly TrustRule[];
  /** Sigstore trusted roots by name: trusted_root.json as text */
  readonly sigstoreRoots: Readonly<Record<string, string>>;
  /** Notation trust stores by `type:name`: PEM certificates */
  readonly trustStores: Readonly<Record<string, string>>;
  /** PEM `X509 CRL` */
  readonly certificateRevocations: readonly string[];
  /** the revocation list in force; `expires`: afterwards no signature counts until there is a newer one */
  readonly revocations: RevocationList;
  /** by the most specific pattern */
  readonly custody: ReadonlyArray<{ readonly pattern: string; readonly layout: CustodyLayout }>;
  /** what is run on the images of which repositories; of one name the most specific pattern counts. Absent: nothing is */
  readonly probes?: readonly BoundProbe[];
  /** which scanners this registry asks about the images of which repositories. Absent: none */
  readonly scanners?: readonly BoundScanner[];
  /** besides those that every repository has by its gate (routines/default-bindings.ts) */
  readonly bindings: readonly BindingRecord[];
  readonly waivers: readonly Waiver[];
  /** VEX documents that were brought in; what is attested for an image is not among them. Absent: there are none */
  readonly vex?: readonly ImportedVex[];
  /** who may break the glass where; the most specific pattern counts */
  readonly grantRules: readonly GrantRule[];
  /** signed grants: DSSE envelopes as text; each is verified by who judges */
  readonly grants: ReadonlyArray<readonly string[]>;
  /** what is held by hand */
  readonly holds: readonly Hold[];
  /** the routines, whole: in the document stand their texts. The first is the one of the default bindings */
  readonly collections: readonly Collection[];
}

/** A scanner that is asked about the images of some repositories: what others say counts for nothing. */
export interface BoundScanner {
  readonly pattern: string;
  /** what routines call it */
  readonly name: string;
}

/** How the repositories of a pattern are judged. */
export interface RepositoryRule {
  readonly pattern: string;
  readonly namespace: string;
  readonly department?: string;
  readonly class: 'private' | 'internal' | 'public';
  readonly stage: 'development' | 'test' | 'production';
  readonly externalFacing: boolean;
  readonly gate: 'warn' | 'hold';
  readonly official: boolean;
}

export interface TrustRule {
  readonly pattern: string;
  readonly signers: readonly TrustedSigner[];
  readonly formats: readonly SignatureFormat[];
}

/** Who may permit the use of what does not pass. */
export interface GrantRule {
  readonly scope: Scope;
  /** signers by name, of the grantSigners */
  readonly approvers: readonly TrustedSigner[];
  /** how many different principals with different keys must sign */
  readonly needed: number;
  /** hours that one grant may last at most */
  readonly maxHours: number;
}

export interface Hold {
  readonly repository: string;
  readonly digest: Digest;
  readonly by: string;
  /** RFC 3339 */
  readonly at: string;
  readonly reason: string;
}
