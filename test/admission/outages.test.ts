import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';
import { patchTypes } from './api-server.ts';
import { kinds, objectOf, pathOf } from './kinds.ts';
import { beforehand, openSetting, type Setting } from './setting.ts';
import { makeCertificates } from './webhook-process.ts';

const [pods] = kinds;
const deployments = kinds.find(({ kind }) => kind === 'Deployment')!;

describe.skipIf(lacksTools(['cosign3', 'etcd', 'kube-apiserver']))(
  'webhook outage: admission while something is down',
  () => {
    let setting: Setting;
    let good: string;
    beforeAll(async () => {
      setting = await openSetting({ config: { keep: '1s' } });
      good = `${setting.trust.product.host}/official/good:v1`;
    });
    afterAll(() => setting[Symbol.asyncDispose]());

    const create = (name: string) =>
      setting.kube.call(
        'POST',
        pathOf(pods!),
        objectOf(pods!, name, { containers: [{ name: 'main', image: good }] }),
      );
    const change = (path: string, body: object) => setting.kube.call('PATCH', path, body, patchTypes.merge);

    it('takes a new certificate without a restart', async () => {
      const { webhook } = setting;
      const serial = async (): Promise<string> => {
        const { hostname, port } = new URL(webhook.url);
        const ca = readFileSync(join(webhook.folder, 'ca.crt'));
        const socket = connect({ host: hostname, port: Number(port), ca, rejectUnauthorized: false });
        await once(socket, 'secureConnect');
        const found = socket.authorized ? socket.getPeerCertificate().serialNumber : '';
        socket.destroy();
        return found;
      };
      const before = await serial();
      expect(before).not.toBe('');
      const old = ['ca.crt', 'tls.crt', 'tls.key'].map((name) => readFileSync(join(webhook.folder, name)));
      await makeCertificates(webhook.folder);
      const after = await until(
        async () => (await serial()) || undefined,
        'the new certificate to be in force',
      );
      expect(after).not.toBe(before);
      for (const [at, name] of ['ca.crt', 'tls.crt', 'tls.key'].entries()) {
        writeFileSync(join(webhook.folder, name), old[at]!);
      }
      await until(
        async () => ((await serial()) === before ? true : undefined),
        'the old certificate to be in force',
      );
      expect((await create('after-renewal')).status).toBe(201);
    });

    it('creates nothing while the webhook is down, and still deletes and scales', async () => {
      const { kube, webhook } = setting;
      expect((await create('before')).status).toBe(201);
      await webhook.stop();
      try {
        const refused = await create('meanwhile');
        expect(refused.status).toBeGreaterThanOrEqual(500);
        expect(refused.json.message).toContain('failed calling webhook');
        expect((await kube.call('DELETE', `${pathOf(pods!)}/before`)).status).toBe(200);
        const scale = { spec: { replicas: 0 } };
        expect((await change(`${pathOf(deployments)}/${beforehand}/scale`, scale)).status).toBe(200);
        expect((await kube.call('DELETE', `${pathOf(deployments)}/${beforehand}`)).status).toBe(200);
      } finally {
        await webhook.start();
      }
      expect((await create('again')).status).toBe(201);
    });

    it('creates nothing while the registry is down, says so, and still changes what brings no image', async () => {
      const { trust, kube } = setting;
      expect((await create('kept')).status).toBe(201);
      await trust.product.kill();
      // what was decided a moment ago counts for its second and no longer
      const refused = await until(async () => {
        const answer = await create(`without-registry-${Math.random().toString(36).slice(2)}`);
        return answer.status === 201 ? undefined : answer;
      }, 'what is remembered to end');
      expect(refused.status).toBe(403);
      expect(refused.json.message).toMatch(/container main .*the other registry failed/);
      expect((await change(`${pathOf(pods!)}/kept`, { metadata: { labels: { a: 'b' } } })).status).toBe(200);
      expect((await kube.call('DELETE', `${pathOf(pods!)}/kept`)).status).toBe(200);
    });
  },
);
