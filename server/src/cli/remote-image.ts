import { getManifest } from '@wharfinger/lib/client/manifests';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import { parseManifest, type Manifest } from '@wharfinger/lib/oci/manifest';
import { findLogin } from './credentials.ts';
import { parseImageReference } from './repository-argument.ts';
import type { Session } from './session.ts';

/** An image in a registry, by its digest: what a tag meant was asked once. */
export interface RemoteImage {
  readonly registry: RegistrySession;
  readonly repository: string;
  /** host/repository@digest */
  readonly name: string;
  readonly subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;
  readonly manifest: Manifest;
}

/** How a registry is spoken to, with the credentials that there are for it. */
export async function registrySession(registry: string, session: Session): Promise<RegistrySession> {
  const credentials = await findLogin(registry, session.environment);
  return new RegistrySession(registry, {
    insecure: session.plainHttp,
    userAgent: 'wharf',
    ...(credentials === undefined ? {} : { credentials }),
  });
}

/**
 * Looks an image up in its registry, its digest checked, and works with it.
 * @throws WharfingerError REFERENCE_INVALID, MANIFEST_UNKNOWN, MANIFEST_INVALID, REMOTE_FAILED
 */
export async function withRemoteImage<T>(
  text: string,
  session: Session,
  work: (image: RemoteImage) => Promise<T>,
): Promise<T> {
  const { registry: host, repository, reference } = parseImageReference(text);
  const registry = await registrySession(host, session);
  try {
    const fetched = await getManifest(registry, repository, reference);
    if (fetched === undefined)
      throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${host}/${repository} has no ${reference}` });
    const { mediaType, digest, bytes } = fetched;
    return await work({
      registry,
      repository,
      name: `${host}/${repository}@${digest}`,
      subject: { mediaType, digest, size: bytes.length },
      manifest: parseManifest(bytes, mediaType),
    });
  } finally {
    await registry.close();
  }
}
