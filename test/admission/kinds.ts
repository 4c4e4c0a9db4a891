import type { PodSpec } from './api-server.ts';

interface Template {
  readonly metadata: object;
  readonly spec: object;
}

/** A kind of Kubernetes that holds a pod specification. */
export interface Kind {
  readonly kind: string;
  readonly version: string;
  /** last part of its path */
  readonly resource: string;
  /** fields to the pod specification */
  readonly path: readonly string[];
  /** what it needs besides the pod specification */
  readonly fields: (template: Template) => object;
  /** has a scale subresource */
  readonly scales: boolean;
}

const selector = { matchLabels: { app: 'a' } };
const template = ['spec', 'template', 'spec'];

export const kinds: readonly Kind[] = [
  kind('Pod', 'v1', 'pods', ['spec'], (pod) => pod),
  kind('PodTemplate', 'v1', 'podtemplates', ['template', 'spec'], (pod) => ({ template: pod })),
  kind('ReplicationController', 'v1', 'replicationcontrollers', template, (pod) => ({
    spec: { replicas: 3, selector: { app: 'a' }, template: pod },
  })),
  ...(['Deployment', 'ReplicaSet', 'StatefulSet'] as const).map((name) =>
    kind(name, 'apps/v1', `${name.toLowerCase()}s`, template, (pod) => ({
      spec: { replicas: 3, selector, template: pod, ...(name === 'StatefulSet' ? { serviceName: 'a' } : {}) },
    })),
  ),
  kind('DaemonSet', 'apps/v1', 'daemonsets', template, (pod) => ({ spec: { selector, template: pod } })),
  kind('Job', 'batch/v1', 'jobs', template, (pod) => ({ spec: { template: once(pod) } })),
  kind('CronJob', 'batch/v1', 'cronjobs', ['spec', 'jobTemplate', 'spec', 'template', 'spec'], (pod) => ({
    spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: once(pod) } } },
  })),
];

/** Where the objects of a kind are in a namespace. */
export function pathOf({ version, resource }: Kind, namespace = 'default'): string {
  return `/${version === 'v1' ? 'api' : 'apis'}/${version}/namespaces/${namespace}/${resource}`;
}

/** An object of the kind with this pod specification. */
export function objectOf(of: Kind, name: string, spec: object): object {
  const { kind: kindName, version, fields } = of;
  const metadata = { labels: { app: 'a' } };
  const whole = { apiVersion: version, kind: kindName, metadata: { name } };
  if (kindName === 'Pod') return { ...whole, metadata: { ...metadata, name }, spec };
  return { ...whole, ...fields({ metadata, spec }) };
}

/** The pod specification in an object that was stored. */
export function podSpecOf(of: Kind, object: object): PodSpec {
  return of.path.reduce<unknown>(
    (inner, field) => (inner as Readonly<Record<string, unknown>>)[field],
    object,
  ) as PodSpec;
}

/** A merge patch of the pod specification. */
export function patchOf(of: Kind, spec: object): object {
  return of.path.reduceRight<object>((inner, field) => ({ [field]: inner }), spec);
}

function kind(
  name: string,
  version: string,
  resource: string,
  path: readonly string[],
  fields: Kind['fields'],
): Kind {
  const scales = ['Deployment', 'ReplicaSet', 'StatefulSet', 'ReplicationController'].includes(name);
  return { kind: name, version, resource, path, fields, scales };
}

/** Jobs demand that their pods are not started again. */
function once(pod: Template): object {
  return { ...pod, spec: { ...pod.spec, restartPolicy: 'Never' } };
}
