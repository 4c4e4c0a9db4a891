import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../harness/registry-client.ts';
import {
  openSetting as openTrust,
  publish,
  type Published,
  type Setting as Trust,
} from '../trust/setting.ts';
import { kinds, objectOf, pathOf } from './kinds.ts';
import { startApiServer, type ApiServer } from './api-server.ts';
import { startWebhook, type Webhook } from './webhook-process.ts';

/** The registry with a signed and an unsigned image, a Kubernetes API server, and the webhook that it asks. */
export interface Setting extends AsyncDisposable {
  readonly trust: Trust;
  readonly kube: ApiServer;
  readonly webhook: Webhook;
  /** passes: signed by a trusted key */
  readonly good: Published;
  /** is held: nobody signed it */
  readonly bad: Published;
}

/** Name of an object of each kind that was there before the webhook, with the image that does not pass. */
export const beforehand = 'beforehand';

const rules = [
  rule('', ['pods', 'pods/ephemeralcontainers', 'replicationcontrollers', 'podtemplates']),
  rule('apps', ['deployments', 'replicasets', 'statefulsets', 'daemonsets']),
  rule('batch', ['jobs', 'cronjobs']),
];

export async function openSetting(options: { config?: object } = {}): Promise<Setting> {
  const trust = await openTrust(['p256']);
  const good = await publish(trust, 'official/good');
  await sign(trust, good);
  const bad = await publish(trust, 'official/bad');
  const { product, folder } = trust;
  const [kube, webhook] = await Promise.all([
    startApiServer(join(folder, 'kube')),
    startWebhook(join(folder, 'admission'), {
      registries: [
        {
          hosts: [product.host],
          server: product.url,
          credentials: { username: 'reader', passwordFile: writeSecret(folder) },
        },
      ],
      // what is refused is refused for its reason, however busy the machine is
      budget: '25s',
      ...options.config,
    }),
  ]);
  for (const kind of kinds) {
    const spec = { containers: [{ name: 'main', image: `${product.host}/official/bad:v1` }] };
    const { status, json } = await kube.call('POST', pathOf(kind), objectOf(kind, beforehand, spec));
    if (status !== 201) throw new Error(JSON.stringify(json));
  }
  await installWebhook(kube, webhook);
  return {
    trust,
    kube,
    webhook,
    good,
    bad,
    async [Symbol.asyncDispose]() {
      await webhook.stop();
      await kube[Symbol.asyncDispose]();
      await trust[Symbol.asyncDispose]();
    },
  };
}

/** The password of the user as whom the webhook asks, in a file. */
function writeSecret(folder: string): string {
  const file = join(folder, 'reader-password');
  writeFileSync(file, 'reader-and-no-other\n', { mode: 0o600 });
  return file;
}

/** Has a trusted key sign, and waits until the server knows. */
export async function sign(trust: Trust, image: Published): Promise<void> {
  await trust.signer('p256').sign('cosign3', image.reference);
  await until(async () => {
    const { json } = await trust.as.reader.api<{ verdict: { outcome: string } }>('verdict', {
      repository: image.repository,
      reference: image.digest,
    });
    return ['allow', 'warn'].includes(json.verdict.outcome) ? true : undefined;
  }, 'the signature to count');
}

/** Puts both webhook configurations in force and waits until they are. */
async function installWebhook(kube: ApiServer, webhook: Webhook, failurePolicy = 'Fail'): Promise<void> {
  for (const [kind, phase] of [
    ['Mutating', 'mutate'],
    ['Validating', 'validate'],
  ] as const) {
    const path = `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`;
    const created = await kube.call('POST', path, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: `${kind}WebhookConfiguration`,
      metadata: { name: 'wharfinger' },
      webhooks: [
        {
          name: `${phase}.admission.wharfinger.invalid`,
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy,
          timeoutSeconds: 30,
          matchPolicy: 'Equivalent',
          clientConfig: { url: `${webhook.url}/${phase}`, caBundle: webhook.caBundle },
          rules,
        },
      ],
    });
    if (created.status !== 201) throw new Error(JSON.stringify(created.json));
  }
  await until(async () => {
    const probe = await kube.call('POST', '/api/v1/namespaces/default/pods?dryRun=All', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'probe' },
      spec: { containers: [{ name: 'a', image: 'unlisted.example/probe:1' }] },
    });
    // the API server learns of each by itself: the other one refuses too, and writes no digests
    return probe.status === 403 && probe.json.message.includes('"mutate.') ? true : undefined;
  }, 'the webhook to be in force');
}

function rule(group: string, resources: readonly string[]): object {
  return {
    apiGroups: [group],
    apiVersions: ['v1'],
    operations: ['CREATE', 'UPDATE'],
    resources,
    scope: 'Namespaced',
  };
}
