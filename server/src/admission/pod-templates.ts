import { z } from 'zod';

const name = /^[A-Za-z][A-Za-z0-9]*$/;

/** A kind whose objects hold a pod specification, and where. */
export const podTemplateSchema = z.strictObject({
  /** API group; empty for the core group */
  group: z.string().max(253),
  kind: z.string().regex(name, 'write the kind as in YAML, such as Service'),
  /** names of fields from the top to the pod specification, such as spec.template.spec */
  path: z
    .string()
    .regex(
      /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/,
      'write fields with dots between, such as spec.template.spec',
    ),
});

export type PodTemplate = z.infer<typeof podTemplateSchema>;

const template = 'spec.template.spec';

/** Every kind of Kubernetes itself (1.36) that holds a pod specification. */
export const knownPodTemplates: readonly PodTemplate[] = [
  { group: '', kind: 'Pod', path: 'spec' },
  { group: '', kind: 'PodTemplate', path: 'template.spec' },
  { group: '', kind: 'ReplicationController', path: template },
  { group: 'apps', kind: 'Deployment', path: template },
  { group: 'apps', kind: 'ReplicaSet', path: template },
  { group: 'apps', kind: 'StatefulSet', path: template },
  { group: 'apps', kind: 'DaemonSet', path: template },
  { group: 'batch', kind: 'Job', path: template },
  { group: 'batch', kind: 'CronJob', path: 'spec.jobTemplate.spec.template.spec' },
];
