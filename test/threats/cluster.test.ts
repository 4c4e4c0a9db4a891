import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { patchTypes } from '../admission/api-server.ts';
import { kinds, objectOf, pathOf } from '../admission/kinds.ts';
import { beforehand, openSetting, sign, type Setting } from '../admission/setting.ts';
import { until } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';
import { publish } from '../trust/setting.ts';

const [pods] = kinds;
const deployments = kinds.find(({ kind }) => kind === 'Deployment')!;

describe.skipIf(lacksTools(['cosign3', 'etcd', 'kube-apiserver']))('a cluster, attacked', () => {
  let setting: Setting;
  let good: string;
  let bad: string;
  beforeAll(async () => {
    setting = await openSetting({ config: { keep: '1s' } });
    const { host } = setting.trust.product;
    good = `${host}/official/good:v1`;
    bad = `${host}/official/bad:v1`;
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  let count = 0;
  const create = (spec: object, { name = `pod-${(count += 1)}`, namespace = 'default' } = {}) =>
    setting.kube.call('POST', pathOf(pods!, namespace), objectOf(pods!, name, spec));
  const containers = (image: string) => ({ containers: [{ name: 'main', image }] });

  test('tag moves between check and pull', async () => {
    const { trust } = setting;
    const checked = await publish(trust, 'official/moving');
    await sign(trust, checked);
    const tag = `${trust.product.host}/official/moving:v1`;
    const stored = await create(containers(tag));
    expect([stored.status, stored.json.spec.containers[0]!.image]).toEqual([201, `${tag}@${checked.digest}`]);

    const evil = await publish(trust, 'official/moving');
    const refused = await until(async () => {
      const answer = await create(containers(tag));
      return answer.status === 201 ? undefined : answer;
    }, 'the tag to be looked up again');
    expect([refused.status, refused.json.message]).toEqual([403, expect.stringContaining('(signed)')]);
    // what was admitted is pulled by its digest, which is still what was checked; the tag alone is not served any more
    const get = (reference: string) =>
      trust.as.reader.send('GET', `/v2/official/moving/manifests/${reference}`);
    expect(await get(checked.digest)).toMatchObject({ status: 200, body: checked.image.manifest });
    expect((await get('v1')).status).toBe(403);
    const swapped = await create(containers(`${tag}@${evil.digest}`));
    expect([swapped.status, swapped.json.message]).toEqual([403, expect.stringContaining('(signed)')]);
  });

  test('webhook bypass: namespace label edit, failurePolicy Ignore, ephemeralcontainers, image volumes', async () => {
    const { kube, trust } = setting;
    const host = (await create(containers(good), { name: 'host' })).json;
    expect(host.spec.containers[0]!.image).toBe(`${good}@${setting.good.digest}`);
    expect((await create(containers(bad))).status).toBe(403);

    const labels = { 'admission.wharfinger/ignore': 'true', 'policy.sigstore.dev/exclude': 'true' };
    await kube.call('POST', '/api/v1/namespaces', { metadata: { name: 'labelled', labels } });
    expect((await create(containers(good), { namespace: 'labelled' })).status).toBe(201);
    expect((await create(containers(bad), { namespace: 'labelled' })).status).toBe(403);

    const attach = (name: string, image: string) =>
      kube.call(
        'PATCH',
        `${pathOf(pods!)}/host/ephemeralcontainers`,
        { spec: { ephemeralContainers: [{ name, image }] } },
        patchTypes.strategic,
      );
    expect((await attach('tool', good)).status).toBe(200);
    const shell = await attach('shell', bad);
    expect([shell.status, shell.json.message]).toEqual([
      403,
      expect.stringContaining('ephemeral container shell'),
    ]);

    const volume = (reference: string) =>
      create({
        ...containers(good),
        volumes: [{ name: 'data', image: { reference, pullPolicy: 'Always' } }],
      });
    expect((await volume(good)).status).toBe(201);
    const data = await volume(bad);
    expect([data.status, data.json.message]).toEqual([403, expect.stringContaining('image volume data')]);

    // with failurePolicy Ignore nothing is refused while the webhook is down: the configurations that are shipped say Fail,
    // and where the cluster was told to pass, the registry still does not serve
    const pulled = await trust.as.reader.send('GET', '/v2/official/bad/manifests/v1');
    expect([pulled.status, pulled.code]).toEqual([403, 'DENIED']);
    for (const kind of ['mutating', 'validating']) {
      const path = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/wharfinger`;
      const { json } = await kube.call('GET', path);
      expect(JSON.stringify(json)).toContain('"failurePolicy":"Fail"');
    }
  });

  test('webhook outage wedges the cluster', async () => {
    const { kube, webhook, trust } = setting;
    const scale = (replicas: number) =>
      kube.call(
        'PATCH',
        `${pathOf(deployments)}/${beforehand}/scale`,
        { spec: { replicas } },
        patchTypes.merge,
      );
    expect((await create(containers(good), { name: 'running' })).status).toBe(201);
    expect((await scale(2)).status).toBe(200);

    await webhook.stop();
    try {
      const refused = await create(containers(good));
      expect([refused.status >= 500, refused.json.message]).toEqual([
        true,
        expect.stringContaining('failed calling webhook'),
      ]);
      expect((await scale(0)).status).toBe(200);
      expect((await kube.call('DELETE', `${pathOf(pods!)}/running`)).status).toBe(200);
    } finally {
      await webhook.start();
    }
    // 200 at once with one registry behind: few look-ups, and all are answered
    const before = await webhook.metric('wharfinger_admission_lookups_total');
    const began = Date.now();
    const answers = await Promise.all(Array.from({ length: 200 }, () => create(containers(good))));
    expect(answers.filter(({ status }) => status !== 201)).toEqual([]);
    // each second of it all is looked up again, for what is remembered ends
    const most = 40 + (4 * (Date.now() - began)) / 1000;
    expect((await webhook.metric('wharfinger_admission_lookups_total')) - before).toBeLessThan(most);

    await trust.product.kill();
    const unknown = await until(async () => {
      const answer = await create(containers(good));
      return answer.status === 201 ? undefined : answer;
    }, 'what is remembered to end');
    expect([unknown.status, unknown.json.message]).toEqual([
      403,
      expect.stringContaining('the other registry failed'),
    ]);
    expect((await kube.call('DELETE', `${pathOf(deployments)}/${beforehand}`)).status).toBe(200);
  });
});
