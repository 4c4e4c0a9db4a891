import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';
import { publish } from '../trust/setting.ts';
import { patchTypes } from './api-server.ts';
import { kinds, objectOf, patchOf, pathOf, podSpecOf } from './kinds.ts';
import { beforehand, openSetting, sign, type Setting } from './setting.ts';

const [pods] = kinds;

describe.skipIf(lacksTools(['cosign3', 'etcd', 'kube-apiserver']))('admission to Kubernetes', () => {
  let setting: Setting;
  let good: string;
  let pinned: string;
  let bad: string;
  beforeAll(async () => {
    setting = await openSetting();
    const { host } = setting.trust.product;
    good = `${host}/official/good:v1`;
    pinned = `${good}@${setting.good.digest}`;
    bad = `${host}/official/bad:v1`;
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  const containers = (image: string) => ({ containers: [{ name: 'main', image }] });

  describe.each(kinds)('$kind', (kind) => {
    const name = `a-${kind.resource}`;

    it('is stored with the digest of what passed in place of the tag', async () => {
      const { kube } = setting;
      const spec = { ...containers(good), initContainers: [{ name: 'first', image: good }] };
      const created = await kube.call('POST', pathOf(kind), objectOf(kind, name, spec));
      expect([created.status, created.json.message]).toEqual([201, undefined]);
      const stored = await kube.call('GET', `${pathOf(kind)}/${name}`);
      const found = podSpecOf(kind, stored.json);
      expect(found.containers[0]!.image).toBe(pinned);
      expect(found.initContainers[0]!.image).toBe(pinned);
    });

    it('is refused with an image that does not pass, and told why', async () => {
      const spec = { ...containers(good), initContainers: [{ name: 'first', image: bad }] };
      const refused = await setting.kube.call('POST', pathOf(kind), objectOf(kind, `${name}-bad`, spec));
      expect(refused.status).toBe(403);
      expect(refused.json.message).toMatch(/init container first \(.*official\/bad:v1\): held\./);
      expect(refused.json.message).toMatch(/\(signed\); to do: sign the digest with a key that is trusted/);
      expect((await setting.kube.call('GET', `${pathOf(kind)}/${name}-bad`)).status).toBe(404);
    });

    it('cannot be changed to an image that does not pass', async () => {
      const { kube } = setting;
      const spec = { containers: [{ name: 'main', image: bad }] };
      const patched = await kube.call(
        'PATCH',
        `${pathOf(kind)}/${name}`,
        patchOf(kind, spec),
        patchTypes.strategic,
      );
      expect([patched.status, patched.json.message]).toEqual([403, expect.stringContaining('(signed)')]);
    });

    it('can be changed while its images stay what they are, without a look-up', async () => {
      const { kube, webhook } = setting;
      const before = await webhook.metric('wharfinger_admission_asked_total');
      const labels = { metadata: { labels: { changed: 'yes' } } };
      const patched = await kube.call('PATCH', `${pathOf(kind)}/${name}`, labels, patchTypes.merge);
      expect(patched.status).toBe(200);
      expect(await webhook.metric('wharfinger_admission_asked_total')).toBe(before);
    });

    it('can be deleted', async () => {
      expect((await setting.kube.call('DELETE', `${pathOf(kind)}/${name}`)).status).toBe(200);
    });
  });

  const create = (name: string, spec: object, namespace = 'default') =>
    setting.kube.call('POST', pathOf(pods!, namespace), objectOf(pods!, name, spec));

  it('names every container that is refused', async () => {
    const unlisted = 'unlisted.example/app@sha256:' + 'a'.repeat(64);
    const { status, json } = await create('many', {
      initContainers: [{ name: 'one', image: bad }],
      containers: [
        { name: 'two', image: good },
        { name: 'three', image: unlisted },
        { name: 'four', image: `${setting.trust.product.host}/official/absent:1` },
      ],
    });
    expect(status).toBe(403);
    const lines = json.message.split('\n');
    expect(lines.find((line) => line.includes('init container one'))).toContain('held.');
    expect(lines.find((line) => line.includes('container three'))).toContain('nobody judges the images');
    expect(lines.find((line) => line.includes('container four'))).toMatch(
      /repository name not known|manifest unknown/,
    );
    expect(json.message).not.toContain('container two');
  });

  it('webhook bypass: reviews image volumes, and writes their digests', async () => {
    const volume = (reference: string) => ({
      ...containers(good),
      volumes: [{ name: 'data', image: { reference, pullPolicy: 'IfNotPresent' } }],
    });
    const { json } = await create('volume', volume(good));
    expect(json.spec.volumes[0]!.image.reference).toBe(pinned);
    const refused = await create('volume-bad', volume(bad));
    expect([refused.status, refused.json.message]).toEqual([
      403,
      expect.stringContaining('image volume data'),
    ]);
  });

  it('webhook bypass: reviews ephemeral containers', async () => {
    const { kube } = setting;
    await create('debugged', containers(good));
    const attach = (name: string, image: string) =>
      kube.call(
        'PATCH',
        `${pathOf(pods!)}/debugged/ephemeralcontainers`,
        { spec: { ephemeralContainers: [{ name, image }] } },
        patchTypes.strategic,
      );
    const refused = await attach('shell', bad);
    expect([refused.status, refused.json.message]).toEqual([
      403,
      expect.stringContaining('ephemeral container shell'),
    ]);
    expect((await attach('tool', good)).json.spec.ephemeralContainers[0]!.image).toBe(pinned);
  });

  it('tag moves between check and pull: what was admitted stays what it was, and the tag is looked at anew', async () => {
    const { trust } = setting;
    const moved = await publish(trust, 'official/moved');
    await sign(trust, moved);
    const image = `${trust.product.host}/official/moved:v1`;
    const stored = await create('before-the-move', containers(image));
    expect(stored.json.spec.containers[0]!.image).toBe(`${image}@${moved.digest}`);
    await publish(trust, 'official/moved');
    const refused = await until(async () => {
      const answer = await create(`after-the-move-${Math.random().toString(36).slice(2)}`, containers(image));
      return answer.status === 201 ? undefined : answer;
    }, 'the tag to be looked up again');
    expect([refused.status, refused.json.message]).toEqual([403, expect.stringContaining('(signed)')]);
    expect((await create('pinned', containers(`${image}@${moved.digest}`))).status).toBe(201);
  });

  it('takes no digest for granted that is not that of an image which passed', async () => {
    const { host } = setting.trust.product;
    const other = `${host}/official/good:v1@${setting.bad.digest}`;
    const refused = await create('swapped', containers(other));
    expect([refused.status, refused.json.message]).toEqual([
      403,
      expect.stringContaining('manifest unknown'),
    ]);
    const byDigest = await create('by-digest', containers(`${host}/official/good@${setting.good.digest}`));
    expect(byDigest.json.spec.containers[0]!.image).toBe(`${host}/official/good@${setting.good.digest}`);
  });

  it('webhook bypass: lets no label of a namespace or a pod opt out', async () => {
    const labels = Object.fromEntries(
      ['wharfinger', 'admission', 'policy.sigstore.dev/exclude', 'admission.wharfinger/ignore'].map((key) => [
        key,
        'ignore',
      ]),
    );
    await setting.kube.call('POST', '/api/v1/namespaces', { metadata: { name: 'labelled', labels } });
    const metadata = { name: 'labelled', labels, annotations: labels };
    const object = { ...objectOf(pods!, 'labelled', containers(bad)), metadata };
    expect((await setting.kube.call('POST', pathOf(pods!, 'labelled'), object)).status).toBe(403);
  });

  it.each(kinds.filter(({ scales }) => scales))(
    'scales and deletes a $kind that was there before and would not be admitted',
    async (kind) => {
      const { kube } = setting;
      const path = `${pathOf(kind)}/${beforehand}`;
      const scale = (replicas: number) =>
        kube.call('PATCH', `${path}/scale`, { spec: { replicas } }, patchTypes.merge);
      expect((await scale(5)).json.spec.replicas).toBe(5);
      expect((await scale(0)).status).toBe(200);
      const status = { status: { conditions: [] } };
      expect((await kube.call('PATCH', `${path}/status`, status, patchTypes.merge)).status).toBe(200);
      expect((await kube.call('DELETE', path)).status).toBe(200);
    },
  );

  it('lets go of what would not be admitted and waits for a finalizer', async () => {
    const { kube } = setting;
    const path = `${pathOf(pods!)}/${beforehand}`;
    const finalizers = { metadata: { finalizers: ['example.com/wait'] } };
    expect((await kube.call('PATCH', path, finalizers, patchTypes.merge)).status).toBe(200);
    expect((await kube.call('DELETE', path)).status).toBe(200);
    const none = { metadata: { finalizers: null } };
    expect((await kube.call('PATCH', path, none, patchTypes.merge)).status).toBe(200);
    expect((await kube.call('GET', path)).status).toBe(404);
  });

  it('admits 500 pods at once with few look-ups', async () => {
    const { webhook } = setting;
    const before = await webhook.metric('wharfinger_admission_lookups_total');
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, index) => create(`burst-${index}`, containers(good))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(500);
    expect(answers.every(({ json }) => json.spec.containers[0]!.image === pinned)).toBe(true);
    // a tag counts for two seconds: one look-up for each, and those that were due
    expect((await webhook.metric('wharfinger_admission_lookups_total')) - before).toBeLessThan(250);
  });
});
