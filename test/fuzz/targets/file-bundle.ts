import { verifyBlob, type Artifact, type BlobTrust } from '@wharfinger/lib/signing/sigstore/verify-blob';
import type { BundleJson } from '@wharfinger/lib/signing/sigstore/testing/local-sigstore';
import type { Claims } from '../target.ts';

/** What a bundle says of a file: by whom and when it is signed, and in which words. */
export async function readFileBundle(
  bytes: Uint8Array,
  trust: BlobTrust,
  artifact: Artifact,
  at: Date,
): Promise<Claims> {
  const verified = await verifyBlob(bytes, artifact, trust, at);
  const { dsseEnvelope } = JSON.parse(Buffer.from(bytes).toString()) as BundleJson;
  return [{ ...verified, signed: dsseEnvelope?.payload ?? 'the file' }];
}
