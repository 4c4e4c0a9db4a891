import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packTar } from 'modern-tar';
import { pushBlob } from '@wharfinger/lib/client/blobs';
import { copyImage } from '@wharfinger/lib/client/copy';
import { folderFiles } from '@wharfinger/lib/client/file-set';
import { layoutContent } from '@wharfinger/lib/client/oci-layout';
import { pushReferrer } from '@wharfinger/lib/client/referrers';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { parseDigest } from '@wharfinger/lib/oci/digest';
import type { SigningKey } from '@wharfinger/lib/signing/private-keys';
import { signImage } from '@wharfinger/lib/signing/sign-image';
import { addBlob, addIndex, createLayout, types, type Part } from '../harness/oci-layout.ts';
import type { Product } from '../harness/product.ts';

const layerType = 'application/vnd.oci.image.layer.v1.tar';

export interface Made {
  readonly layout: string;
  readonly manifest: Part;
}

/** An image with npm packages, by name and version, as an OCI layout; `cut` leaves out the end of its layer. */
export async function makeImage(
  folder: string,
  packages: Readonly<Record<string, string>>,
  { cut = 0, user = '1000' } = {},
): Promise<Made> {
  mkdirSync(folder, { recursive: true });
  const layout = createLayout(folder);
  const tar = await packTar(
    Object.entries(packages).map(([name, version]) => {
      const body = JSON.stringify({ name, version, license: 'MIT' });
      return { header: { name: `app/node_modules/${name}/package.json`, size: body.length }, body };
    }),
  );
  const layer = addBlob(layout, layerType, tar.subarray(0, tar.length - cut));
  const config = addBlob(layout, types.config, {
    created: new Date(Date.now() - 60_000).toISOString(),
    architecture: 'amd64',
    os: 'linux',
    config: { User: user, Cmd: ['/app'] },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
    history: [{ created_by: 'COPY app\u001b[31m /app' }],
  });
  const manifest = addBlob(layout, types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config,
    layers: [layer],
  });
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  return { layout, manifest };
}

/** An index over images of several platforms, in a layout that has them all. */
export function makeIndex(folder: string, images: Readonly<Record<string, Made>>): Made {
  mkdirSync(folder, { recursive: true });
  const layout = createLayout(folder);
  const manifests = Object.entries(images).map(([architecture, { layout: from, manifest }]) => {
    cpSync(join(from, 'blobs'), join(layout, 'blobs'), { recursive: true });
    return { ...manifest, platform: { os: 'linux', architecture } };
  });
  const manifest = addIndex(layout, manifests);
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  return { layout, manifest };
}

/** Pushes an image as the administrator. */
export async function pushImage(
  product: Product,
  image: Made,
  repository: string,
  tag: string,
): Promise<void> {
  const files = folderFiles(image.layout);
  try {
    const content = await layoutContent(files);
    await asAdmin(product, (session) =>
      copyImage(content, { session, repository }, image.manifest.digest, { referrers: false, tag }),
    );
  } finally {
    await files.close();
  }
}

/** Signs an image in a repository as the administrator. */
export async function signPushed(
  product: Product,
  image: Made,
  repository: string,
  key: SigningKey,
): Promise<void> {
  const { mediaType, digest, size } = image.manifest;
  const signed = signImage({ mediaType, digest: parseDigest(digest), size }, key, new Date());
  await asAdmin(product, async (session) => {
    for (const { descriptor, bytes } of signed.blobs) {
      await pushBlob(session, repository, descriptor, async function* () {
        yield bytes;
      });
    }
    await pushReferrer(session, repository, signed.manifest);
  });
}

async function asAdmin<T>(product: Product, work: (session: RegistrySession) => Promise<T>): Promise<T> {
  const { user: username, password } = product;
  const session = new RegistrySession(product.host, { credentials: { username, password } });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** An advisory about one npm package, fixed in a version. */
export function advisoryFor(id: string, name: string, fixed: string): string {
  return JSON.stringify({
    id,
    modified: '2026-01-01T00:00:00Z',
    published: '2026-01-01T00:00:00Z',
    summary: `${name} does what it should not`,
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
    affected: [
      {
        package: { ecosystem: 'npm', name },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }],
      },
    ],
  });
}
