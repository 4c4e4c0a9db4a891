import { Readable } from 'node:stream';
import { pushBlob } from '@wharfinger/lib/client/blobs';
import { pushManifest } from '@wharfinger/lib/client/manifests';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { digestOf } from '@wharfinger/lib/oci/digest';
import type { Pushable } from '../harness/registry-client.ts';

/** Pushes an image to any registry that asks for no login. */
export async function pushTo(host: string, repository: string, image: Pushable, tag: string): Promise<void> {
  const session = new RegistrySession(host);
  try {
    for (const bytes of image.blobs.values()) {
      await pushBlob(session, repository, { digest: digestOf(bytes), size: bytes.length }, () =>
        Readable.from([bytes]),
      );
    }
    await pushManifest(session, repository, tag, { mediaType: image.mediaType, bytes: image.manifest });
  } finally {
    await session.close();
  }
}
