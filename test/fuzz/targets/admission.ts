import { digestOf } from '@wharfinger/lib/oci/digest';
import { admit } from '../../../server/src/admission/admit.ts';
import { knownPodTemplates } from '../../../server/src/admission/pod-templates.ts';
import { formatReview, parseReview } from '../../../server/src/admission/review.ts';
import type { Decide } from '../../../server/src/admission/decide.ts';
import type { Claims, Target } from '../target.ts';

const digest = digestOf('an image');
const good = `registry.example/team/app@${digest}`;
const container = (name: string, image: string) => ({ name, image, env: [{ name: 'A', value: 'b' }] });
const bad = 'registry.example/team/evil:1';
const spec = {
  initContainers: [container('init', good)],
  containers: [container('app', bad), container('side', good)],
  ephemeralContainers: [container('debug', good)],
  volumes: [
    { name: 'data', image: { reference: good, pullPolicy: 'Always' } },
    { name: 'tmp', emptyDir: {} },
  ],
};

function review(
  kind: { group: string; kind: string },
  object: unknown,
  operation = 'CREATE',
  oldObject?: unknown,
): Buffer {
  return Buffer.from(
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
        kind: { version: 'v1', ...kind },
        namespace: 'default',
        name: 'a',
        operation,
        userInfo: { username: 'u' },
        object,
        oldObject,
      },
    }),
  );
}

const reviews = [
  review({ group: '', kind: 'Pod' }, { metadata: { name: 'a' }, spec }),
  review({ group: 'apps', kind: 'Deployment' }, { spec: { template: { spec } } }, 'UPDATE', {
    spec: { template: { spec: { ...spec, containers: [container('app', good)] } } },
  }),
  review({ group: 'batch', kind: 'CronJob' }, { spec: { jobTemplate: { spec: { template: { spec } } } } }),
];

/** Whatever is not exactly the one image that passes is refused. */
const decide: Decide = async (image) => ({
  digest,
  outcome: image === good ? 'allow' : 'deny',
  reasons: image === good ? [] : ['it does not pass'],
  warnings: [],
  judgedBy: 'one',
});
const parts = {
  decide,
  podTemplates: knownPodTemplates,
  exemptNamespaces: new Set<string>(),
  budget: 2000,
  elapsed: () => performance.now(),
};

/** Says so where an answer lets in a container whose image does not pass. */
async function read(bytes: Uint8Array): Promise<Claims | undefined> {
  const asked = parseReview(bytes);
  for (const phase of ['mutate', 'validate'] as const) {
    const answer = await admit(asked, phase, parts);
    JSON.stringify(formatReview(asked.uid, answer));
    const brings = ['CREATE', 'UPDATE'].includes(asked.operation) && asked.subResource === '';
    const known =
      asked.operation === 'UPDATE' && JSON.stringify(asked.oldObject ?? null).includes(JSON.stringify(bad));
    if (answer.allowed && brings && !known && imagesAt(asked.kind, asked.object).includes(bad))
      return [answer];
  }
  return undefined;
}

/** Images of the containers of an object of this kind, as Kubernetes finds them. */
function imagesAt(kind: { readonly group: string; readonly kind: string }, object: unknown): unknown[] {
  const path =
    knownPodTemplates.find((one) => one.group === kind.group && one.kind === kind.kind)?.path ?? '';
  let at: unknown = object;
  for (const field of path.split('.')) at = (at as Record<string, unknown> | null | undefined)?.[field];
  const { containers } = (at ?? {}) as { containers?: unknown };
  return Array.isArray(containers) ? containers.map((one) => (one as { image?: unknown } | null)?.image) : [];
}

/** What the API server of Kubernetes asks. */
export const admissionTargets: readonly Target[] = [
  { name: 'AdmissionReview', refuses: ['REVIEW_INVALID'], genuine: reviews, read },
];
