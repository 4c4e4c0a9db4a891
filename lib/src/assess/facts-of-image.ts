import { dedupeFindings, type Finding } from '../advisories/findings.ts';
import type { FoundMatch } from '../advisories/advisory-index.ts';
import { parseImageConfig, type ImageConfig } from '../inspect/config.ts';
import type { ImageInventory, MeasuredLayer } from '../inspect/inventory.ts';
import { classifySubject } from '../inspect/subject.ts';
import { formatPlatform } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { ConfigFacts, Facts, FindingFact, ImageFacts } from '../routines/facts.ts';
import type { SignatureReport, TrustedKey } from '../signing/evidence.ts';

/** What was established about an image, each part absent where it is not known. */
export interface Established {
  readonly repository: string;
  readonly digest: Digest;
  readonly manifest: Manifest;
  /** bytes of the manifest itself */
  readonly size: number;
  readonly missing: readonly Digest[];
  /** bytes of the config blob */
  readonly config?: Uint8Array;
  readonly inventory?: ImageInventory;
  readonly matches?: ReadonlyArray<FoundMatch & { readonly firstImported: Date }>;
  readonly signatures?: { readonly report: SignatureReport; readonly trustedKeys: readonly TrustedKey[] };
  readonly held?: { readonly by: string; readonly at: Date; readonly reason: string };
}
