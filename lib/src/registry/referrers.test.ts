import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { fallbackTag } from './referrers.ts';
import {
  descriptorOf,
  documentOf,
  pushBlob,
  pushImage,
  putDocument,
  startRegistry,
} from './registry.fixtures.ts';
import type { TestRegistry } from './registry.fixtures.ts';

const bundle = 'application/vnd.dev.sigstore.bundle.v0.3+json';

describe('referrers', () => {
  let registry: TestRegistry;
  let subject: { mediaType: string; digest: Digest; size: number };
  beforeEach(async () => {
    registry = await startRegistry('memory', { referrersPageSize: 3 });
    const { bytes } = await pushImage(registry, 'a', 'v1', ['{}']);
    subject = descriptorOf(mediaTypes.ociManifest, bytes);
  });
  afterEach(() => registry.close());

  const config = descriptorOf(mediaTypes.ociEmpty, '{}');

  async function attach(fields: Record<string, unknown>): Promise<Digest> {
    const bytes = documentOf({ config, layers: [], subject, ...fields });
    const answer = await putDocument(registry, 'a', digestOf(bytes), bytes);
    expect([answer.status, answer.headers['oci-subject']]).toEqual([201, subject.digest]);
    return digestOf(bytes);
  }

  const list = (query = '', repository = 'a') =>
    registry.call('GET', `/v2/${repository}/referrers/${subject.digest}${query}`);

  const digestsOf = (manifests: readonly Descriptor[]) => manifests.map((one) => one.digest);

  test('are listed with type and annotations, under the exact media type', async () => {
    const first = await attach({ artifactType: 'application/x', annotations: { k: 'v' } });
    const second = await attach({ manifests: [], config: undefined, layers: undefined });
    const third = await attach({});
    const answer = await list();
    expect(answer.headers['content-type']).toBe(mediaTypes.ociIndex);
    const body = answer.json();
    expect(body).toMatchObject({ schemaVersion: 2, mediaType: mediaTypes.ociIndex });
    expect(new Set(digestsOf(body.manifests))).toEqual(new Set([first, second, third]));
    const of = (digest: string) => body.manifests.find((one) => one.digest === digest);
    expect(of(first)).toMatchObject({ artifactType: 'application/x', annotations: { k: 'v' } });
    expect(of(second)).toEqual({ mediaType: mediaTypes.ociIndex, digest: second, size: expect.any(Number) });
    expect(of(third)).toMatchObject({ mediaType: mediaTypes.ociManifest, artifactType: mediaTypes.ociEmpty });
  });

  test('are no more than the settings say, but one that is there may be pushed again', async () => {
    const small = await startRegistry('memory', { maxReferrers: 2 });
    try {
      const { bytes } = await pushImage(small, 'a', 'v1', ['{}']);
      const attachNote = (note: string) => {
        const document = documentOf({
          config,
          layers: [],
          subject: descriptorOf(mediaTypes.ociManifest, bytes),
          annotations: { note },
        });
        return putDocument(small, 'a', digestOf(document), document);
      };
      for (const note of ['one', 'two', 'one']) expect((await attachNote(note)).status).toBe(201);
      const refused = await attachNote('three');
      expect([refused.status, JSON.stringify(refused.json())]).toEqual([
        409,
        expect.stringMatching(/DENIED.*at most 2 may/),
      ]);
    } finally {
      await small.close();
    }
  });

  test('that are none are an empty list, never 404', async () => {
    for (const repository of ['a', 'nowhere']) {
      const answer = await list('', repository);
      expect(answer).toMatchObject({ status: 200, headers: { 'content-type': mediaTypes.ociIndex } });
      expect(answer.json().manifests).toEqual([]);
    }
    const zero = await registry.call('GET', `/v2/a/referrers/sha256:${'0'.repeat(64)}`);
    expect(zero.status).toBe(200);
    expect(await registry.call('GET', '/v2/a/referrers/sha256:0')).toMatchObject({
      status: 400,
      code: 'DIGEST_INVALID',
    });
  });

  test('are filtered, and the answer says so', async () => {
    const wanted = await attach({ artifactType: 'application/x+json' });
    await attach({ artifactType: 'application/y' });
    const answer = await list(`?artifactType=${encodeURIComponent('application/x+json')}`);
    expect(answer.headers['oci-filters-applied']).toBe('artifactType');
    expect(digestsOf(answer.json().manifests)).toEqual([wanted]);
    expect((await list('?artifactType=none')).json().manifests).toEqual([]);
    expect((await list()).headers['oci-filters-applied']).toBeUndefined();
  });

  test('of sigstore come first; pages follow each other without loss', async () => {
    const others: Digest[] = [];
    for (const name of ['a', 'b', 'c', 'd'])
      others.push(await attach({ artifactType: `application/${name}` }));
    const signature = await attach({ artifactType: bundle });
    const pages: Digest[][] = [];
    for (let next: string | undefined = `/v2/a/referrers/${subject.digest}`; next !== undefined;) {
      const answer = await registry.call('GET', next);
      pages.push(digestsOf(answer.json().manifests));
      next = /^<(.*)>; rel="next"$/.exec(answer.headers.link?.toString() ?? '')?.[1];
    }
    expect(pages.map((page) => page.length)).toEqual([3, 2]);
    expect(pages[0]![0]).toBe(signature);
    expect(new Set(pages.flat())).toEqual(new Set([signature, ...others]));
    const filtered = await list('?artifactType=application%2Fa');
    expect(filtered.headers.link).toBeUndefined();
  });

  test('make pages that clients with a limit of 4 MiB can read', async () => {
    const annotations = { text: 'x'.repeat(2_000_000) };
    for (const name of ['a', 'b']) await attach({ artifactType: `application/${name}`, annotations });
    const answer = await list();
    expect(answer.body.length).toBeLessThan(4 * 1024 * 1024);
    expect(answer.json().manifests).toHaveLength(1);
    expect(answer.headers.link).toBeDefined();
  });

  test('of an index under the fallback tag are listed too, as their own bytes say', async () => {
    expect(fallbackTag(subject.digest)).toBe(subject.digest.replace(':', '-'));
    const attached = await attach({ artifactType: 'application/x' });
    const loose = await pushImage(registry, 'a', undefined, ['{}'], {
      fields: { artifactType: 'application/loose', annotations: { own: 'yes' } },
    });
    const otherSubject = { ...subject, digest: digestOf('something else') };
    const foreign = await pushImage(registry, 'a', undefined, ['{}'], { fields: { subject: otherSubject } });
    const entry = (digest: Digest, size: number) => ({
      mediaType: mediaTypes.ociManifest,
      digest,
      size,
      artifactType: bundle,
      annotations: { own: 'no' },
    });
    const { bytes } = (await registry.catalog.getManifest('a', attached))!;
    const index = documentOf({
      manifests: [
        entry(attached, bytes.length),
        entry(loose.digest, loose.bytes.length),
        entry(foreign.digest, foreign.bytes.length),
      ],
    });
    expect((await putDocument(registry, 'a', fallbackTag(subject.digest), index)).status).toBe(201);
    const { manifests } = (await list()).json();
    expect(digestsOf(manifests)).toEqual([attached, loose.digest]);
    expect(manifests[1]).toMatchObject({ artifactType: 'application/loose', annotations: { own: 'yes' } });
    const filtered = (await list('?artifactType=application/loose')).json().manifests;
    expect(digestsOf(filtered)).toEqual([loose.digest]);
  });

  test('an image under the fallback tag is no list', async () => {
    await pushImage(registry, 'a', fallbackTag(subject.digest), ['{}']);
    expect((await list()).json().manifests).toEqual([]);
  });

  test('may come before their subject, and stay after it', async () => {
    const image = documentOf({ config, layers: [] });
    await pushBlob(registry, 'b', '{}');
    const later = descriptorOf(mediaTypes.ociManifest, image);
    const referrer = documentOf({ config, layers: [], subject: later, artifactType: 'application/x' });
    expect((await putDocument(registry, 'b', digestOf(referrer), referrer)).status).toBe(201);
    const path = `/v2/b/referrers/${later.digest}`;
    expect(digestsOf((await registry.call('GET', path)).json().manifests)).toEqual([digestOf(referrer)]);
    await putDocument(registry, 'b', 'v1', image);
    await registry.call('DELETE', `/v2/b/manifests/${later.digest}`);
    expect((await registry.call('GET', path)).json().manifests).toHaveLength(1);
    await registry.call('DELETE', `/v2/b/manifests/${digestOf(referrer)}`);
    expect((await registry.call('GET', path)).json().manifests).toHaveLength(0);
  });
});
