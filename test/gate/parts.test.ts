import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageOf, indexOf, smallRoot } from '../harness/images.ts';
import { sha256, until, type Pushable } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';
import {
  expectHeld,
  expectServed,
  openSetting,
  publish,
  type Published,
  type Setting,
} from '../trust/setting.ts';

describe.skipIf(lacksTools(['cosign2', 'cosign3']))('parts that come late or go', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await openSetting(['p256'], { registry: { missingParts: 'hold' } });
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  const opens = ({ repository, digest }: Published): Promise<true> =>
    until(async () => {
      const { status } = await setting.as.reader.send('GET', `/v2/${repository}/manifests/${digest}`);
      return status === 200 ? true : undefined;
    }, `${repository} to open`);

  const withoutBlobs = (image: Pushable): Pushable => ({ ...image, blobs: new Map() });

  it.each(['config first', 'layer first'])('open an image when the last has come: %s', async (order) => {
    const image = imageOf([smallRoot(order)]);
    const repository = `strict/${order.replace(' ', '-')}`;
    const { digest } = await publish(setting, repository, withoutBlobs(image));
    const published: Published = { repository, digest, tag: 'v1', image, reference: '' };
    const path = `/v2/${repository}/manifests/v1`;
    const blobs = [...image.blobs.values()];
    for (const bytes of order === 'config first' ? blobs : blobs.toReversed()) {
      const refused = await setting.as.reader.send('GET', path);
      expect([refused.status, refused.message]).toEqual([403, expect.stringContaining('missing')]);
      await setting.as.publisher.pushBlob(repository, bytes);
    }
    await opens(published);
    await expectServed(setting, published);
  });

  it.each(['cosign2', 'cosign3'] as const)(
    'of a signature of %s open the image that it signs',
    async (tool) => {
      const there = await publish(setting, `official/there-${tool}`);
      await setting.signer('p256').sign(tool, there.reference);
      const here = await publish(setting, `official/here-${tool}`, there.image);
      const get = async (path: string): Promise<Buffer> =>
        (await setting.as.signer.send('GET', `/v2/${there.repository}/${path}`)).body;
      const tag = `${there.digest.replace(':', '-')}.sig`;
      const listed: { manifests: Array<{ digest: string }> } = JSON.parse(
        (await get(`referrers/${there.digest}`)).toString(),
      );
      const reference = tool === 'cosign2' ? tag : listed.manifests[0]!.digest;
      const manifest = await get(`manifests/${reference}`);
      const { config, layers, mediaType }: Signature = JSON.parse(manifest.toString());
      await setting.as.signer.push(here.repository, { manifest, mediaType, blobs: new Map() }, reference);
      await expectHeld(setting, here, /not signed/);
      for (const { digest } of [config, ...layers]) {
        await setting.as.signer.pushBlob(here.repository, await get(`blobs/${digest}`));
      }
      await opens(here);
      await expectServed(setting, here);
    },
  );

  it('of an index close it when one is deleted, and open it when it is back', async () => {
    const repository = 'strict/index';
    const child = await publish(setting, repository, imageOf([smallRoot('child')]), 'child');
    const index = await publish(setting, repository, indexOf([child]), 'all');
    await opens(index);
    const path = `/v2/${repository}/manifests/${child.digest}`;
    expect((await setting.as.publisher.send('DELETE', path)).status).toBe(202);
    await expectHeld(setting, index, /a part is missing from the repository/);
    await publish(setting, repository, child.image, 'child');
    await opens(index);
    expect(sha256(child.image.manifest)).toBe(child.digest);
  });
});

interface Signature {
  readonly mediaType: string;
  readonly config: { readonly digest: string };
  readonly layers: ReadonlyArray<{ readonly digest: string }>;
}
