import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { attempt, run } from '../harness/command.ts';
import { until } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';
import { patchTypes, startApiServer, type ApiServer } from './api-server.ts';
import { kinds, objectOf, pathOf } from './kinds.ts';
import { startWebhook } from './webhook-process.ts';

const chart = join(import.meta.dirname, '../../deploy/helm/wharfinger-admission');
const manifests = join(import.meta.dirname, '../../deploy/manifests/admission.yaml');
const [pods] = kinds;

/** An object of the chart, as far as tests look into it. */
interface Rendered {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly webhooks?: ReadonlyArray<{ readonly clientConfig: { readonly caBundle: string } }>;
  readonly spec?: unknown;
}

const enough = {
  image: `registry.example.com/wharfinger@sha256:${'a'.repeat(64)}`,
  registries: [{ hosts: ['registry.example.com'], server: 'https://registry.example.com' }],
};

describe.skipIf(lacksTools(['helm', 'etcd', 'kube-apiserver']))('the Helm chart', () => {
  let folder: string;
  let kube: ApiServer;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'chart-'));
    kube = await startApiServer(join(folder, 'kube'));
  });
  afterEach(async () => {
    for (const kind of ['mutating', 'validating']) {
      await kube.call('DELETE', `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`);
    }
    await until(
      async () => ((await create('default', 'probe', '?dryRun=All')).status === 201 ? true : undefined),
      'the webhooks to be out of force',
    );
  });
  afterAll(async () => {
    await kube[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const render = (values: object, namespace: string): Promise<string> => {
    writeFileSync(join(folder, 'values.yaml'), stringify(values));
    const options = [
      '--kube-version',
      '1.36.3',
      '--namespace',
      namespace,
      '--values',
      join(folder, 'values.yaml'),
    ];
    return run(['helm', 'template', 'wharfinger-admission', chart, ...options], { env: { HOME: folder } });
  };
  const objectsOf = (text: string): Rendered[] =>
    parseAllDocuments(text).flatMap((document) => (document.toJS() as Rendered | null) ?? []);

  /** Creates everything, as strictly as the API server can look. */
  async function install(objects: readonly Rendered[], namespace: string): Promise<void> {
    await kube.call('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    for (const object of objects) {
      const { status, json } = await kube.call('POST', `${placeOf(object)}?fieldValidation=Strict`, object);
      expect([object.kind, status, json.message]).toEqual([object.kind, 201, undefined]);
    }
  }

  const create = (namespace: string, name: string, query = '') =>
    kube.call(
      'POST',
      `${pathOf(pods!, namespace)}${query}`,
      objectOf(pods!, name, { containers: [{ name: 'main', image: 'x.example/x:1' }] }),
    );

  it('renders objects that the API server takes, and that hold what they promise', async () => {
    const objects = objectsOf(await render(enough, 'guard'));
    expect(objects.map(({ kind }) => kind).toSorted()).toEqual([
      'ConfigMap',
      'Deployment',
      'MutatingWebhookConfiguration',
      'PodDisruptionBudget',
      'Secret',
      'Service',
      'ServiceAccount',
      'ValidatingWebhookConfiguration',
    ]);
    const secret = objects.find(({ kind }) => kind === 'Secret')!.data!;
    const pem = (name: string): string => Buffer.from(secret[name]!, 'base64').toString();
    const certificate = new X509Certificate(pem('tls.crt'));
    expect(certificate.checkHost('wharfinger-admission.guard.svc')).toBe('wharfinger-admission.guard.svc');
    expect(certificate.checkPrivateKey(createPrivateKey(pem('tls.key')))).toBe(true);
    for (const { webhooks } of objects.filter(({ kind }) => kind.endsWith('WebhookConfiguration'))) {
      const authority = Buffer.from(webhooks![0]!.clientConfig.caBundle, 'base64').toString();
      expect(certificate.verify(new X509Certificate(authority).publicKey)).toBe(true);
    }
    await install(objects, 'guard');
  });

  it('is in force everywhere but in its own namespace, whatever the labels of namespaces say', async () => {
    await install(objectsOf(await render(enough, 'guarding')), 'guarding');
    await kube.call('POST', '/api/v1/namespaces', { metadata: { name: 'team' } });
    // the API server learns of each by itself: where both are in force, it asks the one first that changes objects
    const failed = 'failed calling webhook "mutate.wharfinger-admission.guarding.svc"';
    await until(async () => {
      const { status, json } = await create('team', `a-${Math.random().toString(36).slice(2)}`);
      return status !== 201 && json.message.includes(failed) ? true : undefined;
    }, 'the webhooks to be in force');
    expect((await create('guarding', 'own')).status).toBe(201);
    const label = { metadata: { labels: { 'kubernetes.io/metadata.name': 'guarding' } } };
    await kube.call('PATCH', '/api/v1/namespaces/team', label, patchTypes.merge);
    expect((await create('team', 'labelled')).status).toBe(500);
  });

  it('renders every option into objects that the API server takes, and a configuration that starts', async () => {
    const values = {
      ...enough,
      replicas: 3,
      registries: [
        {
          hosts: ['registry.example.com', 'mirror.example.com:5000'],
          server: 'https://registry.example.com',
        },
      ],
      platforms: ['linux/amd64', 'linux/arm64'],
      exemptNamespaces: ['kube-system'],
      podTemplates: [
        {
          group: 'serving.knative.dev',
          version: 'v1',
          resource: 'services',
          kind: 'Service',
          path: 'spec.template.spec',
        },
      ],
      registryCredentials: 'login',
      judgementSecret: 'judgement',
      registryAuthorities: 'authorities',
      imagePullSecrets: ['pull'],
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }],
      tls: { mode: 'secret', secret: 'my-tls', caBundle: authorityPem() },
    };
    const objects = objectsOf(await render(values, 'full'));
    await install(objects, 'full');
    const text = objects.find(({ kind }) => kind === 'ConfigMap')!.data!['admission.yaml']!;
    const { listen: _, tls: __, ...config } = parse(text) as Record<string, unknown>;
    expect(config['exemptNamespaces']).toEqual(['full', 'kube-system']);
    const webhook = await startWebhook(join(folder, 'webhook'), config);
    await webhook[Symbol.asyncDispose]();
  });

  it('leaves certificates to cert-manager where it is told to', async () => {
    const text = await render({ ...enough, tls: { mode: 'certManager' } }, 'guard');
    const objects = objectsOf(text);
    expect(objects.some(({ kind }) => kind === 'Secret')).toBe(false);
    expect(objects.find(({ kind }) => kind === 'Certificate')?.spec).toEqual({
      secretName: 'wharfinger-admission-tls',
      dnsNames: ['wharfinger-admission.guard.svc', 'wharfinger-admission.guard.svc.cluster.local'],
      issuerRef: { name: 'wharfinger-admission', kind: 'Issuer' },
    });
    expect(text.match(/cert-manager\.io\/inject-ca-from: guard\/wharfinger-admission/g)).toHaveLength(2);
    expect(text).not.toContain('caBundle');
  });

  it('is installed by helm, and keeps its certificate when it is upgraded', async () => {
    const config = join(folder, 'kubeconfig');
    writeFileSync(config, stringify(kube.kubeconfig));
    const helm = (...args: string[]): Promise<string> =>
      run(
        [
          'helm',
          ...args,
          'installed',
          chart,
          '--namespace',
          'installed',
          '--values',
          join(folder, 'values.yaml'),
        ],
        {
          env: { HOME: folder, KUBECONFIG: config },
        },
      );
    const certificate = async (): Promise<unknown> =>
      (await kube.call('GET', '/api/v1/namespaces/installed/secrets/installed-tls')).json;
    writeFileSync(join(folder, 'values.yaml'), stringify(enough));
    await helm('install', '--create-namespace');
    const before = await certificate();
    expect(before).toMatchObject({ data: { 'tls.crt': expect.any(String), 'ca.crt': expect.any(String) } });
    await helm('upgrade', '--set', 'replicas=4');
    expect(await certificate()).toMatchObject({ data: (before as { data: object }).data });
    const deployment = await kube.call('GET', '/apis/apps/v1/namespaces/installed/deployments/installed');
    expect(deployment.json.spec.replicas).toBe(4);
  });

  it.each([
    ['no image', { ...enough, image: '' }, 'guard', 'name the image with the wharf command'],
    ['no registry', { ...enough, registries: [] }, 'guard', 'say who judges the images'],
    ['the default namespace', enough, 'default', 'a namespace of its own'],
    ['an unknown way of certificates', { ...enough, tls: { mode: 'none' } }, 'guard', 'tls.mode is'],
  ])('refuses %s', async (_, values, namespace, reason) => {
    writeFileSync(join(folder, 'values.yaml'), stringify(values));
    const options = [
      '--kube-version',
      '1.36.3',
      '--namespace',
      namespace,
      '--values',
      join(folder, 'values.yaml'),
    ];
    const { code, stderr } = await attempt(['helm', 'template', 'x', chart, ...options], {
      env: { HOME: folder },
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining(reason)]);
  });

  it('gives the plain manifests, which the API server takes once their three words are filled in', async () => {
    const text = await render(
      {
        image: 'WHARF_IMAGE',
        registries: [{ hosts: ['REGISTRY_HOST'], server: 'https://REGISTRY_HOST' }],
        tls: { mode: 'secret', secret: 'wharfinger-admission-tls', caBundle: 'CA_BUNDLE' },
      },
      'wharfinger-admission',
    );
    const plain = text
      .replaceAll(Buffer.from('CA_BUNDLE').toString('base64'), 'CA_BUNDLE')
      .replaceAll(/^ +(?:helm\.sh\/chart|app\.kubernetes\.io\/managed-by|# Source): .*\n/gm, '')
      .replaceAll(/^# Source: .*\n/gm, '');
    await expect(plain).toMatchFileSnapshot(manifests);
    const filled = plain
      .replaceAll('WHARF_IMAGE', enough.image)
      .replaceAll('REGISTRY_HOST', 'registry.example.com')
      .replaceAll('CA_BUNDLE', Buffer.from(authorityPem()).toString('base64'));
    await install(objectsOf(filled), 'wharfinger-admission');
  });

  /** The certificate of the API server signs for itself, and is as good an authority as any. */
  function authorityPem(): string {
    const text = readFileSync(join(folder, 'kube/certs/apiserver.crt'), 'utf8');
    return `${text.trimEnd().split('-----END CERTIFICATE-----').at(-2)!.trim()}\n-----END CERTIFICATE-----\n`;
  }
});

function placeOf({ kind, apiVersion, metadata: { namespace } }: Rendered): string {
  const plural = kind === 'Certificate' ? 'certificates' : `${kind.toLowerCase()}s`;
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return namespace === undefined ? `${group}/${plural}` : `${group}/namespaces/${namespace}/${plural}`;
}
