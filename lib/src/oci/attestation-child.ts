import type { Descriptor } from './descriptor.ts';

/** Type of the layers of BuildKit's attestation manifests. */
export const attestationLayer = 'application/vnd.in-toto+json';

/** True for children of an index that no engine takes for an image: those for no platform, which carry attestations of a builder. */
export function isAttestationChild({ platform }: Descriptor): boolean {
  return platform?.os === 'unknown' && platform.architecture === 'unknown';
}
