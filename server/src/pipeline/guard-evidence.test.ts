import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { admin, startTestServer, type TestServer } from '../testing/running-server.ts';
import { push, smallImage, type SmallImage } from '../testing/pushed-image.ts';

const password = 'password-of-all';
const rights = (actions: readonly string[]) => [{ repositories: 'team/**', actions }];
const users = [
  { name: 'deleter', password, rights: rights(['pull', 'push', 'delete']) },
  { name: 'purger', password, rights: rights(['pull', 'push', 'delete', 'purge']) },
];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ users });
});
afterAll(() => server?.[Symbol.asyncDispose]());

interface Shown {
  readonly tombstones: ReadonlyArray<{
    readonly digest: string;
    readonly by: string;
    readonly tag: string | null;
    readonly descriptor: { readonly artifactType?: string } | null;
  }>;
}

async function image(mark: string): Promise<SmallImage> {
  const made = smallImage({ mark });
  await push(server, made, 'team/app', mark);
  return made;
}

/** Pushes something that says something of an image, as its referrer or under a reference of its own. */
async function state(about: SmallImage, mark: string, reference?: string): Promise<Digest> {
  const empty = Buffer.from('{}');
  const upload = `/v2/team/app/blobs/uploads/?digest=${digestOf(empty)}`;
  const headers = { 'content-type': 'application/octet-stream' };
  await server.call('POST', upload, { as: admin, body: empty, headers });
  const part = { mediaType: mediaTypes.ociEmpty, digest: digestOf(empty), size: 2 };
  const subject = { mediaType: mediaTypes.ociManifest, digest: about.digest, size: about.manifest.length };
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: 'application/vnd.example',
      config: part,
      layers: [part],
      annotations: { mark },
      ...(reference === undefined && { subject }),
    }),
  );
  const digest = digestOf(manifest);
  const { status } = await server.call('PUT', `/v2/team/app/manifests/${reference ?? digest}`, {
    as: admin,
    body: manifest,
    headers: { 'content-type': mediaTypes.ociManifest },
  });
  expect(status).toBe(201);
  return digest;
}

async function remove(who: string, reference: string): Promise<string> {
  const { status, text } = await server.call('DELETE', `/v2/team/app/manifests/${reference}`, {
    as: `${who}:${password}`,
  });
  return `${status} ${text}`;
}

async function tombstones(about: SmallImage): Promise<Shown['tombstones']> {
  const path = `/api/v1/tombstones?repository=team/app&reference=${about.digest}`;
  const { text } = await server.call('GET', path, { as: admin });
  return (JSON.parse(text) as Shown).tombstones;
}

test('a referrer of an image that is there goes with a right of its own, and leaves a tombstone', async () => {
  const about = await image('a');
  const digest = await state(about, 'a');
  expect(await remove('deleter', digest)).toMatch(/^403 .*DENIED.*purge in team\/app/);
  const path = `/v2/team/app/manifests/${digest}`;
  expect((await server.call('GET', path, { as: admin })).status).toBe(200);
  expect(await tombstones(about)).toEqual([]);
  expect(await remove('purger', digest)).toMatch(/^202/);
  expect(await tombstones(about)).toMatchObject([
    { digest, by: 'purger', tag: null, descriptor: { artifactType: 'application/vnd.example' } },
  ]);
});

test('what is found by its tag goes so too, whether the tag is deleted or what it points to', async () => {
  const about = await image('b');
  const tag = `${about.digest.replace(':', '-')}.sig`;
  const first = await state(about, 'b', tag);
  for (const reference of [tag, first]) expect(await remove('deleter', reference)).toMatch(/^403/);
  expect(await remove('purger', tag)).toMatch(/^202/);
  const second = await state(about, 'c', tag);
  expect(await remove('purger', second)).toMatch(/^202/);
  expect(await tombstones(about)).toMatchObject([
    { digest: first, tag },
    { digest: second, tag: null, descriptor: null },
  ]);
});

test('what is found by its tag does not go by moving the tag either, except to what holds all of it', async () => {
  const about = await image('m');
  const tag = `${about.digest.replace(':', '-')}.sig`;
  const first = await state(about, 'm', tag);
  const other = smallImage({ mark: 'another' });
  expect(await push(server, other, 'team/app', tag, `deleter:${password}`)).toBe(403);
  await push(server, other, 'team/app', 'another');
  const again = await state(about, 'n', tag);
  expect(await tombstones(about)).toEqual([]);
  expect(await push(server, other, 'team/app', tag, `purger:${password}`)).toBe(201);
  expect(await tombstones(about)).toMatchObject([{ digest: again, tag, by: 'purger' }]);
  expect(first).not.toBe(again);
});

test('images, other tags, and what says something of an image that is gone need no more than the right to delete', async () => {
  const about = await image('d');
  const digest = await state(about, 'd');
  expect(await remove('deleter', 'd')).toMatch(/^202/);
  expect(await remove('deleter', about.digest)).toMatch(/^202/);
  expect(await remove('deleter', digest)).toMatch(/^202/);
});

test('a token for deleting covers it, where the user has the right', async () => {
  const about = await image('e');
  const [one, other] = [await state(about, 'e'), await state(about, 'f')];
  const withToken = async (who: string, digest: string) => {
    const token = await server.token(`${who}:${password}`, 'repository:team/app:pull,delete');
    return (await server.call('DELETE', `/v2/team/app/manifests/${digest}`, { token })).status;
  };
  expect(await withToken('deleter', one)).toBe(403);
  expect(await withToken('purger', other)).toBe(202);
});
