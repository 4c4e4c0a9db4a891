import { getBlob, pushBlob } from '@wharfinger/lib/client/blobs';
import { copyImage } from '@wharfinger/lib/client/copy';
import { folderFiles } from '@wharfinger/lib/client/file-set';
import { getManifest } from '@wharfinger/lib/client/manifests';
import { layoutContent } from '@wharfinger/lib/client/oci-layout';
import { pushReferrer } from '@wharfinger/lib/client/referrers';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import type { SigningKey } from '@wharfinger/lib/signing/private-keys';
import { signImage } from '@wharfinger/lib/signing/sign-image';
import { passwords, type User } from './registry.ts';
import type { Blob } from './layout.ts';

async function as<T>(user: User, host: string, work: (session: RegistrySession) => Promise<T>): Promise<T> {
  const session = new RegistrySession(host, { credentials: { username: user, password: passwords[user] } });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** Pushes the image of a layout, as docker push would. */
export async function push(user: User, host: string, repository: string, tag: string, layout: string) {
  const files = folderFiles(layout);
  try {
    const content = await layoutContent(files);
    const [image] = content.entries;
    await as(user, host, (session) =>
      copyImage(content, { session, repository }, image!.digest, { referrers: false, tag }),
    );
  } finally {
    await files.close();
  }
}

/** Pulls an image whole, as docker pull would; how many bytes it has. Throws where it is refused. */
export function pull(user: User, host: string, repository: string, tag: string): Promise<number> {
  return as(user, host, async (session) => {
    const fetched = await getManifest(session, repository, tag);
    if (fetched === undefined) throw new Error(`${host} has no ${repository}:${tag}`);
    const manifest = parseManifest(fetched.bytes, fetched.mediaType);
    if (manifest.kind === 'index') throw new Error(`${repository}:${tag} is an index`);
    let size = 0;
    for (const part of [manifest.config, ...manifest.layers]) {
      for await (const piece of getBlob(session, repository, part)) size += piece.length;
    }
    return size;
  });
}

/** Signs an image with a key, as cosign sign would. */
export function sign(user: User, host: string, repository: string, image: Blob, key: SigningKey) {
  return as(user, host, async (session) => {
    const signed = signImage(image, key, new Date());
    for (const { descriptor, bytes } of signed.blobs) {
      await pushBlob(session, repository, descriptor, async function* () {
        yield bytes;
      });
    }
    await pushReferrer(session, repository, signed.manifest);
  });
}
