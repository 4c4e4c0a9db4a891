import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checked, push, smallImage, type SmallImage } from '../../testing/pushed-image.ts';
import { admin, startTestServer, until, type TestServer } from '../../testing/running-server.ts';

/** Somebody with an account: all in `dev`, and the right to promote, no more, in `prod`. */
const mallory = 'mallory:password-of-mallory';

let server: TestServer;
let image: SmallImage;
let marks = 0;

const settings = (rights: string[] = ['pull', 'promote']) => ({
  namespaces: [
    { name: 'dev', gate: 'warn' },
    { name: 'prod', gate: 'warn', immutableTags: ['v*'] },
  ],
  users: [
    {
      name: 'reader',
      password: 'password-of-reader',
      rights: [{ repositories: 'prod/**', actions: ['pull'] }],
    },
    {
      name: 'mallory',
      password: 'password-of-mallory',
      rights: [
        { repositories: 'dev/**', actions: ['pull', 'push'] },
        { repositories: 'prod/**', actions: rights },
      ],
    },
  ],
});

beforeAll(async () => {
  server = await startTestServer(settings());
  const body = {
    id: 'small-enough',
    collection: 'standard',
    routine: 'non-root',
    parameters: {},
    scope: { repositories: ['prod/**'] },
    purposes: ['promote'],
    effect: 'deny',
  };
  await server.call('POST', '/api/v1/bindings', { as: admin, body });
});
afterAll(() => server?.[Symbol.asyncDispose]());

beforeEach(async () => {
  marks += 1;
  image = smallImage({ mark: `hostile ${marks}` });
  await push(server, image, 'dev/app', `t${marks}`, mallory);
  await checked(server, 'dev/app', image.digest);
});

interface Answer {
  readonly id: number;
  readonly state: string;
  readonly error?: { readonly code: string };
}
const promote = async (body: object = {}): Promise<Answer> => {
  const wish = { repository: 'dev/app', reference: image.digest, to: 'prod/app', ...body };
  const { text } = await server.call('POST', '/api/v1/promotions', { as: mallory, body: wish });
  return JSON.parse(text) as Answer;
};
/** What refers to the image is taken apart first. */
const promoted = async (body: object = {}): Promise<string | undefined> => {
  const { id } = await promote(body);
  await until(async () => (await stateOf(id)) !== 'waiting');
  return stateOf(id);
};
const stateOf = async (id: number): Promise<string | undefined> => {
  const { text } = await server.call('GET', '/api/v1/promotions?repository=prod/app', { as: admin });
  return (JSON.parse(text) as { promotions: Answer[] }).promotions.find((one) => one.id === id)?.state;
};
const head = async (repository: string, reference: string) =>
  (await server.call('HEAD', `/v2/${repository}/manifests/${reference}`, { as: admin })).headers.get(
    'docker-content-digest',
  );

/** Pushes a manifest over blobs that `dev/app` has. */
async function put(
  document: object,
  reference: string | undefined,
  as = mallory,
  repository = 'dev/app',
): Promise<Digest> {
  const body = Buffer.from(JSON.stringify(document));
  const digest = digestOf(body);
  const headers = { 'content-type': (document as { mediaType: string }).mediaType };
  const path = `/v2/${repository}/manifests/${reference ?? digest}`;
  const { status, text } = await server.call('PUT', path, { as, body, headers });
  if (status !== 201) throw new Error(text);
  return digest;
}
const manifestOf = ({ manifest }: SmallImage) => JSON.parse(manifest.toString()) as Record<string, object>;
const descriptor = (of: SmallImage) => ({
  mediaType: mediaTypes.ociManifest,
  digest: of.digest,
  size: of.manifest.length,
  platform: { os: 'linux', architecture: 'amd64' },
});
const index = (...children: readonly SmallImage[]) =>
  put({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: children.map(descriptor) }, undefined);

async function pushRoot(): Promise<SmallImage> {
  const root = smallImage({ mark: `root ${marks}`, user: '0' });
  await push(server, root, 'dev/app', `root${marks}`, mallory);
  await checked(server, 'dev/app', root.digest);
  return root;
}

