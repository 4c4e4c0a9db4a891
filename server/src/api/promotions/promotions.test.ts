import { generateKeyPairSync } from 'node:crypto';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { signImage } from '@wharfinger/lib/signing/sign-image';
import { signStatement, type SignedImage } from '@wharfinger/lib/signing/sign-statement';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checked, push, smallImage, type SmallImage } from '../../testing/pushed-image.ts';
import { admin, startTestServer, until, type TestServer } from '../../testing/running-server.ts';

function newKey() {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return parsePrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
}
const release = newKey();
const stamp = newKey();

const user = (name: string) => `${name}:password-of-${name}`;
let server: TestServer;
let image: SmallImage;
let marks = 0;

beforeAll(async () => {
  server = await startTestServer({
    registry: { identity: 'reg.acme' },
    namespaces: [
      { name: 'dev', gate: 'warn', stage: 'development' },
      { name: 'prod', gate: 'hold', official: true, stage: 'production', immutableTags: ['v*'] },
    ],
    trust: [
      {
        repositories: 'prod/**',
        keys: [
          { name: 'release', pem: release.publicPem },
          { name: 'sam', pem: stamp.publicPem, purposes: ['stamp'] },
        ],
      },
    ],
    users: [
      {
        name: 'dev',
        password: 'password-of-dev',
        rights: [
          { repositories: 'dev/**', actions: ['pull', 'push'] },
          { repositories: 'prod/**', actions: ['pull', 'promote'] },
        ],
      },
      {
        name: 'other',
        password: 'password-of-other',
        rights: [{ repositories: '**', actions: ['pull', 'push'] }],
      },
    ],
  });
});
afterAll(() => server?.[Symbol.asyncDispose]());

beforeEach(async () => {
  marks += 1;
  image = smallImage({ mark: `promotion ${marks}` });
  await push(server, image, 'dev/app', `v${marks}`);
  await checked(server, 'dev/app', image.digest);
});

const ask = (body: object = {}, as = 'dev') =>
  server.call('POST', '/api/v1/promotions', {
    as: user(as),
    body: { repository: 'dev/app', reference: `v${marks}`, to: 'prod/app', ...body },
  });
const list = async () => {
  const { text } = await server.call('GET', '/api/v1/promotions?repository=prod/app', { as: user('dev') });
  return (JSON.parse(text) as { promotions: Array<{ id: number; state: string; digest: string }> })
    .promotions;
};
const stateOf = async (digest: string) => (await list()).find((one) => one.digest === digest)?.state;
const pull = (reference: string) =>
  server.call('GET', `/v2/prod/app/manifests/${reference}`, { as: user('dev') });

async function attach(signed: SignedImage): Promise<void> {
  for (const { descriptor, bytes } of signed.blobs)
    await server.call('POST', `/v2/dev/app/blobs/uploads/?digest=${descriptor.digest}`, {
      as: user('dev'),
      body: new Uint8Array(bytes),
      headers: { 'content-type': 'application/octet-stream' },
    });
  const { status } = await server.call('PUT', `/v2/dev/app/manifests/${signed.manifest.digest}`, {
    as: user('dev'),
    body: new Uint8Array(signed.manifest.bytes),
    headers: { 'content-type': signed.manifest.mediaType },
  });
  expect(status).toBe(201);
}
const subject = () => ({
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: image.digest,
  size: image.manifest.length,
});
const signIt = () => attach(signImage(subject(), release, new Date()));

describe('promotion', () => {
  test('waits for the evidence that the target asks for, and follows by itself when it comes', async () => {
    const asked = await ask();
    expect([asked.status, asked.json()]).toMatchObject([
      200,
      { state: 'waiting', from: 'dev/app', to: 'prod/app', tags: [`v${marks}`], requestedBy: 'dev' },
    ]);
    expect(asked.text).toContain('not signed by a trusted key');
    expect((await pull(`v${marks}`)).status).toBe(404);

    await signIt();
    await until(async () => (await stateOf(image.digest)) === 'done');
    await until(async () => (await pull(`v${marks}`)).status === 200);
    const referrers = await server.call('GET', `/v2/prod/app/referrers/${image.digest}`, { as: user('dev') });
    expect(JSON.parse(referrers.text).manifests).toHaveLength(1);
    const audit = await server.call('GET', '/api/v1/audit?repository=prod/app', { as: admin });
    expect(audit.json().entries.map((entry) => entry['action'])).toEqual(
      expect.arrayContaining(['promotion-request', 'promotion', 'push']),
    );
  });

  test('waits for the approvals that a routine of the target demands, for that target and no other', async () => {
    const binding = await server.call('POST', '/api/v1/bindings', {
      as: admin,
      body: {
        id: 'approved-for-production',
        collection: 'standard',
        routine: 'approved-for-stage',
        parameters: { stage: 'production', minimum: 1 },
        scope: { repositories: ['prod/**'] },
        purposes: ['promote'],
        effect: 'hold',
      },
    });
    expect([binding.status, binding.text]).toEqual([200, expect.anything()]);
    await signIt();
    expect((await ask()).json()).toMatchObject({ state: 'waiting' });
    const approve = (repository: string) =>
      attach(
        signStatement(
          subject(),
          {
            predicateType: predicateTypes.approval,
            predicate: {
              scope: { registry: 'reg.acme', repository, platform: 'linux/amd64' },
              stage: 'production',
              role: 'security',
              approver: 'sam',
              decision: 'approve',
              notBefore: new Date(Date.now() - 60_000).toISOString(),
              notAfter: new Date(Date.now() + 3_600_000).toISOString(),
            },
          },
          stamp,
          new Date(),
        ),
      );
    await approve('dev/app');
    const { state } = (await ask({ tags: ['again'] })).json() as unknown as { state: string };
    expect(state).toBe('waiting');
    await approve('prod/app');
    await until(async () => (await stateOf(image.digest)) === 'done');
    const ended = await server.call('POST', '/api/v1/bindings/end', {
      as: admin,
      body: { name: 'approved-for-production', reason: 'the test is over' },
    });
    expect([ended.status, ended.text]).toEqual([200, expect.anything()]);
  });

  test('of what passes is done without waiting for anybody, the tag as wanted', async () => {
    await signIt();
    const asked = await ask({ tags: ['stable'] });
    expect(asked.json()).toMatchObject({ tags: ['stable'] });
    await until(async () => (await stateOf(image.digest)) === 'done');
    await until(async () => (await pull('stable')).status === 200);
    expect((await pull('stable')).headers.get('docker-content-digest')).toBe(image.digest);
  });

  test('is for those who have the right in the target, whatever else they may do', async () => {
    expect((await ask({}, 'other')).status).toBe(403);
    expect((await server.call('POST', '/api/v1/promotions', { body: {} })).status).toBe(400);
    expect((await ask({ to: 'elsewhere/app' })).status).toBe(404);
    expect((await ask({ to: 'dev/app' })).status).toBe(403);
    expect((await ask({ reference: digestOf('none') })).status).toBe(404);
  });

  test('can be taken back while it waits, and not afterwards', async () => {
    const { id } = (await ask()).json() as unknown as { id: number };
    const cancel = (as: string) =>
      server.call('POST', '/api/v1/promotions/cancel', { as: user(as), body: { id } });
    expect((await cancel('other')).status).toBe(403);
    expect((await cancel('dev')).json()).toMatchObject({ state: 'cancelled', endedBy: 'dev' });
    expect((await cancel('dev')).status).toBe(404);
    await signIt();
    expect(await stateOf(image.digest)).toBe('cancelled');
  });
});
