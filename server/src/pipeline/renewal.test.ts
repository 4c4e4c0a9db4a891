import { generateKeyPairSync } from 'node:crypto';
import { pushArtifact } from '@wharfinger/lib/client/referrers';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { signImage } from '@wharfinger/lib/signing/sign-image';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pushChecked, type SmallImage } from '../testing/pushed-image.ts';
import {
  admin,
  adminPassword,
  settled,
  startTestServer,
  type TestServer,
} from '../testing/running-server.ts';

const day = 24 * 3_600_000;
const reader = 'reader:password-of-reader';
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const release = parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);

/** how far the server's clock is ahead */
let offset = 0;
let server: TestServer;
let image: SmallImage;

beforeAll(async () => {
  server = await startTestServer(
    {
      namespaces: [{ name: 'strict', gate: 'hold' }],
      trust: [{ repositories: 'strict/**', keys: [{ name: 'release', pem: release.publicPem }] }],
      users: [
        {
          name: 'reader',
          password: 'password-of-reader',
          rights: [{ repositories: '**', actions: ['pull'] }],
        },
      ],
    },
    { now: () => new Date(Date.now() + offset) },
  );
  image = await pushChecked(server, 'strict/app', 'v1');
  const subject = {
    mediaType: mediaTypes.ociManifest,
    digest: image.digest,
    size: image.manifest.length,
  };
  const session = new RegistrySession(server.address, {
    credentials: { username: 'admin', password: adminPassword },
    insecure: true,
  });
  await pushArtifact(session, 'strict/app', signImage(subject, release, new Date(Date.now())));
  await session.close();
});
afterAll(() => server?.[Symbol.asyncDispose]());
beforeEach(() => settled(server));

const verdictNow = async () => {
  const path = `/api/v1/verdict?repository=strict/app&reference=${image.digest}`;
  return (await server.call('GET', path, { as: admin })).json().verdict;
};
const pulled = async () => (await server.call('GET', '/v2/strict/app/manifests/v1', { as: reader })).status;
const listEnds = async (): Promise<string> => {
  const { text } = await server.call('GET', '/api/v1/judgement', { as: admin });
  const { payload } = JSON.parse(text) as { payload: string };
  const judgement = JSON.parse(Buffer.from(payload, 'base64').toString()) as {
    revocations: { expires: string };
  };
  return judgement.revocations.expires;
};

/** So many days later: the registry starts, which issues the revocation list anew. */
async function daysLater(days: number): Promise<void> {
  offset += days * day;
  await server.restart();
  await settled(server);
}

describe('a verdict that rests on signatures', () => {
  test('holds no longer than the revocation list, and as long as it is renewed, without being made again', async () => {
    const made = await verdictNow();
    const first = await listEnds();
    expect(made).toMatchObject({ outcome: 'allow', validUntil: first });
    for (const days of [2, 6]) {
      await daysLater(days);
      const kept = await verdictNow();
      expect(kept).toEqual({ ...made, validUntil: await listEnds() });
      expect(await pulled()).toBe(200);
    }
    expect(Date.parse((await verdictNow()).validUntil!)).toBeGreaterThan(Date.parse(first));
  });

  test('ends with the list where that is not renewed, and is made again when it is', async () => {
    const made = await verdictNow();
    expect(await pulled()).toBe(200);
    offset += 7 * day;
    const refused = await server.call('GET', '/v2/strict/app/manifests/v1', { as: reader });
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('the revocation list expired');
    expect(await verdictNow()).toMatchObject({ outcome: 'hold' });
    await daysLater(1);
    expect(await pulled()).toBe(200);
    const again = await verdictNow();
    expect(again).toMatchObject({ outcome: 'allow', validUntil: await listEnds() });
    expect(Date.parse(again.at)).toBeGreaterThan(Date.parse(made.at));
  });

  test('is ended by a revocation, whatever list it was made under', async () => {
    const { status } = await server.call('POST', '/api/v1/keys/revoke', {
      as: admin,
      body: { key: 'release', reason: 'INC-1' },
    });
    expect(status).toBe(200);
    expect(await pulled()).toBe(403);
    await daysLater(2);
    expect(await pulled()).toBe(403);
  });
});