describe('a promotion', () => {
  test('does not take away what is kept under a tag about another image', async () => {
    const other = smallImage({ mark: `other ${marks}` });
    await push(server, other, 'prod/app', 'other');
    const tag = `${other.digest.replace(':', '-')}.sig`;
    const signature = smallImage({ mark: `signature ${marks}` });
    await push(server, signature, 'prod/app', tag);
    await put(manifestOf(image), tag);
    expect(await promoted()).toBe('done');
    expect(await head('prod/app', image.digest)).toBe(image.digest);
    expect(await head('prod/app', tag)).toBe(signature.digest);
    expect((await promote({ tags: [tag] })).error?.code).toBe('INPUT_INVALID');
    expect((await promote({ reference: tag })).error?.code).toBe('INPUT_INVALID');
  });

  test('does not take away signatures that the target alone has', async () => {
    const tag = `${image.digest.replace(':', '-')}.sig`;
    const { config, layers } = manifestOf(image) as { config: object; layers: object[] };
    const signed = (...extra: object[]) => ({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config,
      layers: [...layers, ...extra],
    });
    await put(signed(), tag);
    expect(await promoted()).toBe('done');
    expect(await head('prod/app', tag)).toBe(await head('dev/app', tag));
    const more = await put(signed(config), tag, admin, 'prod/app');
    expect(await promoted({ tags: ['again'] })).toBe('done');
    expect(await head('prod/app', tag)).toBe(more);
    await put(signed(config, config), tag);
    expect(await promoted({ tags: ['more'] })).toBe('done');
    expect(await head('prod/app', tag)).toBe(await head('dev/app', tag));
  });

  test('of an index is refused where one of its images would be', async () => {
    const root = await pushRoot();
    expect((await promote({ reference: root.digest })).state).toBe('refused');
    expect((await promote({ reference: await index(image, root) })).state).toBe('refused');
    expect(await head('prod/app', root.digest)).toBeNull();
  });

  test('of an index waits while one of its images is held by hand', async () => {
    const held = { repository: 'dev/app', reference: image.digest };
    const act = (path: string) =>
      server.call('POST', path, { as: admin, body: { ...held, reason: 'being looked at' } });
    expect((await act('/api/v1/holds')).status).toBe(200);
    const { id, state } = await promote({ reference: await index(image) });
    expect(state).toBe('waiting');
    expect((await act('/api/v1/holds/release')).status).toBe(200);
    await until(async () => (await stateOf(id)) === 'done');
  });

  test('leaves behind what only says that it is about the image', async () => {
    const root = await pushRoot();
    const subject = descriptor(image);
    const dressed = await put({ ...manifestOf(root), subject }, undefined);
    await checked(server, 'dev/app', dressed);
    expect(await promoted()).toBe('done');
    expect(await head('prod/app', image.digest)).toBe(image.digest);
    expect(await head('prod/app', dressed)).toBeNull();
  });

  test('is not told to those who may not read where it comes from', async () => {
    const { id } = await promote();
    const listed = async (as: string) => {
      const path = '/api/v1/promotions?repository=prod/app';
      const { text } = await server.call('GET', path, { as });
      return (JSON.parse(text) as { promotions: Answer[] }).promotions.map((one) => one.id);
    };
    expect(await listed(mallory)).toContain(id);
    expect(await listed('reader:password-of-reader')).toEqual([]);
  });

  test('that cannot be carried out ends, and holds up no other', async () => {
    const first = smallImage({ mark: `first ${marks}` });
    await push(server, first, 'prod/app', `v${marks}`);
    const answer = await promote({ tags: [`v${marks}`] });
    expect(answer.error?.code).toBe('TAG_IMMUTABLE');
    const { text } = await server.call('GET', '/api/v1/promotions?repository=prod/app', { as: admin });
    const [newest] = (JSON.parse(text) as { promotions: Answer[] }).promotions;
    expect(newest).toMatchObject({ state: 'refused', digest: image.digest });
  });

  test('is given up where who asked for it may not promote there any more', async () => {
    const hold = { repository: 'dev/app', reference: image.digest, reason: 'being looked at' };
    await server.call('POST', '/api/v1/holds', { as: admin, body: hold });
    const { id, state } = await promote();
    expect(state).toBe('waiting');
    await server.reload(settings(['pull']));
    await server.call('POST', '/api/v1/holds/release', { as: admin, body: hold });
    await until(async () => (await stateOf(id)) !== 'waiting');
    expect(await stateOf(id)).toBe('cancelled');
    expect(await head('prod/app', image.digest)).toBeNull();
    await server.reload(settings());
  });
});
