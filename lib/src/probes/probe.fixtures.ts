import { probeLabel } from './declaration.ts';

const text = { type: 'string' };

/** The schema of what probes of tests find. */
export const findingsSchema = {
  type: 'object',
  required: ['findings'],
  properties: {
    findings: {
      type: 'array',
      maxItems: 1000,
      items: {
        type: 'object',
        required: ['rule', 'severity'],
        properties: {
          rule: text,
          severity: { type: 'string', enum: ['low', 'medium', 'high', 'critical'] },
          path: text,
          message: text,
          line: { type: 'integer' },
        },
      },
    },
  },
};

/** A declaration as an image carries it, with anything else in it. */
export function probeDeclaration(more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    name: 'secrets',
    version: '1.0.0',
    description: 'finds what must stay secret',
    schema: findingsSchema,
    ...more,
  };
}

/** The configuration of an image with this declaration: a text as it is, a document as JSON, undefined: none. */
export function probeConfig(declaration: unknown, config: object = {}): Buffer {
  const label = typeof declaration === 'string' ? declaration : JSON.stringify(declaration);
  return Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {
        Entrypoint: ['/probe'],
        Labels: declaration === undefined ? {} : { [probeLabel]: label },
        ...config,
      },
      rootfs: { type: 'layers', diff_ids: [] },
    }),
  );
}
