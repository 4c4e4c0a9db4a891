import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signGrant, type GrantRequest } from '@wharfinger/lib/assess/grant-request';
import type { Judgement } from '@wharfinger/lib/assess/judgement-document';
import { makeJudgement, makeRule, makeTrust } from '@wharfinger/lib/assess/judgement.fixtures';
import { signJudgement } from '@wharfinger/lib/assess/judgement-seal';
import { startDockerRegistry, type RunningRegistry } from '@wharfinger/lib/client/testing/docker-registry';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { parsePrivateKey, type SigningKey as PrivateKey } from '@wharfinger/lib/signing/private-keys';
import { makeKey, signer, type SigningKey } from '../harness/cosign.ts';
import { imageOf, indexOf, smallRoot } from '../harness/images.ts';
import { sha256, type Pushable } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';
import { pushTo } from './push.ts';
import { startWebhook, type Webhook } from './webhook-process.ts';

const digestOf = ({ manifest }: Pushable): string => sha256(manifest);

/** The webhook judges by a file, images of a registry that knows nothing of signatures. */
describe.skipIf(lacksTools(['cosign3', 'docker-registry']))('admission by a judgement file', () => {
  let folder: string;
  let registry: RunningRegistry;
  let webhook: Webhook;
  let release: SigningKey;
  let registryKey: PrivateKey;
  let version = 1;
  const good = imageOf([smallRoot('good')]);
  const bad = imageOf([smallRoot('bad')]);
  const amd64 = imageOf([smallRoot('amd64')]);
  const arm64 = imageOf([smallRoot('arm64')]);
  const index = indexOf([
    { image: amd64, platform: { os: 'linux', architecture: 'amd64' } },
    { image: arm64, platform: { os: 'linux', architecture: 'arm64' } },
  ]);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'judged-'));
    registry = await startDockerRegistry();
    release = await makeKey(folder, 'p256', 'release');
    registryKey = newKey();
    const files = join(folder, 'admission');
    mkdirSync(files);
    await pushTo(registry.host, 'team/app', good, 'good');
    await pushTo(registry.host, 'team/app', bad, 'bad');
    await pushTo(registry.host, 'team/app', amd64, 'amd64');
    await pushTo(registry.host, 'team/app', arm64, 'arm64');
    await pushTo(registry.host, 'team/app', index, 'index');
    const cosign = signer(folder, folder, release);
    for (const image of [good, index, amd64]) {
      await cosign.sign('cosign3', `${registry.host}/team/app@${digestOf(image)}`);
    }
    writeFileSync(join(files, 'registry.pub'), registryKey.publicPem);
    writeFileSync(join(files, 'judgement.json'), signed());
    const entry = { judgement: 'judgement.json', keys: ['registry.pub'], identity: 'test', advisories: [] };
    webhook = await startWebhook(files, {
      registries: [{ hosts: ['*'], ...entry }],
      platforms: ['linux/amd64'],
      budget: '20s',
    });
  });
  beforeEach(() => replace(signed()));
  afterAll(async () => {
    await webhook[Symbol.asyncDispose]();
    await registry.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A judgement, newer than all before, that demands a signature by `release`. */
  function signed(fields: Partial<Judgement> = {}, key = registryKey): string {
    version += 1;
    const judgement = makeJudgement({
      version,
      repositories: [makeRule('**', { gate: 'hold', official: true })],
      trust: [makeTrust('team/**', { name: 'release', pem: release.pem })],
      ...fields,
    });
    return signJudgement(judgement, key);
  }
  function replace(judgement: string): void {
    writeFileSync(join(folder, 'admission/judgement.json'), judgement);
  }

  async function review(image: string): Promise<{ allowed: boolean; message: string; image: string }> {
    const request = {
      uid: '1',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      namespace: 'default',
      operation: 'CREATE',
      object: { spec: { containers: [{ name: 'main', image }] } },
    };
    const body = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
    const { text } = await webhook.send('/mutate', JSON.stringify(body));
    const { response } = JSON.parse(text) as {
      response: { allowed: boolean; status?: { message: string }; patch?: string };
    };
    const [patch] = JSON.parse(Buffer.from(response.patch ?? 'W10=', 'base64').toString()) as Array<{
      value: string;
    }>;
    return { allowed: response.allowed, message: response.status?.message ?? '', image: patch?.value ?? '' };
  }
  const app = (tag: string): string => `${registry.host}/team/app:${tag}`;
  const expectRefused = async (image: string, reason: RegExp): Promise<void> => {
    expect(await review(image)).toMatchObject({ allowed: false, message: expect.stringMatching(reason) });
  };

  it('admits what a trusted key signed, by its digest', async () => {
    expect(await review(app('good'))).toEqual({
      allowed: true,
      message: '',
      image: `${app('good')}@${digestOf(good)}`,
    });
    await expectRefused(app('bad'), /not signed by a trusted key \(signed\); to do: /);
  });

  it('judges an index and its image for the nodes, and admits the index', async () => {
    expect((await review(app('index'))).image).toBe(`${app('index')}@${digestOf(index)}`);
    await expectRefused(app('arm64'), /not signed by a trusted key/);
  });

  it('counts a key no more once it is revoked, whatever is remembered', async () => {
    expect((await review(app('good'))).allowed).toBe(true);
    replace(signed({ trust: [] }));
    await expectRefused(app('good'), /no key is trusted for this repository/);
  });

  it('opens to a grant that enough approvers signed, for the image and the hours that it names', async () => {
    const [alice, bob] = [newKey(), newKey()];
    const approvers = [
      { name: 'alice', pem: alice.publicPem },
      { name: 'bob', pem: bob.publicPem },
    ];
    const grantRules = [{ scope: {}, approvers, needed: 2, maxHours: 8 }];
    const hours = (from: number, until: number) => ({
      from: new Date(Date.now() + from * 3_600_000).toISOString(),
      until: new Date(Date.now() + until * 3_600_000).toISOString(),
    });
    const grant = (times: { from: string; until: string }): GrantRequest => ({
      id: 'outage-1',
      scope: { repositories: ['team/app'] },
      digest: digestOf(bad) as Digest,
      purposes: ['deploy'],
      reason: 'production is down',
      requestedBy: 'dave',
      ...times,
    });
    const now = grant(hours(-1, 2));
    replace(signed({ grantRules, grants: [[signGrant(now, alice)]] }));
    await expectRefused(app('bad'), /not signed by a trusted key/);
    const over = grant(hours(-3, -1));
    replace(signed({ grantRules, grants: [[signGrant(over, alice), signGrant(over, bob)]] }));
    await expectRefused(app('bad'), /not signed by a trusted key/);
    replace(signed({ grantRules, grants: [[signGrant(now, alice), signGrant(now, bob)]] }));
    expect((await review(app('bad'))).image).toBe(`${app('bad')}@${digestOf(bad)}`);
    await expectRefused(app('arm64'), /not signed by a trusted key/);
  });

  it('takes no judgement that is older than one that it has seen', async () => {
    const old = signed();
    replace(signed());
    expect((await review(app('good'))).allowed).toBe(true);
    replace(old);
    await expectRefused(app('good'), /version \d+ was seen before/);
  });

  it.each([
    ['nobody signed', () => JSON.stringify(makeJudgement()), /nobody signed it/],
    ['another key signed', () => signed({}, newKey()), /none of the trusted keys/],
    [
      'has expired',
      () => signed({ madeAt: '2020-01-01T00:00:00Z', expires: '2021-01-01T00:00:00Z' }),
      /it expired/,
    ],
    ['is of another registry', () => signed({ registry: 'other' }), /of the registry other, not of test/],
    ['is no judgement', () => '{}', /judgement/],
  ])('decides nothing by a judgement that %s', async (_, judgement, reason) => {
    replace(judgement());
    await expectRefused(app('good'), reason);
    replace(signed());
    expect((await review(app('good'))).allowed).toBe(true);
  });

  it('decides nothing without its file', async () => {
    rmSync(join(folder, 'admission/judgement.json'));
    await expectRefused(app('good'), /could not be decided/);
  });
});

function newKey(): PrivateKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
}
