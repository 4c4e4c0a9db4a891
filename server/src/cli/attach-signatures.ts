import { pushArtifact } from '@wharfinger/lib/client/referrers';
import type { RegistrySession } from '@wharfinger/lib/client/registry-session';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { SigningKey } from '@wharfinger/lib/signing/private-keys';
import { signImage } from '@wharfinger/lib/signing/sign-image';

/**
 * Signs a manifest with one key after the other, and pushes the signatures next to it.
 *
 * @returns digests of the signatures
 * @throws WharfingerError REMOTE_FAILED
 */
export async function attachSignatures(
  registry: RegistrySession,
  repository: string,
  subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
  keys: readonly SigningKey[],
  now: Date,
): Promise<Digest[]> {
  const signatures: Digest[] = [];
  for (const key of keys) {
    const signed = signImage(subject, key, now);
    await pushArtifact(registry, repository, signed);
    signatures.push(signed.manifest.digest);
  }
  return signatures;
}
